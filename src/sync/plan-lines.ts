import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";
import { planGroups, writtenGroups } from "./plan-groups.ts";
import { OwedTarget, selectOwed } from "./targets.ts";

/** The plan's open lines owe a push from now on, whatever their targets owed before. */
export const oweLines = async (tx: Tx, planId: number, whose: "written" | "captured", now: string): Promise<void> => {
  await execute(
    tx,
    sql`
      with locked as (
        select t.listing_id from push_target t join plan_line p on p.listing_id = t.listing_id
         where p.plan_id = ${planId}
           and case when ${whose} = 'written' then p.outcome is null and p.plan_group = any(${writtenGroups})
                    else p.shown_units is not null end
         order by t.listing_id for update of t
      )
      update push_target t
         set wanted_version = t.wanted_version + 1, blocked_reason = null, failures = 0, not_before = null,
             owed_since = case when t.settled_version = t.wanted_version then ${now}::timestamptz else t.owed_since end
        from locked where t.listing_id = locked.listing_id`,
  );
};

export const markCanary = async (tx: Tx, planId: number, listingIds: readonly number[]): Promise<void> => {
  await execute(
    tx,
    sql`update plan_line set canary = listing_id = any(${listingIds}) where plan_id = ${planId} and (canary or listing_id = any(${listingIds}))`,
  );
};

const OpenLine = z.object({ listingId: z.number(), ref: z.string(), group: z.enum(planGroups), canary: z.boolean() });

/** Written lines whose end is open. */
export const openLines = (on: Queryable, planId: number): Promise<readonly z.infer<typeof OpenLine>[]> =>
  query(
    on,
    OpenLine,
    sql`
      select listing_id as "listingId", ref, plan_group as group, canary
        from plan_line
       where plan_id = ${planId} and outcome is null and plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')
       order by listing_id`,
  );

export const openLineCount = async (on: Queryable, planId: number, canaryOnly: boolean): Promise<number> =>
  (
    await query(
      on,
      z.object({ n: z.number() }),
      sql`
        select count(*) as n from plan_line
         where plan_id = ${planId} and outcome is null and plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')
           and (canary or not ${canaryOnly}::boolean)`,
    )
  )[0]?.n ?? 0;

export const DueLine = OwedTarget.extend({ group: z.enum(planGroups), plannedUnits: z.number() });
export type DueLine = z.infer<typeof DueLine>;

/** The next open lines that may be written now: nothing under way carries their version, nothing holds them up. */
export const dueLines = (
  on: Queryable,
  chosen: { readonly planId: number; readonly canaryOnly: boolean; readonly rowsMax: number; readonly now: string },
): Promise<readonly DueLine[]> =>
  query(
    on,
    DueLine,
    selectOwed(sql`, p.plan_group as group, p.wanted_units as "plannedUnits"
        from plan_line p join push_target t on t.listing_id = p.listing_id
       where p.plan_id = ${chosen.planId} and p.outcome is null
         and p.plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')
         and (p.canary or not ${chosen.canaryOnly}::boolean) and t.blocked_reason is null
         and (t.not_before is null or t.not_before <= ${chosen.now}::timestamptz)
         and not exists (select 1 from push_attempt a
                          where a.listing_id = t.listing_id and a.state in ('sent', 'accepted', 'unknown')
                            and a.version >= t.wanted_version - 1)
       order by p.listing_id
       limit ${chosen.rowsMax}`),
  );

export type LineOutcome = {
  readonly listingId: number;
  readonly outcome: "done" | "moved" | "refused";
  readonly detail: string | null;
};

export const recordOutcomes = async (
  on: Queryable,
  planId: number,
  outcomes: readonly LineOutcome[],
  now: string,
): Promise<void> => {
  if (outcomes.length === 0) return;
  await execute(
    on,
    sql`
      with moved as (
        update plan_line p set outcome = o.outcome, detail = o.detail
          from json_to_recordset(${JSON.stringify(outcomes)}::json) as o ("listingId" bigint, outcome text, detail text)
         where p.plan_id = ${planId} and p.listing_id = o."listingId" and p.outcome is null
      )
      update plan set progress_at = ${now}::timestamptz where id = ${planId}`,
  );
};

/**
 * Ends the lines that were read back since, and those that the channel refuses for good. `listingIds`: only these, null
 * = all open ones (after a crash nobody knows which were under way).
 */
export const closeLines = async (
  on: Queryable,
  planId: number,
  listingIds: readonly number[] | null,
  now: string,
): Promise<readonly number[]> =>
  (
    await query(
      on,
      z.object({ listingId: z.number() }),
      sql`
        with ended as (
          update plan_line p
             set outcome = case when t.blocked_reason is null then 'done' else 'refused' end, detail = t.blocked_reason
            from plan, push_target t
            left join lateral (select a.state, a.started_at from push_attempt a
                                where a.listing_id = t.listing_id order by a.id desc limit 1) last on true
           where plan.id = ${planId} and p.plan_id = plan.id and p.outcome is null
             and p.plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')
             and (${listingIds}::bigint[] is null or p.listing_id = any(${listingIds}))
             and t.listing_id = p.listing_id
             and (t.blocked_reason is not null or (last.state = 'applied' and last.started_at >= plan.apply_started_at))
          returning p.listing_id
        ), noted as (
          update plan set progress_at = ${now}::timestamptz where id = ${planId} and exists (select 1 from ended)
        )
        select listing_id as "listingId" from ended`,
    )
  ).map((row) => row.listingId);

/** What could not be done in time is left to the live account, which goes on with it. */
export const leaveRest = (on: Queryable, planId: number): Promise<number> =>
  execute(
    on,
    sql`
      update plan_line p set outcome = 'left', detail = 'not written yet: it waits for orders to be seen, or for the channel'
       where p.plan_id = ${planId} and p.outcome is null
         and p.plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')`,
  );
