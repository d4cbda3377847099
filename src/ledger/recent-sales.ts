import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

const RecentSale = z.object({ sku: z.string(), units: z.number(), atMs: z.number() });
export type RecentSale = z.infer<typeof RecentSale>;

const salesPerSku = 50;

/**
 * The last sales of each SKU since a time, at most fifty, with the time the ledger learned of them. Units of the SKU:
 * what the line holds and what has left; a sale that was cancelled since counts as 0.
 */
export const recentSales = (on: Queryable, skus: readonly string[], since: string): Promise<readonly RecentSale[]> =>
  query(
    on,
    RecentSale,
    sql`
      select named.sku, o.hold_units + o.left_units as units,
             (extract(epoch from o.created_at) * 1000)::float8 as "atMs"
        from unnest(${skus}::text[]) as named (sku)
        join lateral (select hold_units, left_units, created_at
                        from order_line
                       where sku = named.sku and updated_at > ${since}::timestamptz
                       order by updated_at desc
                       limit ${salesPerSku}) o on true
       where o.created_at > ${since}::timestamptz`,
  );
