import type { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ListingHandle, QuantityReading } from "../connector.ts";
import type { EbayClient } from "./client.ts";
import { ListingDetails } from "./details.ts";
import { describeErrors, hasStatus, unreadable } from "./failures.ts";
import { liveOffersOf, mapWithFewOpen, shownUnits } from "./offers.ts";
import { BulkInventoryItems, type InventoryItem } from "./schemas.ts";

/** Listings in one read of ours, and SKUs in one bulk call of eBay's: the slowest call of a read is waited for once. */
export const readBatchMax = 100;
const bulkItemsMax = 25;

/**
 * What the listings show now. The shown number is the smaller of two stored far apart, so both are always read: the
 * items in bulk calls of 25, the offers in one `GET /offer?sku=` each. That is up to 26 calls for 25 listings, chosen
 * over the two cheaper ways: the item alone would call a push applied that an offer still holds back, and `getOffer`
 * by the ids noted at import costs the same or more and misses an offer published or withdrawn since. 50 000 listings
 * cost 52 000 of the day's 2 000 000 inventory calls. A listing without offers costs no call of its own.
 *
 * A listing whose offers could not be read just now is left out of the answer: one lost call among 26 must not throw
 * away the other 25. Errors: `ChannelError`, when no listing at all could be told.
 */
export const readQuantities = async (
  listings: readonly ListingHandle[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<readonly QuantityReading[]> => {
  const known = listings.map(({ ref, details }) => ({ ref, details: ListingDetails.safeParse(details).data }));
  const skus = [...new Set(known.flatMap(({ details }) => (details?.lane === "rest" ? [details.sku] : [])))];
  const items = new Map<string, ItemSeen>();
  const chunks = Array.from({ length: Math.ceil(skus.length / bulkItemsMax) }, (_, at) =>
    skus.slice(at * bulkItemsMax, (at + 1) * bulkItemsMax),
  );
  for (const seen of await mapWithFewOpen(chunks, (chunk) => itemsOf(chunk, client, signal)))
    for (const [sku, item] of seen) items.set(sku, item);
  const failures: ChannelError[] = [];
  const readings = await mapWithFewOpen(known, async ({ ref, details }): Promise<QuantityReading | undefined> => {
    if (details === undefined)
      return { ref, units: null, reason: "the listing's details cannot be read; import it again" };
    if (details.lane === "unoffered") return { ref, units: null, reason: noOffer };
    const seen = items.get(details.sku);
    if (seen?.item === undefined) return { ref, units: null, reason: seen?.reason ?? "not found" };
    try {
      return await readingOf(ref, seen.item, details.sku, client, signal);
    } catch (error) {
      if (signal.aborted || !isPassing(error)) throw error;
      failures.push(error);
      return undefined;
    }
  });
  const told = readings.filter((reading) => reading !== undefined);
  const [failure] = failures;
  if (told.length === 0 && failure !== undefined) throw failure;
  return told;
};

const isPassing = (error: unknown): error is ChannelError =>
  error instanceof ChannelError && (error.kind === "retryable" || error.kind === "throttled");

const noOffer = "no published fixed-price offer stands behind this SKU";

const readingOf = async (
  ref: string,
  item: InventoryItem,
  sku: string,
  client: EbayClient,
  signal: AbortSignal,
): Promise<QuantityReading> => {
  const offers = await liveOffersOf(sku, client, signal);
  if (offers.length === 0) return { ref, units: null, reason: noOffer };
  const units = shownUnits(item, offers);
  if (units === null) return { ref, units, reason: "the inventory item has no ship-to quantity" };
  const each = new Set(offers.map((offer) => shownUnits(item, [offer])));
  return each.size === 1 ? { ref, units } : { ref, units, reason: `its offers disagree: ${[...each].join(", ")}` };
};

type ItemRow = z.infer<typeof BulkInventoryItems>["responses"][number];
type ItemSeen = { readonly item: InventoryItem } | { readonly item?: undefined; readonly reason: string };

/** One bulk call. eBay turns the whole of it down for one malformed SKU; halving finds that one and spares the rest. */
export const itemsOf = async (
  skus: readonly string[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<Map<string, ItemSeen>> => {
  try {
    return await askForItems(skus, client, signal);
  } catch (error) {
    if (!(error instanceof ChannelError && error.kind === "permanent" && hasStatus(error, 400, 404))) throw error;
    if (skus.length === 1) return new Map(skus.map((sku): [string, ItemSeen] => [sku, { reason: error.message }]));
    const middle = Math.ceil(skus.length / 2);
    const first = await itemsOf(skus.slice(0, middle), client, signal);
    return new Map([...first, ...(await itemsOf(skus.slice(middle), client, signal))]);
  }
};

const askForItems = async (
  skus: readonly string[],
  client: EbayClient,
  signal: AbortSignal,
): Promise<Map<string, ItemSeen>> => {
  const answer = await client(
    {
      method: "POST",
      path: "/sell/inventory/v1/bulk_get_inventory_item",
      body: { requests: skus.map((sku) => ({ sku })) },
      quota: "inventory",
      repeatable: true,
    },
    signal,
  );
  const parsed = BulkInventoryItems.safeParse(answer.body);
  if (!parsed.success) throw unreadable("inventory items", parsed.error);
  const rows = new Map(parsed.data.responses.map((row) => [row.sku, row]));
  return new Map(skus.map((sku): [string, ItemSeen] => [sku, seenIn(rows.get(sku), sku)]));
};

/** A row that failed on eBay's side fails the call: "not told" must never read as "the channel has no such listing". */
const seenIn = (row: ItemRow | undefined, sku: string): ItemSeen => {
  if (row === undefined || row.statusCode >= 500 || row.statusCode === 429) {
    throw new ChannelError({ kind: "retryable", message: `eBay did not tell the inventory item of ${sku}` });
  }
  if (row.statusCode < 300 && row.inventoryItem !== undefined) return { item: row.inventoryItem };
  return { reason: describeErrors(row.errors ?? []) || `eBay answered ${row.statusCode} for this SKU` };
};
