import { z } from "zod";
import type { ImportedListing, Page } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { type ActiveItem, activePage, toLegacyListings, variationsOf } from "./legacy-listings.ts";
import { importListings } from "./listings.ts";
import { liveOffersOf, mapWithFewOpen } from "./offers.ts";
import type { Trading } from "./trading.ts";

const LegacyCursor = z.strictObject({ legacyPage: z.number().int().min(1) });

/** What the sweep of the Inventory API has met: listing ids by SKU. Only a short cut, see `isRest`. */
type Sweep = { readonly listingIds: Map<string, readonly string[]>; complete: boolean };

type Importing = {
  readonly client: EbayClient;
  readonly trading: Trading;
  /** False: only what the Inventory API knows. */
  readonly legacyListings: boolean;
};

/**
 * Everything the seller has: first the items of the Inventory API, then, through Trading, the listings made by other
 * means, which the Inventory API does not see (§6, §10). Both lanes show in Trading's list; a listing id that an offer
 * of ours has belongs to the first.
 */
export const createImport = ({ client, trading, legacyListings }: Importing) => {
  let sweep: Sweep = { listingIds: new Map(), complete: false };

  const rest = async (cursor: string | null, signal: AbortSignal): Promise<Page<ImportedListing>> => {
    if (cursor === null) sweep = { listingIds: new Map(), complete: true };
    const { listingIds } = sweep;
    const page = await importListings(cursor, client, signal, (sku, ids) => listingIds.set(sku, ids));
    return page.done && legacyListings ? { ...page, done: false, next: JSON.stringify({ legacyPage: 1 }) } : page;
  };

  const legacy = async (page: number, signal: AbortSignal): Promise<Page<ImportedListing>> => {
    const { items, pages } = await activePage(page, trading, signal);
    const owned = await mapWithFewOpen(items, (item) => isRest(item, sweep, client, signal));
    const done = page >= pages;
    if (done) sweep = { listingIds: new Map(), complete: false };
    return {
      items: items.filter((_, at) => owned[at] === false).flatMap(toLegacyListings),
      done,
      next: done ? null : JSON.stringify({ legacyPage: page + 1 }),
    };
  };

  return async (cursor: string | null, signal: AbortSignal): Promise<Page<ImportedListing>> => {
    const place = cursor === null ? undefined : LegacyCursor.safeParse(jsonOf(cursor)).data;
    return place === undefined ? rest(cursor, signal) : legacy(place.legacyPage, signal);
  };
};

/** After a restart in mid-import the sweep's memory is gone, and the SKU's offers are asked for. */
const isRest = async (item: ActiveItem, sweep: Sweep, client: EbayClient, signal: AbortSignal): Promise<boolean> => {
  const skus = [item.SKU, ...variationsOf(item).map(({ SKU }) => SKU)].flatMap((sku) => (sku ? [sku] : []));
  if (skus.some((sku) => sweep.listingIds.get(sku)?.includes(item.ItemID) === true)) return true;
  const [sku] = skus;
  if (sweep.complete || sku === undefined) return false;
  const offers = await liveOffersOf(sku, client, signal);
  return offers.some(({ listing }) => listing?.listingId === item.ItemID);
};

const jsonOf = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
