import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

const OrderMove = z.object({
  sku: z.string(),
  units: z.number(),
  occurredAtMs: z.number(),
  recordedAtMs: z.number(),
});
export type OrderMove = z.infer<typeof OrderMove>;

/**
 * What an account's orders did to the SKUs' available units since a time (by when the ledger learned of it), one row a
 * movement, oldest first: −2 sold, +2 let go. A shipment changes nothing of it and is left out.
 */
export const orderMovesOf = (
  on: Queryable,
  accountId: string,
  skus: readonly string[],
  recordedSince: string,
): Promise<readonly OrderMove[]> =>
  query(
    on,
    OrderMove,
    sql`
      select sku, d_on_hand - d_reserved as units,
             (extract(epoch from occurred_at) * 1000)::float8 as "occurredAtMs",
             (extract(epoch from recorded_at) * 1000)::float8 as "recordedAtMs"
        from movement
       where sku = any(${skus}) and kind = 'order' and actor = 'order:' || ${accountId}::text
         and recorded_at > ${recordedSince}::timestamptz and d_on_hand <> d_reserved
       order by sku, location_id, level_version`,
  );
