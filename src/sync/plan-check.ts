import { z } from "zod";
import { execute, type Queryable, query, sql } from "../db/sql.ts";
import { planGroups } from "./plan-groups.ts";

const UncheckedLine = z.object({ listingId: z.number(), ref: z.string(), details: z.json() });
export type UncheckedLine = z.infer<typeof UncheckedLine>;

/** Lines that the plan would write and that have not been read again yet. */
export const linesToCheck = (on: Queryable, planId: number, rowsMax: number): Promise<readonly UncheckedLine[]> =>
  query(
    on,
    UncheckedLine,
    sql`
      select p.listing_id as "listingId", p.ref, l.details
        from plan_line p join listing l on l.id = p.listing_id
       where p.plan_id = ${planId} and p.outcome is null and p.checked_at is null
         and p.plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger')
       order by p.listing_id
       limit ${rowsMax}`,
  );

/** What was read for an earlier check counts no more. */
export const clearChecks = async (on: Queryable, planId: number): Promise<void> => {
  await execute(
    on,
    sql`
      update plan_line set checked_at = null, checked_units = null
       where plan_id = ${planId} and checked_at is not null`,
  );
};

export const recordChecked = async (
  on: Queryable,
  planId: number,
  readings: readonly { readonly listingId: number; readonly units: number | null }[],
  readAt: string,
): Promise<void> => {
  await execute(
    on,
    sql`
      update plan_line p set checked_units = r.units, checked_at = ${readAt}::timestamptz
        from json_to_recordset(${JSON.stringify(readings)}::json) as r ("listingId" bigint, units bigint)
       where p.plan_id = ${planId} and p.listing_id = r."listingId"`,
  );
};

const CheckedLine = z.object({
  listingId: z.number(),
  ref: z.string(),
  group: z.enum(planGroups),
  plannedShownUnits: z.number().nullable(),
  plannedUnits: z.number().nullable(),
  shownUnits: z.number().nullable(),
});
export type CheckedLine = z.infer<typeof CheckedLine>;

/** Every line whose end is open, with what it shows now: read again where the plan would write, else as last seen. */
export const checkedLines = (on: Queryable, planId: number): Promise<readonly CheckedLine[]> =>
  query(
    on,
    CheckedLine,
    sql`
      select p.listing_id as "listingId", p.ref, p.plan_group as group, p.shown_units as "plannedShownUnits",
             p.wanted_units as "plannedUnits",
             case when p.checked_at is not null then p.checked_units
                  when p.plan_group = 'unchanged' then coalesce(t.shown_units, p.shown_units)
                  else p.shown_units end as "shownUnits"
        from plan_line p left join push_target t on t.listing_id = p.listing_id
       where p.plan_id = ${planId} and p.outcome is null and p.plan_group <> 'unmapped'
       order by p.listing_id`,
  );

/** Merchant's listings of the account that are linked now and that the plan does not know as linked. */
export const unplannedListings = async (on: Queryable, planId: number): Promise<number> =>
  (
    await query(
      on,
      z.object({ n: z.number() }),
      sql`
        select count(*) as n
          from plan join listing l on l.account_id = plan.account_id
         where plan.id = ${planId} and l.fulfilled_by = 'merchant' and l.status <> 'ended'
           and exists (select 1 from listing_link k where k.listing_id = l.id)
           and not exists (select 1 from plan_line p
                            where p.plan_id = plan.id and p.listing_id = l.id and p.plan_group <> 'unmapped')`,
    )
  )[0]?.n ?? 0;
