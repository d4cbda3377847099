import type { EbayError } from "./failures.ts";

/**
 * What an eBay error means for whoever met it.
 * - `system`: eBay's own trouble; it may or may not have been done
 * - `busy`: not done, and it passes
 * - `gone`: the SKU, item or offer is not what the import noted; import again
 * - `legacy`: the listing was not made by the Inventory API and is never migrated
 * - `parked`: the seller's or the listing's state; a person must look
 * - `bug`: we asked wrongly; a person must look, and no repetition helps
 * - `warning`: said beside a success
 */
export type ErrorClass = "system" | "busy" | "gone" | "legacy" | "parked" | "bug" | "warning";

/** The channel document's table (§4), row by row, and the throttle. */
const known: ReadonlyMap<number, { readonly is: ErrorClass; readonly advice?: string }> = new Map([
  [2001, { is: "busy" }],
  [25001, { is: "system" }],
  [25002, { is: "parked", advice: "the parameters say what eBay does not like" }],
  [25004, { is: "bug" }],
  [25019, { is: "parked", advice: "the listing has ended, has bids or is on a sale event; import the listings again" }],
  [25025, { is: "busy" }],
  [
    25026,
    { is: "parked", advice: "the selling limit counts price x quantity: cap what the account shows, or ask eBay" },
  ],
  [25096, { is: "parked", advice: "the listing is on hold at eBay" }],
  [25097, { is: "parked", advice: "the listing is on hold at eBay" }],
  [25098, { is: "parked", advice: "the listing is on hold at eBay" }],
  [25402, { is: "warning" }],
  [25604, { is: "bug" }],
  [25701, { is: "gone" }],
  [25702, { is: "gone" }],
  [25706, { is: "bug" }],
  [25707, { is: "bug" }],
  [25709, { is: "bug" }],
  [25710, { is: "gone" }],
  // Also what eBay says, misleadingly, when the seller may not sell on the marketplace.
  [25713, { is: "gone" }],
  [25718, { is: "legacy", advice: "the listing was made by other means; it is written through the Trading API" }],
  [25759, { is: "parked", advice: "stock is split over eBay's locations; let one location hold the SKU" }],
]);

/** Ids that the table does not name are judged by eBay's category: APPLICATION is eBay's, BUSINESS the seller's, REQUEST ours. */
export const classOf = ({ errorId, category }: Pick<EbayError, "errorId" | "category">): ErrorClass => {
  const found = known.get(errorId);
  if (found !== undefined) return found.is;
  if (category === "APPLICATION") return "system";
  return category === "BUSINESS" ? "parked" : "bug";
};

const goneAdvice = "the offer or item is gone, import the listings again";

/** A sentence for people, where the id alone says too little. */
export const adviceOn = (errors: readonly EbayError[]): string | undefined => {
  const advice = errors.flatMap((error) => {
    if (classOf(error) === "gone") return [goneAdvice];
    return known.get(error.errorId)?.advice ?? [];
  });
  return advice[0];
};
