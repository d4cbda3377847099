import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";

const Link = z.object({ listingId: z.number(), sku: z.string(), units: z.number() });
export type Link = z.infer<typeof Link>;

/** What the listings sell: SKU × units, several rows for a kit. */
export const linksOf = (on: Queryable, listingIds: readonly number[]): Promise<readonly Link[]> =>
  query(
    on,
    Link,
    sql`select listing_id as "listingId", sku, units from listing_link where listing_id = any(${listingIds}) order by listing_id, sku`,
  );

export type Named = Link & { readonly name: string };

/** What the names (refs or aliases) of an account's listings stand for; a name without a link is absent. */
export const resolveNames = (on: Queryable, accountId: string, names: readonly string[]): Promise<readonly Named[]> =>
  query(
    on,
    Link.extend({ name: z.string() }),
    sql`
      select named.name, k.listing_id as "listingId", k.sku, k.units
        from (select l.ref as name, l.id as listing_id from listing l where l.account_id = ${accountId} and l.ref = any(${names})
              union
              select a.alias, a.listing_id from listing_alias a where a.account_id = ${accountId} and a.alias = any(${names})) named
        join listing_link k on k.listing_id = named.listing_id`,
  );

/** Replaces what a listing sells. */
export const setLinks = async (
  tx: Tx,
  listingId: number,
  components: readonly { readonly sku: string; readonly units: number }[],
  by: string,
  now: string,
): Promise<void> => {
  await execute(tx, sql`delete from listing_link where listing_id = ${listingId}`);
  await execute(
    tx,
    sql`
      insert into listing_link (listing_id, sku, units, linked_by, linked_at)
      select ${listingId}, sku, units, ${by}, ${now}::timestamptz
        from json_to_recordset(${JSON.stringify(components)}::json) as c (sku text, units bigint)`,
  );
};

/**
 * Links every merchant-fulfilled listing without a link whose channel SKU is exactly (byte for byte) a SKU the ledger
 * knows. Returns the listings linked now.
 */
export const autoLink = async (tx: Tx, accountId: string, now: string): Promise<readonly number[]> =>
  (
    await query(
      tx,
      z.object({ id: z.number() }),
      sql`
        insert into listing_link (listing_id, sku, units, linked_by, linked_at)
        select l.id, l.channel_sku, 1, 'auto:exact-sku', ${now}::timestamptz
          from listing l
         where l.account_id = ${accountId} and l.fulfilled_by = 'merchant' and l.status <> 'ended'
           and not exists (select 1 from listing_link k where k.listing_id = l.id)
           and exists (select 1 from stock_level s where s.sku = l.channel_sku)
        on conflict do nothing
        returning listing_id as id`,
    )
  ).map((row) => row.id);

/** Accounts where `autoLink` would find something. */
export const accountsToAutoLink = async (on: Queryable): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ accountId: z.string() }),
      sql`
        select distinct l.account_id as "accountId"
          from listing l
         where l.fulfilled_by = 'merchant' and l.status <> 'ended' and l.channel_sku is not null
           and not exists (select 1 from listing_link k where k.listing_id = l.id)
           and exists (select 1 from stock_level s where s.sku = l.channel_sku)`,
    )
  ).map((row) => row.accountId);

export const UnmappedListing = z.object({
  id: z.number(),
  accountId: z.string(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  title: z.string().nullable(),
});

/** Merchant listings that nobody has linked: the unmapped queue. */
export const unmappedListings = (on: Queryable, rowsMax: number): Promise<readonly z.infer<typeof UnmappedListing>[]> =>
  query(
    on,
    UnmappedListing,
    sql`
      select id, account_id as "accountId", ref, channel_sku as "channelSku", title
        from listing l
       where fulfilled_by = 'merchant' and status <> 'ended'
         and not exists (select 1 from listing_link k where k.listing_id = l.id)
       order by account_id, channel_sku, id
       limit ${rowsMax}`,
  );

/** Refs and aliases of listings, to find what waits for them. */
export const namesOf = async (on: Queryable, listingIds: readonly number[]): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ name: z.string() }),
      sql`
        select ref as name from listing where id = any(${listingIds})
        union
        select alias from listing_alias where listing_id = any(${listingIds})`,
    )
  ).map((row) => row.name);
