import { z } from "zod";
import type { ReportedListing } from "../connector.ts";
import { itemAlias, skuRef } from "./details.ts";
import { variationRef } from "./legacy-details.ts";
import { listOf } from "./trading-errors.ts";
import { parseXml } from "./xml.ts";

const Counted = z.object({ SKU: z.string().optional(), Quantity: z.coerce.number().int().min(0).default(0) });
const Details = z.object({
  SKUDetails: Counted.extend({
    ItemID: z.string().min(1),
    Variations: z
      .object({ Variation: listOf(Counted) })
      .optional()
      .catch(undefined),
  }),
});

const open = "<SKUDetails>";
const close = "</SKUDetails>";
const end = "</ActiveInventoryReport>";
/** A listing has at most 250 variations; a fragment larger than this is no listing. */
const fragmentCharsMax = 2_000_000;

/**
 * The listings of an ActiveInventoryReport, one by one: the document may be 15 MB packed, so it is never held whole.
 * Throws `SyntaxError` when it breaks off or is no such report: listings missing for that must not read as ended.
 */
export async function* reportRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReportedListing> {
  const decoder = new TextDecoder("utf-8");
  let text = "";
  let ended = false;
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true });
    for (let at = text.indexOf(close); at >= 0; at = text.indexOf(close)) {
      yield* listingsIn(text.slice(text.indexOf(open), at + close.length));
      text = text.slice(at + close.length);
    }
    ended ||= text.includes(end);
    if (text.length > fragmentCharsMax) throw new SyntaxError("the report holds a listing without an end");
  }
  if (!ended) throw new SyntaxError("the report breaks off");
}

const listingsIn = (fragment: string): readonly ReportedListing[] => {
  const { ItemID, SKU, Quantity, Variations } = Details.parse(parseXml(fragment)).SKUDetails;
  const item = itemAlias(ItemID);
  if (Variations === undefined)
    return [{ listingRefs: [...(SKU ? [skuRef(SKU)] : []), item], channelSku: SKU || null, units: Quantity }];
  return Variations.Variation.map((variation) => ({
    listingRefs: variation.SKU ? [skuRef(variation.SKU), variationRef(ItemID, variation.SKU)] : [],
    channelSku: variation.SKU || null,
    units: variation.Quantity,
  }));
};
