import { z } from "zod";
import { type Queryable, queryOne, sql } from "../db/sql.ts";

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
  /** Of the last movement recorded by then; 0 = none was. */
  version: z.number(),
  /** Movements by which the answer differs from what was known: late or early ones. Always 0 as known. */
  outOfTime: z.number(),
});
export type PastLevel = z.infer<typeof PastLevel>;

const OpenReservation = z.object({
  reservationId: z.string(),
  sku: z.string(),
  locationId: z.string(),
  /** Open at the moment: held and neither committed nor released. */
  units: z.number(),
});

const PastStock = z.object({ levels: z.array(PastLevel), reservations: z.array(OpenReservation) });
export type PastStock = z.infer<typeof PastStock>;

/**
 * Levels of the named SKUs at a moment, and what reservations held of them, sorted by SKU and location. A level that
 * nothing had moved yet is absent.
 */
export const stockAt = async (
  on: Queryable,
  skus: readonly string[],
  { time, asKnown }: Asking,
): Promise<PastStock> => {
  const row = await queryOne(
    on,
    z.object({ stock: PastStock }),
    sql`select stock_at(${skus}::text[], ${time}::timestamptz, ${asKnown}) as stock`,
  );
  return row?.stock ?? { levels: [], reservations: [] };
};
