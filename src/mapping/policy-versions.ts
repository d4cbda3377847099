import { z } from "zod";
import { fingerprint } from "../core/digest.ts";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../db/sql.ts";
import { type AllocationPolicy, type PolicyBook, policyVersion } from "./policy.ts";

const policiesOf = ({ policy, overrides }: PolicyBook): readonly AllocationPolicy[] => [
  policy,
  ...(overrides ?? []).map((override) => override.policy),
];

/**
 * Keeps every policy of an account under its version. True when the account was counted otherwise before: other policies,
 * overrides or locations.
 */
export const adoptPolicies = async (
  tx: Tx,
  account: PolicyBook & { readonly accountId: string; readonly locationIds: readonly string[] },
  now: string,
): Promise<boolean> => {
  const { accountId, policy, overrides = [], locationIds } = account;
  const contents = new Map(policiesOf(account).map((one) => [policyVersion(one), one]));
  const rows = [...contents].map(([version, content]) => ({ version, content }));
  await execute(
    tx,
    sql`
      insert into policy_version (version, content, first_seen_at)
      select version, content, ${now}::timestamptz
        from json_to_recordset(${JSON.stringify(rows)}::json) as p (version text, content jsonb)
      on conflict (version) do nothing`,
  );
  const mark = fingerprint({ policy, overrides, locationIds: locationIds.toSorted() });
  const before = await queryOne(
    tx,
    z.object({ fingerprint: z.string() }),
    sql`select fingerprint from policy_in_force where account_id = ${accountId} for update`,
  );
  if (before?.fingerprint === mark) return false;
  await execute(
    tx,
    sql`
      insert into policy_in_force (account_id, fingerprint, versions, since)
      values (${accountId}, ${mark}, ${[...contents.keys()]}, ${now}::timestamptz)
      on conflict (account_id) do update
         set fingerprint = excluded.fingerprint, versions = excluded.versions, since = excluded.since`,
  );
  return before !== undefined;
};

export const PolicyVersionRow = z.object({
  version: z.string(),
  content: z.json(),
  firstSeenAt: z.string(),
  /** Accounts that count by it now. */
  accountIds: z.array(z.string()),
});
export type PolicyVersionRow = z.infer<typeof PolicyVersionRow>;

/** Every policy there ever was, newest first. */
export const policyVersions = (on: Queryable): Promise<readonly PolicyVersionRow[]> =>
  query(
    on,
    PolicyVersionRow,
    sql`
      select p.version, p.content, to_char(p.first_seen_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "firstSeenAt",
             array(select f.account_id from policy_in_force f where p.version = any(f.versions) order by 1) as "accountIds"
        from policy_version p order by p.first_seen_at desc, p.version`,
  );
