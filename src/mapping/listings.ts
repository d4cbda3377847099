import { z } from "zod";
import type { Json } from "../core/digest.ts";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";

/** A listing as a channel's import names it (connectors/connector.ts has the same shape; this floor does not know it). */
export type SeenListing = {
  readonly ref: string;
  readonly details: Json;
  readonly aliases: readonly string[];
  readonly channelSku: string | null;
  readonly title: string | null;
  readonly fulfilledBy: "merchant" | "channel";
  readonly status: "active" | "inactive" | "ended";
};

const KeptListing = z.object({ id: z.number(), ref: z.string() });

/** Adds or refreshes an account's listings; returns their ids by ref. Links and targets are never touched here. */
export const upsertListings = async (
  tx: Tx,
  accountId: string,
  listings: readonly SeenListing[],
  now: string,
): Promise<ReadonlyMap<string, number>> => {
  const rows = await query(
    tx,
    KeptListing,
    sql`
      insert into listing (account_id, ref, channel_sku, title, fulfilled_by, status, details, first_seen_at, last_seen_at)
      select ${accountId}, ref, "channelSku", title, "fulfilledBy", status, details, ${now}::timestamptz, ${now}::timestamptz
        from json_to_recordset(${JSON.stringify(listings)}::json)
             as l (ref text, "channelSku" text, title text, "fulfilledBy" text, status text, details jsonb)
      on conflict (account_id, ref) do update
         set channel_sku = excluded.channel_sku, title = excluded.title, fulfilled_by = excluded.fulfilled_by,
             status = excluded.status, details = excluded.details, last_seen_at = excluded.last_seen_at
      returning id, ref`,
  );
  const idByRef = new Map(rows.map((row) => [row.ref, row.id]));
  const aliases = listings.flatMap((listing) =>
    listing.aliases.map((alias) => ({ alias, listingId: idByRef.get(listing.ref) })),
  );
  await execute(
    tx,
    sql`
      insert into listing_alias (account_id, alias, listing_id)
      select distinct on (alias) ${accountId}, alias, "listingId"
        from json_to_recordset(${JSON.stringify(aliases)}::json) as a (alias text, "listingId" bigint)
      on conflict (account_id, alias) do update set listing_id = excluded.listing_id
       -- A name passes on only from a listing that has ended: nothing is re-linked silently.
       where exists (select 1 from listing gone where gone.id = listing_alias.listing_id and gone.status = 'ended')`,
  );
  return idByRef;
};

export const ListingRow = z.object({
  id: z.number(),
  accountId: z.string(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  title: z.string().nullable(),
  fulfilledBy: z.enum(["merchant", "channel"]),
  status: z.enum(["active", "inactive", "ended"]),
  details: z.json(),
});
export type ListingRow = z.infer<typeof ListingRow>;

export const listingsById = (on: Queryable, ids: readonly number[]): Promise<readonly ListingRow[]> =>
  query(
    on,
    ListingRow,
    sql`
      select id, account_id as "accountId", ref, channel_sku as "channelSku", title, fulfilled_by as "fulfilledBy", status, details
        from listing where id = any(${ids}) order by id`,
  );

/** The listing that the account knows by this ref or alias. */
export const listingIdByName = async (on: Queryable, accountId: string, name: string): Promise<number | undefined> =>
  (
    await query(
      on,
      z.object({ id: z.number() }),
      sql`
        select id from listing where account_id = ${accountId} and ref = ${name}
        union all
        select listing_id from listing_alias where account_id = ${accountId} and alias = ${name}
        limit 1`,
    )
  )[0]?.id;

/** Ids of the listings that sell any of these SKUs. */
export const listingIdsOfSkus = async (
  on: Queryable,
  skus: readonly string[],
  rowsMax: number,
): Promise<readonly number[]> =>
  (
    await query(
      on,
      z.object({ id: z.number() }),
      sql`
        select distinct k.listing_id as id from listing_link k where k.sku = any(${skus}) order by 1 limit ${rowsMax}`,
    )
  ).map((row) => row.id);
