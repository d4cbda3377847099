import type { Queryable } from "../db/sql.ts";
import { resolveNames } from "../mapping/links.ts";
import type { ReserveLine } from "./reservation-schemas.ts";
import type { Component } from "./reserve-lines.ts";

type ListingName = NonNullable<ReserveLine["listing"]>;

/** What the named listings sell; a name that stands for nothing, or for two listings, has no components. */
export const componentsOfListings = async (
  on: Queryable,
  lines: readonly ReserveLine[],
): Promise<(listing: ListingName) => readonly Component[]> => {
  const named = lines.flatMap((line) => (line.listing === undefined ? [] : [line.listing]));
  const byAccount = new Map<string, Map<string, readonly Component[]>>();
  for (const [account, listings] of Map.groupBy(named, (listing) => listing.account)) {
    const rows = await resolveNames(on, account, [...new Set(listings.map((listing) => listing.ref))]);
    // By SKU: a request and its repetition must come to the same lines, and rows come in any order.
    const sorted = rows.toSorted((a, b) => (a.sku < b.sku ? -1 : 1));
    const meanings = [...Map.groupBy(sorted, (row) => row.name)].filter(
      ([, own]) => new Set(own.map((row) => row.listingId)).size === 1,
    );
    byAccount.set(account, new Map(meanings));
  }
  return ({ account, ref }) => byAccount.get(account)?.get(ref) ?? [];
};
