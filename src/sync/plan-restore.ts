import { z } from "zod";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../db/sql.ts";

/** A person asks for the captured numbers; asked again, what failed is tried again. */
export const askRestore = async (
  tx: Tx,
  asked: { readonly planId: number; readonly accountId: string; readonly actor: string; readonly now: string },
): Promise<void> => {
  await execute(
    tx,
    sql`
      update plan set state = 'stopped', state_reason = 'an earlier plan was put back', state_at = ${asked.now}::timestamptz
       where account_id = ${asked.accountId} and id <> ${asked.planId}
         and state in ('checking', 'canary', 'applying', 'restoring')`,
  );
  await execute(
    tx,
    sql`
      update plan_line p set restore_outcome = null, restore_detail = null
        from plan
       where plan.id = ${asked.planId} and p.plan_id = plan.id and p.restore_outcome is not null
         and (plan.state <> 'restoring' or p.restore_outcome <> 'done')`,
  );
  await execute(
    tx,
    sql`
      update plan
         set restore_started_at = case when state = 'restoring' then restore_started_at else ${asked.now}::timestamptz end,
             state = 'restoring', state_reason = null, state_at = ${asked.now}::timestamptz,
             progress_at = ${asked.now}::timestamptz, asked_by = ${asked.actor}, driven_by = 'command'
       where id = ${asked.planId} and state <> 'reading'`,
  );
};

const CapturedLine = z.object({
  listingId: z.number(),
  ref: z.string(),
  details: z.json(),
  capturedUnits: z.number(),
  settledVersion: z.number(),
  failures: z.number(),
});
export type CapturedLine = z.infer<typeof CapturedLine>;

/** The next lines whose captured number is not back yet and that have no write of ours under way. */
export const linesToRestore = (
  on: Queryable,
  planId: number,
  rowsMax: number,
  now: string,
): Promise<readonly CapturedLine[]> =>
  query(
    on,
    CapturedLine,
    sql`
      select p.listing_id as "listingId", p.ref, l.details, p.shown_units as "capturedUnits",
             t.settled_version as "settledVersion", t.failures
        from plan
        join plan_line p on p.plan_id = plan.id
        join listing l on l.id = p.listing_id
        join push_target t on t.listing_id = p.listing_id
       where plan.id = ${planId} and p.shown_units is not null and p.restore_outcome is null
         and t.blocked_reason is null and (t.not_before is null or t.not_before <= ${now}::timestamptz)
         and not exists (select 1 from push_attempt a
                          where a.listing_id = p.listing_id and a.state in ('sent', 'accepted', 'unknown')
                            and a.reason = 'restore' and a.started_at >= plan.restore_started_at)
       order by p.listing_id
       limit ${rowsMax}`,
  );

export type RestoreOutcome = {
  readonly listingId: number;
  readonly outcome: "done" | "refused" | "differs";
  readonly detail: string | null;
};

export const recordRestored = async (
  on: Queryable,
  planId: number,
  outcomes: readonly RestoreOutcome[],
  now: string,
): Promise<void> => {
  if (outcomes.length === 0) return;
  await execute(
    on,
    sql`
      with moved as (
        update plan_line p set restore_outcome = o.outcome, restore_detail = o.detail
          from json_to_recordset(${JSON.stringify(outcomes)}::json) as o ("listingId" bigint, outcome text, detail text)
         where p.plan_id = ${planId} and p.listing_id = o."listingId"
           -- Why it was refused says more than that it differs.
           and (p.restore_outcome is distinct from 'refused' or o.outcome = 'done')
      )
      update plan set progress_at = ${now}::timestamptz where id = ${planId}`,
  );
};

/** Ends the lines whose write was read back, and those that the channel refuses. Returns how many. */
export const closeRestored = async (
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
             set restore_outcome = case when t.blocked_reason is null then 'done' else 'refused' end,
                 restore_detail = t.blocked_reason
            from plan, push_target t
            left join lateral (select a.state, a.reason, a.started_at from push_attempt a
                                where a.listing_id = t.listing_id order by a.id desc limit 1) last on true
           where plan.id = ${planId} and p.plan_id = plan.id and p.shown_units is not null and p.restore_outcome is null
             and (${listingIds}::bigint[] is null or p.listing_id = any(${listingIds}))
             and t.listing_id = p.listing_id
             and (t.blocked_reason is not null
                  or (last.state = 'applied' and last.reason = 'restore' and last.started_at >= plan.restore_started_at))
          returning p.listing_id
        ), noted as (
          update plan set progress_at = ${now}::timestamptz where id = ${planId} and exists (select 1 from ended)
        )
        select listing_id as "listingId" from ended`,
    )
  ).map((row) => row.listingId);

const Open = z.object({ lines: z.number(), attempts: z.number() });

/** Lines that are not back yet, and writes to any captured line that may still act. */
export const openRestores = async (on: Queryable, planId: number): Promise<z.infer<typeof Open>> => {
  const row = await queryOne(
    on,
    Open,
    sql`
      select count(*) filter (where p.restore_outcome is null) as lines,
             count(*) filter (where exists (select 1 from push_attempt a
                                             where a.listing_id = p.listing_id and a.state in ('sent', 'accepted', 'unknown'))) as attempts
        from plan_line p where p.plan_id = ${planId} and p.shown_units is not null`,
  );
  return row ?? { lines: 0, attempts: 0 };
};

const CapturedNumber = z.object({
  listingId: z.number(),
  ref: z.string(),
  details: z.json(),
  capturedUnits: z.number(),
});

/** The captured numbers, by listing. */
export const capturedNumbers = (
  on: Queryable,
  planId: number,
  afterId: number,
  rowsMax: number,
): Promise<readonly z.infer<typeof CapturedNumber>[]> =>
  query(
    on,
    CapturedNumber,
    sql`
      select p.listing_id as "listingId", p.ref, l.details, p.shown_units as "capturedUnits"
        from plan_line p join listing l on l.id = p.listing_id
       where p.plan_id = ${planId} and p.shown_units is not null and p.listing_id > ${afterId}
       order by p.listing_id
       limit ${rowsMax}`,
  );

const Preview = z.object({
  captured: z.number(),
  differing: z.number(),
  raised: z.number(),
  soldSince: z.number(),
});

/** What putting a plan back would do, by the last readings; and how many of its listings' SKUs have sold since. */
export const restorePreview = async (on: Queryable, planId: number): Promise<z.infer<typeof Preview>> =>
  (await queryOne(
    on,
    Preview,
    sql`
      select count(*) as captured,
             count(*) filter (where t.shown_units is distinct from p.shown_units) as differing,
             count(*) filter (where t.shown_units < p.shown_units) as raised,
             count(*) filter (where exists (select 1 from listing_link k join order_line o on o.sku = k.sku
                                             where k.listing_id = p.listing_id and o.created_at > p.read_at)) as "soldSince"
        from plan_line p left join push_target t on t.listing_id = p.listing_id
       where p.plan_id = ${planId} and p.shown_units is not null`,
  )) ?? { captured: 0, differing: 0, raised: 0, soldSince: 0 };
