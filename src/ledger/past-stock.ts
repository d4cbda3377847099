import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

/** `as-it-was`: what had happened by then, whenever we learned of it. `as-known`: what the ledger said then. */
export type Asking = {
  /** ISO. */
  readonly time: string;
  readonly asKnown: boolean;
};

export const PastLevel = z.object({
  sku: z.string(),
  locationId: z.string(),
  onHand: z.number(),
  reserved: z.number(),
  incoming: z.number(),
  available: z.number(),
  /** Of the last movement recorded by then; 0 = none was. */
  version: z.number(),
  /** Movements by which the answer differs from what was known: late or early ones. Always 0 as known. */
  corrections: z.number(),
});
export type PastLevel = z.infer<typeof PastLevel>;

/** Levels of the named SKUs at a moment, sorted by SKU and location; a level that nothing had moved yet is absent. */
export const levelsAt = (
  on: Queryable,
  skus: readonly string[],
  { time, asKnown }: Asking,
): Promise<readonly PastLevel[]> =>
  query(
    on,
    PastLevel,
    sql`
      select sku, location_id as "locationId", on_hand as "onHand", reserved, incoming, on_hand - reserved as available,
             version, astride as corrections
        from stock_levels_at(${skus}::text[], ${time}::timestamptz, ${asKnown})
       order by sku collate "C", location_id collate "C"`,
  );

export const OpenReservation = z.object({
  reservationId: z.string(),
  sku: z.string(),
  locationId: z.string(),
  /** Open at the moment: held and neither committed nor released. */
  units: z.number(),
});
export type OpenReservation = z.infer<typeof OpenReservation>;

/** What reservations held of the named SKUs at a moment, by reservation. */
export const reservationsAt = (
  on: Queryable,
  skus: readonly string[],
  { time, asKnown }: Asking,
): Promise<readonly OpenReservation[]> =>
  query(
    on,
    OpenReservation,
    sql`
      select reservation_id as "reservationId", sku, location_id as "locationId", units
        from reservations_at(${skus}::text[], ${time}::timestamptz, ${asKnown})
       order by sku collate "C", location_id collate "C", reservation_id collate "C"`,
  );
