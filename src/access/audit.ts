import { z } from "zod";
import type { Json } from "../core/digest.ts";
import { execute, type Queryable, query, sql } from "../db/sql.ts";

export type AuditEntry = {
  /** ISO, UTC. */
  readonly at: string;
  /** `user:<name>`, `api:<key name>`, `cli:<user>`. */
  readonly actor: string;
  /** What was asked for, as `thing.verb`. */
  readonly action: string;
  readonly subject: string;
  readonly detail: Json;
};

/** Records who did what. Write it before the act, or in its transaction: an act without an entry must not happen. */
export const writeAudit = async (on: Queryable, entry: AuditEntry): Promise<void> => {
  await execute(
    on,
    sql`
      insert into audit_entry (at, actor, action, subject, detail)
      values (${entry.at}::timestamptz, ${entry.actor}, ${entry.action}, ${entry.subject}, ${JSON.stringify(entry.detail)}::jsonb)`,
  );
};

export const AuditRow = z.object({
  id: z.number(),
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  subject: z.string(),
  detail: z.json(),
});
export type AuditRow = z.infer<typeof AuditRow>;

/** The latest entries, newest first. */
export const latestAudit = (on: Queryable, rowsMax: number): Promise<readonly AuditRow[]> =>
  query(
    on,
    AuditRow,
    sql`
      select id, to_char(at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, actor, action, subject, detail
        from audit_entry order by id desc limit ${rowsMax}`,
  );
