import { z } from "zod";
import type { ImportedListing } from "../connector.ts";
import { itemAlias } from "./details.ts";
import { Counted, type LegacyDetails, unitsOf, variationRef } from "./legacy-details.ts";
import type { Trading } from "./trading.ts";
import { listOf } from "./trading-errors.ts";

const itemsPerPage = 200;

const Specific = z.object({ Name: z.string(), Value: listOf(z.string()) });
const Variation = Counted.extend({
  SKU: z.string().optional(),
  VariationSpecifics: z
    .object({ NameValueList: listOf(Specific) })
    .optional()
    .catch(undefined),
});
type Variation = z.infer<typeof Variation>;

const ActiveItem = Counted.extend({
  ItemID: z.string().min(1),
  Title: z.string().optional(),
  SKU: z.string().optional(),
  ListingType: z.string().default("FixedPriceItem"),
  Variations: z
    .object({ Variation: listOf(Variation) })
    .optional()
    .catch(undefined),
});
export type ActiveItem = z.infer<typeof ActiveItem>;

const Selling = z.object({
  ActiveList: z
    .object({
      ItemArray: z
        .object({ Item: listOf(ActiveItem) })
        .optional()
        .catch(undefined),
      PaginationResult: z.object({ TotalNumberOfPages: z.coerce.number().int().default(0) }).optional(),
    })
    .optional()
    .catch(undefined),
});

/** One page (from 1) of everything the seller has on sale, by whatever means it was listed, auctions left out. */
export const activePage = async (
  page: number,
  trading: Trading,
  signal: AbortSignal,
): Promise<{ readonly items: readonly ActiveItem[]; readonly pages: number }> => {
  const { ActiveList: list } = await trading(
    {
      name: "GetMyeBaySelling",
      body: {
        ActiveList: {
          Include: "true",
          Pagination: { EntriesPerPage: String(itemsPerPage), PageNumber: String(page) },
        },
      },
      answer: Selling,
      quota: "tradingList",
      repeatable: true,
      timeoutMs: 30_000,
    },
    signal,
  );
  const items = (list?.ItemArray?.Item ?? []).filter(({ ListingType }) => fixedPrice.has(ListingType));
  return { items, pages: list?.PaginationResult?.TotalNumberOfPages ?? 0 };
};

const fixedPrice: ReadonlySet<string> = new Set(["FixedPriceItem", "StoresFixedPrice"]);

export const variationsOf = ({ Variations }: ActiveItem): readonly Variation[] => Variations?.Variation ?? [];

/** A variation listing is one listing of ours for each variation. */
export const toLegacyListings = (item: ActiveItem): readonly ImportedListing[] => {
  const variations = variationsOf(item);
  if (variations.length === 0) {
    return [listingOf(item, { ref: itemAlias(item.ItemID), sku: item.SKU || null, isVariation: false }, item)];
  }
  return variations.map((variation) => {
    const sku = variation.SKU || null;
    const ref = sku === null ? namelessRef(item, variation) : variationRef(item.ItemID, sku);
    return listingOf(item, { ref, sku, isVariation: true }, variation);
  });
};

/** No SKU, no way to write it; it is imported all the same, so that it is seen. */
const namelessRef = ({ ItemID }: ActiveItem, { VariationSpecifics }: Variation): string => {
  const specifics = (VariationSpecifics?.NameValueList ?? []).map(({ Name, Value }) => `${Name}=${Value.join("/")}`);
  return `${itemAlias(ItemID)}/variation:${specifics.join(";")}`;
};

const listingOf = (
  item: ActiveItem,
  named: { readonly ref: string; readonly sku: string | null; readonly isVariation: boolean },
  counted: Parameters<typeof unitsOf>[0],
): ImportedListing => {
  const details: LegacyDetails = {
    lane: "trading",
    itemId: item.ItemID,
    sku: named.sku,
    isVariation: named.isVariation,
  };
  return {
    ref: named.ref,
    details,
    aliases: [],
    channelSku: named.sku,
    title: item.Title ?? null,
    fulfilledBy: "merchant",
    status: "active",
    units: unitsOf(counted),
  };
};
