import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

const SoldByChannel = z.object({ channelSku: z.string(), sku: z.string(), units: z.number() });

/** What the account's channel-fulfilled listings sell, by channel SKU; several rows for a kit, none without a link. */
export const linksOfChannelStock = (
  on: Queryable,
  accountId: string,
  channelSkus: readonly string[],
): Promise<readonly z.infer<typeof SoldByChannel>[]> =>
  query(
    on,
    SoldByChannel,
    sql`
      select l.channel_sku as "channelSku", k.sku, k.units
        from listing l
        join listing_link k on k.listing_id = l.id
       where l.account_id = ${accountId} and l.fulfilled_by = 'channel' and l.channel_sku = any(${channelSkus})`,
  );
