import type { CallContext, ListingHandle, QuantityReading } from "../connector.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { isAddressable, isFulfilledByAmazon, ListingDetails, listingPath, listingsPath } from "./refs.ts";
import { ListingsItem, ListingsPage } from "./schemas.ts";

/** Most SKUs in one search by identifiers (§6). */
export const identifiersMax = 20;

const includedData = ["fulfillmentAvailability", "summaries"];

type Seller = { readonly sellerId: string; readonly marketplaceIds: readonly string[] };

/** SKUs of a search; a comma would be read as a separator, so those with one are read singly (§13.20). */
const searchSkus = async (
  client: AmazonClient,
  { sellerId, marketplaceIds }: Seller,
  skus: readonly string[],
  signal: AbortSignal,
): Promise<readonly ListingsItem[]> => {
  const query = {
    marketplaceIds,
    identifiers: skus,
    identifiersType: "SKU",
    includedData,
    pageSize: String(identifiersMax),
  };
  const answer = await client.call(
    { operation: "searchListingsItems", method: "GET", path: listingsPath(sellerId), query },
    signal,
  );
  return parseAnswer(ListingsPage, answer.data, "searchListingsItems").items;
};

/** One SKU; nothing when Amazon does not know it. */
const getSku = async (
  client: AmazonClient,
  { sellerId, marketplaceIds }: Seller,
  sku: string,
  signal: AbortSignal,
): Promise<readonly ListingsItem[]> => {
  if (!isAddressable(sku)) return [];
  try {
    const query = { marketplaceIds, includedData };
    const path = listingPath(sellerId, sku);
    const answer = await client.call({ operation: "getListingsItem", method: "GET", path, query }, signal);
    return [parseAnswer(ListingsItem, answer.data, "getListingsItem")];
  } catch (error) {
    if (isNotFound(error)) return [];
    throw error;
  }
};

const readingOf = (ref: string, details: ListingDetails, item: ListingsItem | undefined): QuantityReading => {
  if (item === undefined) return { ref, units: null, reason: "Amazon does not know this SKU" };
  const rows = item.fulfillmentAvailability.filter((row) => row.fulfillmentChannelCode === details.channelCode);
  if (rows.length === 0) return { ref, units: null, reason: `the SKU has no ${details.channelCode} stock` };
  const told = rows.flatMap(({ quantity }) => (quantity === undefined ? [] : [quantity]));
  // More than one row of the same code: buyers can buy from all of them.
  if (told.length === rows.length) return { ref, units: told.reduce((sum, units) => sum + units, 0) };
  // FBA rows come without a quantity here; their stock has an interface of its own (§6).
  const isAmazons = isFulfilledByAmazon(details.channelCode);
  return { ref, units: null, reason: isAmazons ? "fulfilled by Amazon: no quantity here" : "Amazon told no quantity" };
};

/**
 * What the listings show now, out of `fulfillmentAvailability`. One reading per listing.
 * Errors: `ChannelError` of the first call that failed.
 */
export const readQuantities = async (
  client: AmazonClient,
  seller: Seller,
  listings: readonly ListingHandle[],
  context: CallContext,
): Promise<readonly QuantityReading[]> => {
  const wanted = listings.map(({ ref, details }) => ({ ref, details: ListingDetails.safeParse(details).data }));
  const skus = [...new Set(wanted.flatMap(({ details }) => (details === undefined ? [] : [details.sku])))];
  const plain = skus.filter((sku) => !sku.includes(","));
  const found = new Map<string, ListingsItem>();
  const keep = (items: readonly ListingsItem[]): void => {
    for (const item of items) found.set(item.sku, item);
  };
  for (let start = 0; start < plain.length; start += identifiersMax) {
    keep(await searchSkus(client, seller, plain.slice(start, start + identifiersMax), context.signal));
  }
  for (const sku of skus.filter((one) => one.includes(","))) keep(await getSku(client, seller, sku, context.signal));
  return wanted.map(({ ref, details }) =>
    details === undefined
      ? { ref, units: null, reason: "the listing's details are not from an import of this connector" }
      : readingOf(ref, details, found.get(details.sku)),
  );
};
