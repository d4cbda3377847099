import { z } from "zod";
import { itemAlias } from "./details.ts";

/**
 * A listing that the Inventory API did not make: read and written through Trading, and never migrated, for afterwards
 * the seller's own tools could not revise it any more (§10). A variation is named by its SKU; one without a SKU has none
 * that Trading would take.
 */
export const LegacyDetails = z.object({
  lane: z.literal("trading"),
  itemId: z.string().min(1),
  sku: z.string().nullable(),
  isVariation: z.boolean(),
});
export type LegacyDetails = z.infer<typeof LegacyDetails>;

/** One SKU may stand on several such listings, so they are named by item id; a variation adds its SKU. */
export const variationRef = (itemId: string, sku: string): string => `${itemAlias(itemId)}/sku:${sku}`;

/** Available = Quantity − QuantitySold: Trading's Quantity counts the sold units too (§6). */
export const availableUnits = (quantity: number, sold: number): number => Math.max(0, quantity - sold);

const Count = z.coerce.number().int();

/** As GetItem and GetMyeBaySelling tell a listing's quantities; names as Trading's. */
export const Counted = z.object({
  Quantity: Count.default(0),
  QuantityAvailable: Count.optional(),
  SellingStatus: z.object({ QuantitySold: Count.default(0), ListingStatus: z.string().optional() }).optional(),
});
type Counted = z.infer<typeof Counted>;

export const unitsOf = ({ Quantity, QuantityAvailable, SellingStatus }: Counted): number =>
  QuantityAvailable ?? availableUnits(Quantity, SellingStatus?.QuantitySold ?? 0);
