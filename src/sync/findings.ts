import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

/** One thing that was looked at on an account. Kept as the last look left it. */
export type NewFinding = {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
  readonly expiresAt?: string;
};

const Changed = z.object({ name: z.string(), ok: z.boolean() });

/**
 * Replaces what is known of the account. Returns what changed: newly failing (`ok: false`), and mended. What was never
 * looked at before counts as having been fine.
 */
export const keepFindings = async (
  on: Queryable,
  kept: { readonly accountId: string; readonly findings: readonly NewFinding[]; readonly now: string },
): Promise<readonly z.infer<typeof Changed>[]> => {
  // The last word counts where two checks have one name.
  const rows = [...new Map(kept.findings.map((finding) => [finding.check, finding])).values()].map((finding) => ({
    name: finding.check,
    ok: finding.ok,
    detail: finding.detail,
    fix: finding.fix ?? null,
    expires_at: finding.expiresAt ?? null,
  }));
  return query(
    on,
    Changed,
    sql`
      with given as (
        select name, ok, detail, fix, expires_at
          from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb)
               as r(name text, ok boolean, detail text, fix text, expires_at timestamptz)
      ), changed as (
        select g.name, g.ok
          from given g
          left join account_finding f on f.account_id = ${kept.accountId} and f.name = g.name
         where g.ok is distinct from coalesce(f.ok, true)
      ), gone as (
        delete from account_finding
         where account_id = ${kept.accountId} and name not in (select name from given)
      ), kept as (
        insert into account_finding as f (account_id, name, ok, detail, fix, expires_at, since, found_at)
        select ${kept.accountId}, name, ok, detail, fix, expires_at, ${kept.now}::timestamptz, ${kept.now}::timestamptz
          from given
        on conflict (account_id, name) do update
           set ok = excluded.ok, detail = excluded.detail, fix = excluded.fix, expires_at = excluded.expires_at,
               since = case when f.ok = excluded.ok then f.since else excluded.since end, found_at = excluded.found_at
      )
      select name, ok from changed order by name`,
  );
};

const Finding = z.object({
  accountId: z.string(),
  name: z.string(),
  ok: z.boolean(),
  detail: z.string(),
  fix: z.string().nullable(),
  expiresAt: z.string().nullable(),
  since: z.string(),
  foundAt: z.string(),
});
export type Finding = z.infer<typeof Finding>;

export const listFindings = (on: Queryable): Promise<readonly Finding[]> =>
  query(
    on,
    Finding,
    sql`
      select account_id as "accountId", name, ok, detail, fix, to_char(expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "expiresAt",
             to_char(since, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since, to_char(found_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "foundAt"
        from account_finding
       order by account_id, ok, name`,
  );
