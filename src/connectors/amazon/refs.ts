import { z } from "zod";

/** Amazon's code of the seller's own stock; everything else is Amazon's (`AMAZON_NA` …) or a supply source (§6). */
export const merchantCode = "DEFAULT";

/** Product type that Amazon accepts for stock changes whatever the product is (§6). */
export const genericProductType = "PRODUCT";

/** What the import notes for later writes. */
export const ListingDetails = z.object({
  sku: z.string().min(1),
  channelCode: z.string().min(1),
  productType: z.string().min(1),
  /** A marketplace where the SKU is listed. The quantity itself is shared by all of them (§0.1). */
  marketplaceId: z.string().min(1),
});
export type ListingDetails = z.infer<typeof ListingDetails>;

/** One listing is a seller SKU under one fulfilment channel. The code comes first: a SKU may hold any sign, a code no colon. */
export const listingRef = (sku: string, channelCode: string): string => `offer:${channelCode}:${sku}`;

/** The name orders know a listing of the seller's own stock by. */
export const merchantAlias = (sku: string): string => `sku:${sku}`;

/** The same for stock in Amazon's warehouses: the SKU alone does not say in whose (AMAZON_NA, AMAZON_EU …). */
export const amazonAlias = (sku: string): string => `fba:${sku}`;

/** Names by which orders may mention a listing; supply sources are not mentioned. */
export const aliasesOf = (sku: string, channelCode: string): readonly string[] => {
  if (isFulfilledByAmazon(channelCode)) return [amazonAlias(sku)];
  return channelCode === merchantCode ? [merchantAlias(sku)] : [];
};

export const isFulfilledByAmazon = (channelCode: string): boolean => channelCode.startsWith("AMAZON");

/** False for the two SKUs that a URL cannot carry as a path segment: clients and gateways resolve them away. */
export const isAddressable = (sku: string): boolean => sku !== "." && sku !== "..";

/** Path of one listing; `/` becomes %2F, a space %20, encoded once (§6). */
export const listingPath = (sellerId: string, sku: string): string =>
  `${listingsPath(sellerId)}/${encodeURIComponent(sku)}`;

export const listingsPath = (sellerId: string): string => `/listings/2021-08-01/items/${encodeURIComponent(sellerId)}`;
