import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";
import type { PlanGroup } from "./plan-groups.ts";
import type { PlanSummary } from "./plan-rows.ts";

const keptDays = 7;

/**
 * Begins a plan: a line for each merchant's listing of the account that has not ended. What an earlier, unfinished one
 * had read is thrown away, and proposals that nobody applied for a week.
 */
export const beginPlan = async (
  tx: Tx,
  begun: {
    readonly accountId: string;
    readonly locationId: string;
    readonly policyVersion: string;
    readonly actor: string;
    readonly drivenBy: "command" | "job";
    readonly requestKey?: string;
    readonly now: string;
  },
): Promise<number> => {
  await execute(
    tx,
    sql`delete from plan where account_id = ${begun.accountId} and hash is null and state in ('reading', 'stopped')`,
  );
  await execute(
    tx,
    sql`
      delete from plan
       where account_id = ${begun.accountId} and state = 'proposed'
         and made_at < ${begun.now}::timestamptz - ${keptDays} * interval '1 day'`,
  );
  const [row] = await query(
    tx,
    z.object({ id: z.number() }),
    sql`
      insert into plan (account_id, state, state_at, location_id, policy_version, made_by, started_at, driven_by,
                        request_key)
      values (${begun.accountId}, 'reading', ${begun.now}::timestamptz, ${begun.locationId}, ${begun.policyVersion},
              ${begun.actor}, ${begun.now}::timestamptz, ${begun.drivenBy}, ${begun.requestKey ?? null})
      returning id`,
  );
  if (row === undefined) throw new Error("the new plan was not returned");
  await execute(
    tx,
    sql`
      insert into plan_line (plan_id, listing_id, ref, channel_sku, plan_group)
      select ${row.id}, l.id, l.ref, l.channel_sku,
             case when not exists (select 1 from listing_link k where k.listing_id = l.id) then 'unmapped' end
        from listing l
       where l.account_id = ${begun.accountId} and l.fulfilled_by = 'merchant' and l.status <> 'ended'`,
  );
  return row.id;
};

const UnreadLine = z.object({ listingId: z.number(), ref: z.string(), details: z.json() });
export type UnreadLine = z.infer<typeof UnreadLine>;

/** Linked lines that have not been read yet. */
export const linesToRead = (on: Queryable, planId: number, rowsMax: number): Promise<readonly UnreadLine[]> =>
  query(
    on,
    UnreadLine,
    sql`
      select p.listing_id as "listingId", p.ref, l.details
        from plan_line p join listing l on l.id = p.listing_id
       where p.plan_id = ${planId} and p.plan_group is null and p.read_at is null
       order by p.listing_id
       limit ${rowsMax}`,
  );

export type LineReading = {
  readonly listingId: number;
  readonly units: number | null;
  readonly reason: string | null;
};

/** The captured numbers. */
export const captureReadings = async (
  on: Queryable,
  planId: number,
  readings: readonly LineReading[],
  readAt: string,
): Promise<void> => {
  await execute(
    on,
    sql`
      update plan_line p
         set shown_units = r.units, unread_reason = r.reason, read_at = ${readAt}::timestamptz
        from json_to_recordset(${JSON.stringify(readings)}::json) as r ("listingId" bigint, units bigint, reason text)
       where p.plan_id = ${planId} and p.listing_id = r."listingId"`,
  );
};

const CapturedLine = z.object({
  listingId: z.number(),
  ref: z.string(),
  shownUnits: z.number().nullable(),
  linked: z.boolean(),
});
export type CapturedLine = z.infer<typeof CapturedLine>;

/** All lines of a plan that has been read. */
export const capturedLines = (on: Queryable, planId: number): Promise<readonly CapturedLine[]> =>
  query(
    on,
    CapturedLine,
    sql`
      select listing_id as "listingId", ref, shown_units as "shownUnits", plan_group is null as linked
        from plan_line where plan_id = ${planId} order by listing_id`,
  );

export type JudgedLine = {
  readonly listingId: number;
  readonly group: PlanGroup;
  readonly wantedUnits: number | null;
  readonly terms: unknown;
};

export const recordJudged = async (tx: Tx, planId: number, lines: readonly JudgedLine[]): Promise<void> => {
  await execute(
    tx,
    sql`
      update plan_line p
         set plan_group = j."group", wanted_units = j."wantedUnits", terms = j.terms
        from json_to_recordset(${JSON.stringify(lines)}::json)
             as j ("listingId" bigint, "group" text, "wantedUnits" bigint, terms jsonb)
       where p.plan_id = ${planId} and p.listing_id = j."listingId"`,
  );
};

/** The plan has its name from now on. */
export const proposePlan = async (
  tx: Tx,
  made: { readonly planId: number; readonly hash: string; readonly summary: PlanSummary; readonly now: string },
): Promise<void> => {
  await execute(
    tx,
    sql`
      update plan
         set state = 'proposed', hash = ${made.hash}, summary = ${JSON.stringify(made.summary)}::jsonb,
             made_at = ${made.now}::timestamptz, state_at = ${made.now}::timestamptz, state_reason = null
       where id = ${made.planId} and state = 'reading'`,
  );
};
