import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ImportedListing, Page } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { itemAlias, type ListingDetails, skuRef } from "./details.ts";
import { unreadable } from "./failures.ts";
import { liveOffersOf, mapWithFewOpen, shownUnits } from "./offers.ts";
import { InventoryItems, type Offer } from "./schemas.ts";

const itemsPerPage = 200;
const Cursor = z.object({ page: z.number().int().min(0) });

/**
 * One page of the seller's inventory items with their offers. `offset` counts PAGES here, not records (§6), and there
 * is neither a cursor nor a modified-since filter, so every import is a full sweep. Cost: 1 + one call a SKU.
 */
export const importListings = async (
  cursor: string | null,
  client: EbayClient,
  signal: AbortSignal,
  /** Told of every item met, with the ids of its live listings. */
  met: (sku: string, listingIds: readonly string[]) => void = () => undefined,
): Promise<Page<ImportedListing>> => {
  const page = cursor === null ? 0 : pageOf(cursor);
  const answer = await client(
    {
      method: "GET",
      path: "/sell/inventory/v1/inventory_item",
      query: { limit: String(itemsPerPage), offset: String(page) },
      quota: "inventory",
      repeatable: true,
    },
    signal,
  );
  const parsed = InventoryItems.safeParse(answer.body);
  if (!parsed.success) throw unreadable("inventory items", parsed.error);
  const { inventoryItems, total, next } = parsed.data;
  const items = await mapWithFewOpen(inventoryItems, async (item) => {
    const offers = await liveOffersOf(item.sku, client, signal);
    met(item.sku, listingIdsOf(offers));
    return toListing(item, offers);
  });
  const more = total === undefined ? next !== undefined : (page + 1) * itemsPerPage < total;
  const done = !more || inventoryItems.length === 0;
  return { items, done, next: done ? null : JSON.stringify({ page: page + 1 }) };
};

type SweptItem = z.infer<typeof InventoryItems>["inventoryItems"][number];

const toListing = (item: SweptItem, offers: readonly Offer[]): ImportedListing => {
  const details: ListingDetails =
    offers.length === 0
      ? { lane: "unoffered", sku: item.sku }
      : { lane: "rest", sku: item.sku, offerIds: offers.map(({ offerId }) => offerId) };
  return {
    ref: skuRef(item.sku),
    details,
    aliases: aliasesOf(item, offers),
    channelSku: item.sku,
    title: item.product?.title ?? null,
    fulfilledBy: "merchant",
    status: statusOf(offers),
    // Without a published offer buyers see nothing, whatever the item's own quantity says.
    units: offers.length === 0 ? null : shownUnits(item, offers),
  };
};

/**
 * The variations of a group share one listing id, so for them `item:<id>` would name several listings, and the
 * Inventory API does not tell the variation's id. They always carry a SKU, and orders name it.
 */
const aliasesOf = (item: SweptItem, offers: readonly Offer[]): readonly string[] => {
  const inGroup = [...(item.groupIds ?? []), ...(item.inventoryItemGroupKeys ?? [])].length > 0;
  if (inGroup) return [];
  return [...new Set(listingIdsOf(offers))].map((listingId) => itemAlias(listingId));
};

const listingIdsOf = (offers: readonly Offer[]): readonly string[] =>
  offers.flatMap(({ listing }) => (listing?.listingId === undefined ? [] : [listing.listingId]));

const statusOf = (offers: readonly Offer[]): ImportedListing["status"] => {
  if (offers.length === 0) return "inactive";
  const ended = offers.every(({ listing }) => ["ENDED", "EBAY_ENDED"].includes(listing?.listingStatus ?? ""));
  return ended ? "ended" : "active";
};

const pageOf = (cursor: string): number => {
  try {
    return Cursor.parse(JSON.parse(cursor)).page;
  } catch (cause) {
    throw new ChannelError({ kind: "permanent", message: "the import's cursor cannot be read; start over", cause });
  }
};
