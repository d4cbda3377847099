import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

export const ReservedBy = z.object({
  sku: z.string(),
  locationId: z.string(),
  units: z.number(),
  /** An order's line, or a reservation. */
  by: z.enum(["order", "reservation"]),
  accountId: z.string().nullable(),
  /** The order's ref, or the reservation's id. */
  ref: z.string(),
  lineRef: z.string().nullable(),
  since: z.string(),
});
export type ReservedBy = z.infer<typeof ReservedBy>;

/** How far back in a level's movements what holds its units is looked for: a busy SKU has millions. */
const movementsLookedAt = 500;

/**
 * Which orders and reservations hold units of these SKUs, newest first: those whose movements are among the last five
 * hundred of their level. What is reserved beyond them is older.
 */
export const reservedBy = (on: Queryable, skus: readonly string[]): Promise<readonly ReservedBy[]> =>
  query(
    on,
    ReservedBy,
    sql`
      with causes as (
        select distinct s.sku, s.location_id, m.cause_type, m.cause_id
          from stock_level s
          join lateral (select cause_type, cause_id from movement
                         where sku = s.sku and location_id = s.location_id
                         order by level_version desc limit ${movementsLookedAt}) m on true
         where s.sku = any(${skus}) and s.reserved > 0 and m.cause_type in ('order-line', 'reservation')
      ), named as materialized (
        select sku, location_id, cause_id::jsonb as line from causes where cause_type = 'order-line'
      )
      select o.sku, o.location_id as "locationId", o.hold_units as units, 'order' as by, o.account_id as "accountId",
             o.order_ref as ref, o.line_ref as "lineRef", to_char(o.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since
        from named n
        join order_line o on o.account_id = n.line ->> 0 and o.order_ref = n.line ->> 1 and o.line_ref = n.line ->> 2
                         and o.sku = n.sku
       where o.hold_units > 0
      union all
      select l.sku, l.location_id, sum(l.units_held - l.units_committed - l.units_released)::bigint, 'reservation', null, r.id,
             null, to_char(r.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')
        from causes c
        join reservation r on c.cause_type = 'reservation' and r.id = c.cause_id
        join reservation_line l on l.reservation_id = r.id and l.sku = c.sku and l.location_id = c.location_id
       where l.units_held > l.units_committed + l.units_released
       group by l.sku, l.location_id, r.id
       order by since desc`,
  );

const LevelMovement = z.object({
  sku: z.string(),
  locationId: z.string(),
  version: z.number(),
  movementId: z.number(),
});

/** Which movement made each of these versions of a level. */
export const movementsOfVersions = (
  on: Queryable,
  versions: readonly { readonly sku: string; readonly locationId: string; readonly version: number }[],
): Promise<readonly z.infer<typeof LevelMovement>[]> =>
  query(
    on,
    LevelMovement,
    sql`
      select m.sku, m.location_id as "locationId", m.level_version as version, m.id as "movementId"
        from json_to_recordset(${JSON.stringify(versions)}::json) as v (sku text, "locationId" text, version bigint)
        join movement m on m.sku = v.sku and m.location_id = v."locationId" and m.level_version = v.version`,
  );

const Sold = z.object({ sets: z.number() });

/**
 * How many whole sets of these components an account's order lines took that became known between two times: lines that
 * draw on exactly these SKUs. Two listings of one account that sell the same SKUs cannot be told apart here.
 */
export const setsSold = async (
  on: Queryable,
  accountId: string,
  components: readonly { readonly sku: string; readonly units: number }[],
  time: { readonly from: string; readonly until: string },
): Promise<number> =>
  (
    await query(
      on,
      Sold,
      sql`
        with components as (
          select sku, units from json_to_recordset(${JSON.stringify(components)}::json) as c (sku text, units bigint)
        ), lines as (
          select o.order_ref, o.line_ref, min((o.hold_units + o.left_units) / c.units) as sets, count(*) as parts
            from components c
            join order_line o on o.sku = c.sku and o.updated_at > ${time.from}::timestamptz
           where o.account_id = ${accountId} and o.created_at > ${time.from}::timestamptz
             and o.created_at <= ${time.until}::timestamptz
           group by o.order_ref, o.line_ref
        )
        select coalesce(sum(l.sets), 0)::bigint as sets
          from lines l
         where l.parts = (select count(*) from components)
           and l.parts = (select count(*) from order_line x
                           where x.account_id = ${accountId} and x.order_ref = l.order_ref and x.line_ref = l.line_ref)`,
    )
  )[0]?.sets ?? 0;
