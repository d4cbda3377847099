import { z } from "zod";

/**
 * What `importListings` notes on a listing and the other calls read back. `lane` says how its quantity is written:
 * `rest` through bulk_update_price_quantity; `unoffered`: no published fixed-price offer of the Inventory API stands
 * behind the SKU, so there is nothing this lane could write (the item may be unpublished, or listed by other means).
 */
export const ListingDetails = z.discriminatedUnion("lane", [
  z.object({
    lane: z.literal("rest"),
    sku: z.string().min(1),
    offerIds: z.array(z.string().min(1)).min(1),
  }),
  z.object({ lane: z.literal("unoffered"), sku: z.string().min(1) }),
]);
export type ListingDetails = z.infer<typeof ListingDetails>;

/** eBay's SKU is the seller's own key for the listing: unique in the account, byte-exact. */
export const skuRef = (sku: string): string => `sku:${sku}`;

/** An order line without SKU names the listing, and of a multi-variation listing the variation (§7). */
export const itemAlias = (listingId: string, variationId?: string): string =>
  variationId === undefined ? `item:${listingId}` : `item:${listingId}/${variationId}`;
