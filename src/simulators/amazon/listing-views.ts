import { toIso } from "../../core/clock.ts";
import { amazonChannelCode } from "./account.ts";
import type { AvailabilityRow } from "./availability.ts";
import type { Identifiers } from "./identifiers.ts";
import { buyableUnits, type Listing } from "./world.ts";

const productType = "PRODUCT";

/** An `Item` of Listings Items 2021-08-01 with the datasets asked for; `rows` is what fulfillmentAvailability shall show. */
export const renderItem = (
  listing: Listing,
  rows: readonly AvailabilityRow[],
  datasets: ReadonlySet<string>,
  at: { readonly marketplaceId: string; readonly identifiers: Identifiers },
): Record<string, unknown> => {
  const { marketplaceId } = at;
  const item: Record<string, unknown> = { sku: listing.sku };
  if (datasets.has("summaries")) item["summaries"] = [renderSummary(listing, at)];
  if (datasets.has("attributes")) {
    item["attributes"] = {
      item_name: [{ value: listing.title, language_tag: "en_US", marketplace_id: marketplaceId }],
      ...listing.otherAttributes,
      fulfillment_availability: listing.submitted.map((row) => ({ ...row, marketplace_id: marketplaceId })),
    };
  }
  if (datasets.has("issues")) item["issues"] = [];
  if (datasets.has("offers")) {
    item["offers"] = [{ marketplaceId, offerType: "B2C", price: { currencyCode: "USD", amount: "19.99" } }];
  }
  if (datasets.has("fulfillmentAvailability")) item["fulfillmentAvailability"] = rows.map(renderRow);
  if (datasets.has("relationships")) item["relationships"] = [{ marketplaceId, relationships: [] }];
  if (datasets.has("productTypes")) item["productTypes"] = [{ marketplaceId, productType }];
  return item;
};

const renderSummary = (
  listing: Listing,
  at: { readonly marketplaceId: string; readonly identifiers: Identifiers },
): Record<string, unknown> => ({
  marketplaceId: at.marketplaceId,
  asin: at.identifiers.asin(listing.sku),
  productType,
  conditionType: "new_new",
  status: buyableUnits(listing) > 0 ? ["BUYABLE", "DISCOVERABLE"] : ["DISCOVERABLE"],
  ...(listing.fulfilledBy === "channel" ? { fnSku: at.identifiers.fnSku(listing.sku) } : {}),
  itemName: listing.title,
  createdDate: toIso(listing.createdMs),
  lastUpdatedDate: toIso(listing.updatedMs),
});

/** Amazon's own stock has no quantity here: absent, not 0 (channel document §6). */
const renderRow = (row: AvailabilityRow): Record<string, unknown> => ({
  fulfillmentChannelCode: row.fulfillment_channel_code,
  ...(row.quantity !== undefined && row.fulfillment_channel_code !== amazonChannelCode
    ? { quantity: row.quantity }
    : {}),
});
