import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

export const ShownAt = z.object({
  sku: z.string(),
  /** Units of the SKU that one unit of the listing sells. */
  unitsEach: z.number(),
  accountId: z.string(),
  channel: z.string(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  /** Listings are told by their links of today; a link made after the moment says so by this time. */
  linkedAt: z.string(),
  /** What the channel showed when it was last seen to change; null with a time: it told no quantity. */
  units: z.number().nullable(),
  /** When it was first seen to show that; null = nobody had looked by then. */
  observedAt: z.string().nullable(),
  readHow: z.string().nullable(),
});
export type ShownAt = z.infer<typeof ShownAt>;

/** What each listing that sells these SKUs showed at a moment, by the observations. */
export const shownAt = (on: Queryable, skus: readonly string[], time: string): Promise<readonly ShownAt[]> =>
  query(
    on,
    ShownAt,
    sql`
      select k.sku, k.units as "unitsEach", l.account_id as "accountId", a.channel, l.ref, l.channel_sku as "channelSku",
             to_char(k.linked_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "linkedAt", seen.units,
             to_char(seen.observed_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "observedAt", seen.read_how as "readHow"
        from listing_link k
        join listing l on l.id = k.listing_id
        join account a on a.id = l.account_id
        left join lateral (select o.units, o.observed_at, o.read_how from observation o
                            where o.listing_id = l.id and o.observed_at <= ${time}::timestamptz
                            order by o.observed_at desc, o.id desc limit 1) seen on true
       where k.sku = any(${skus})
       order by k.sku collate "C", l.account_id, l.ref collate "C"`,
  );
