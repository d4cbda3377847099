import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { MovementRow } from "./queries.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

export const OversellRow = z.object({
  id: z.number(),
  commandKey: z.string(),
  leg: z.number(),
  sku: z.string(),
  locationId: z.string(),
  accountId: z.string().nullable(),
  orderRef: z.string().nullable(),
  lineRef: z.string().nullable(),
  unitsShort: z.number(),
  recordedAt: z.string(),
  /** The level's version that the movement made. */
  version: z.number(),
});
export type OversellRow = z.infer<typeof OversellRow>;

export type OversellsPage = {
  readonly id: number | null;
  readonly sku: string | null;
  /** ISO. */
  readonly since: string | null;
  readonly beforeId: number | null;
  readonly rowsMax: number;
};

/** Oversell incidents, newest first. */
export const oversellsPage = (on: Queryable, page: OversellsPage): Promise<readonly OversellRow[]> =>
  query(
    on,
    OversellRow,
    sql`
      select i.id, i.command_key as "commandKey", i.leg, i.sku, i.location_id as "locationId", i.account_id as "accountId",
             i.order_ref as "orderRef", i.line_ref as "lineRef", i.units_short as "unitsShort",
             to_char(i.recorded_at, ${iso}) as "recordedAt", m.level_version as version
        from oversell_incident i
        -- By the level's index: both were written at one time.
        join movement m on m.sku = i.sku and m.location_id = i.location_id and m.recorded_at = i.recorded_at
                       and m.command_key = i.command_key and m.leg = i.leg
       where (${page.id}::bigint is null or i.id = ${page.id})
         and (${page.sku}::text is null or i.sku = ${page.sku})
         and (${page.since}::timestamptz is null or i.recorded_at >= ${page.since}::timestamptz)
         and (${page.beforeId}::bigint is null or i.id < ${page.beforeId})
       order by i.id desc
       limit ${page.rowsMax}`,
  );

/** The last movements of a level up to one of its versions that was recorded at a time, newest first. */
export const movementsUpTo = (
  on: Queryable,
  level: {
    readonly sku: string;
    readonly locationId: string;
    readonly version: number;
    readonly recordedAt: string;
  },
  rowsMax: number,
): Promise<readonly MovementRow[]> =>
  query(
    on,
    MovementRow,
    sql`
      select id, kind, sku, location_id as "locationId", d_on_hand as "dOnHand", d_reserved as "dReserved",
             d_incoming as "dIncoming", on_hand_after as "onHandAfter", reserved_after as "reservedAfter",
             incoming_after as "incomingAfter", level_version as "levelVersion", cause_type as "causeType",
             cause_id as "causeId", actor, reason, to_char(occurred_at, ${iso}) as "occurredAt",
             to_char(recorded_at, ${iso}) as "recordedAt"
        from movement
       where sku = ${level.sku} and location_id = ${level.locationId}
         -- A millisecond on: the time came as text without microseconds.
         and recorded_at < ${level.recordedAt}::timestamptz + interval '1 ms' and level_version <= ${level.version}
       order by recorded_at desc, level_version desc
       limit ${rowsMax}`,
  );

/** Units that were oversold since the beginning, by account; `none`: no order did it. */
export const oversoldUnits = (on: Queryable) =>
  query(
    on,
    z.object({ accountId: z.string(), units: z.number() }),
    sql`
      select coalesce(account_id, 'none') as "accountId", sum(units_short)::bigint as units
        from oversell_incident group by 1 order by 1`,
  );
