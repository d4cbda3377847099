import { z } from "zod";
import { EbayError } from "./failures.ts";

/** eBay's answers, reduced to what is used; zod drops the rest. Names and optionality as in the Sell Inventory contract. */
export const InventoryItem = z.object({
  product: z.object({ title: z.string().optional() }).optional(),
  availability: z
    .object({ shipToLocationAvailability: z.object({ quantity: z.number().int().optional() }).optional() })
    .optional(),
  groupIds: z.array(z.string()).optional(),
  inventoryItemGroupKeys: z.array(z.string()).optional(),
});
export type InventoryItem = z.infer<typeof InventoryItem>;

export const InventoryItems = z.object({
  total: z.number().int().optional(),
  next: z.string().optional(),
  inventoryItems: z.array(InventoryItem.extend({ sku: z.string().min(1) })).default([]),
});

export const BulkInventoryItems = z.object({
  responses: z.array(
    z.object({
      sku: z.string(),
      statusCode: z.number().int(),
      inventoryItem: InventoryItem.optional(),
      errors: z.array(EbayError).optional(),
    }),
  ),
});

export const Offer = z.object({
  offerId: z.string().min(1),
  format: z.string().optional(),
  status: z.string().optional(),
  /** Absent: the offer sets no limit of its own, the item's quantity alone counts. */
  availableQuantity: z.number().int().optional(),
  listing: z.object({ listingId: z.string().optional(), listingStatus: z.string().optional() }).optional(),
});
export type Offer = z.infer<typeof Offer>;

export const Offers = z.object({ total: z.number().int().optional(), offers: z.array(Offer).default([]) });

export const PriceQuantityRow = z.object({
  sku: z.string().optional(),
  offerId: z.string().optional(),
  statusCode: z.number().int(),
  errors: z.array(EbayError).optional(),
  warnings: z.array(EbayError).optional(),
});
export type PriceQuantityRow = z.infer<typeof PriceQuantityRow>;

export const BulkPriceQuantity = z.object({ responses: z.array(PriceQuantityRow) });
