import type { ListingWrite, PushOutcome } from "../connector.ts";
import { ListingDetails } from "./details.ts";
import { LegacyDetails } from "./legacy-details.ts";
import type { LegacyRequest } from "./legacy-push.ts";
import type { QuantityRequest } from "./push-outcome.ts";

/** One listing's write in its lane, or why there is none. `keys` name the listings whose revision it costs. */
export type Planned =
  | { readonly lane: "rest"; readonly keys: readonly string[]; readonly request: QuantityRequest }
  | { readonly lane: "trading"; readonly keys: readonly string[]; readonly request: LegacyRequest }
  | { readonly lane: "none"; readonly outcome: PushOutcome };

const offersMax = 25;

/** Pure: lanes from the details noted at import. */
export const planWrite = ({ ref, details, units, expectedUnits }: ListingWrite): Planned => {
  const refuse = (reason: string): Planned => ({
    lane: "none",
    outcome: { ref, status: "refused", retry: "never", reason },
  });
  const legacy = LegacyDetails.safeParse(details).data;
  if (legacy !== undefined) {
    const { itemId, sku, isVariation } = legacy;
    if (isVariation && sku === null)
      return refuse("eBay changes a variation's quantity by its SKU only, and this one has none; give it one");
    return { lane: "trading", keys: [itemId], request: { ref, itemId, sku: isVariation ? sku : null, units } };
  }
  const rest = ListingDetails.safeParse(details).data;
  if (rest === undefined) return refuse("the listing's details cannot be read; import it again");
  if (rest.lane === "unoffered")
    return refuse(
      "no published fixed-price offer of the Inventory API stands behind this SKU; publish an offer and import the listings again",
    );
  const { sku, offerIds } = rest;
  if (offerIds.length > offersMax) return refuse(`eBay takes at most ${offersMax} offers of a SKU in one call`);
  return { lane: "rest", keys: offerIds, request: { ref, sku, offerIds, units, expectedUnits } };
};
