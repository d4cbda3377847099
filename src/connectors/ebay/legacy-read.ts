import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { QuantityReading } from "../connector.ts";
import { Counted, type LegacyDetails, unitsOf } from "./legacy-details.ts";
import { mapWithFewOpen } from "./offers.ts";
import type { Trading } from "./trading.ts";
import { listOf } from "./trading-errors.ts";

const Item = z.object({
  Item: Counted.extend({
    Variations: z
      .object({ Variation: listOf(Counted.extend({ SKU: z.string().optional() })) })
      .optional()
      .catch(undefined),
  }),
});
type Item = z.infer<typeof Item>["Item"];

/** Without it eBay sends the listing's whole description along. */
const selectors = [
  "Item.ItemID",
  "Item.Quantity",
  "Item.SellingStatus",
  "Item.Variations.Variation.SKU",
  "Item.Variations.Variation.Quantity",
  "Item.Variations.Variation.SellingStatus",
];

/** 17: deleted, or never the seller's. 1047: not a valid item id any more. */
const goneCodes = new Set(["17", "1047"]);

export type LegacyListing = { readonly ref: string; readonly details: LegacyDetails };

/** What Trading listings show now: one GetItem an item, however many of its variations are asked for. */
export const readLegacy = async (
  listings: readonly LegacyListing[],
  trading: Trading,
  signal: AbortSignal,
): Promise<readonly QuantityReading[]> => {
  const itemIds = [...new Set(listings.map(({ details }) => details.itemId))];
  const items = new Map(
    await mapWithFewOpen(itemIds, async (itemId) => [itemId, await itemOf(itemId, trading, signal)] as const),
  );
  return listings.map(({ ref, details }) => readingOf(ref, details, items.get(details.itemId)));
};

const itemOf = async (itemId: string, trading: Trading, signal: AbortSignal): Promise<Item | undefined> => {
  try {
    const body = { ItemID: itemId, OutputSelector: selectors.map((selector) => ({ "#text": selector })) };
    const { Item: item } = await trading(
      { name: "GetItem", body, answer: Item, quota: "tradingItem", repeatable: true },
      signal,
    );
    return item;
  } catch (error) {
    if (error instanceof ChannelError && goneCodes.has(error.channelCode ?? "")) return undefined;
    throw error;
  }
};

const readingOf = (ref: string, { sku, isVariation }: LegacyDetails, item: Item | undefined): QuantityReading => {
  if (item === undefined) return { ref, units: null, reason: "eBay does not know this listing any more" };
  const { ListingStatus: status = "Active" } = item.SellingStatus ?? {};
  if (status !== "Active") return { ref, units: null, reason: `the listing is ${status.toLowerCase()}` };
  if (!isVariation) return { ref, units: unitsOf(item) };
  const variation = item.Variations?.Variation.find(({ SKU }) => SKU === sku);
  return sku === null || variation === undefined
    ? { ref, units: null, reason: "the listing has no such variation; import the listings again" }
    : { ref, units: unitsOf(variation) };
};
