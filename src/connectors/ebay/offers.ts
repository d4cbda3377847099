import { ChannelError } from "../../core/failure.ts";
import type { EbayClient } from "./client.ts";
import { hasStatus, unreadable } from "./failures.ts";
import { type InventoryItem, type Offer, Offers } from "./schemas.ts";

const offersPerPage = 100;
const pagesMax = 5;

/**
 * The SKU's PUBLISHED fixed-price offers. An auction may share the SKU and is never touched; an unpublished offer
 * shows nothing. There is no account-wide list of offers, so this is one call a SKU (§6); `offset` counts PAGES.
 */
export const liveOffersOf = async (sku: string, client: EbayClient, signal: AbortSignal): Promise<readonly Offer[]> => {
  const offers: Offer[] = [];
  for (let page = 0; page < pagesMax; page += 1) {
    const found = await offerPage(sku, page, client, signal);
    offers.push(...found.offers);
    if (found.offers.length === 0 || (page + 1) * offersPerPage >= (found.total ?? 0)) break;
  }
  return offers.filter((offer) => offer.status === "PUBLISHED" && (offer.format ?? "FIXED_PRICE") === "FIXED_PRICE");
};

const offerPage = async (sku: string, page: number, client: EbayClient, signal: AbortSignal) => {
  try {
    const answer = await client(
      {
        method: "GET",
        path: "/sell/inventory/v1/offer",
        query: { sku, format: "FIXED_PRICE", limit: String(offersPerPage), offset: String(page) },
        quota: "inventory",
        repeatable: true,
      },
      signal,
    );
    const parsed = Offers.safeParse(answer.body);
    if (!parsed.success) throw unreadable("list of offers", parsed.error);
    return parsed.data;
  } catch (error) {
    if (meansNone(error)) return { total: 0, offers: [] };
    throw error;
  }
};

/**
 * A SKU without any offer is answered with 404 / 25713, not with an empty list. 25707: a SKU of older days with
 * characters that this lane cannot address; failing on it would stop the import of all the others.
 */
const meansNone = (error: unknown): boolean =>
  hasStatus(error, 404) || (error instanceof ChannelError && error.channelCode === "25707");

/** Buyers see the smaller of the item's ship-to quantity and the offer's own; null when the item tracks no quantity. */
export const shownUnits = (item: InventoryItem, offers: readonly Offer[]): number | null => {
  const onItem = item.availability?.shipToLocationAvailability?.quantity;
  if (onItem === undefined) return null;
  return Math.max(0, Math.min(onItem, ...offers.map((offer) => offer.availableQuantity ?? onItem)));
};

/** Calls that one call of ours may have open at once: enough to hide latency, too few to trip burst limits. */
const openCallsMax = 16;

/** Maps in order with at most sixteen calls open; the first failure stops the rest from starting. */
export const mapWithFewOpen = async <Item, Result>(
  items: readonly Item[],
  ask: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results = new Map<number, Result>();
  const queue = items.entries();
  let failed = false;
  const lane = async (): Promise<void> => {
    for (const [index, item] of queue) {
      if (failed) return;
      try {
        results.set(index, await ask(item));
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(openCallsMax, items.length) }, lane));
  return [...results.entries()].toSorted(([a], [b]) => a - b).map(([, result]) => result);
};
