import { type Listing, type Offer, shownUnits } from "./listings.ts";

export const money = (cents: number): { readonly value: string; readonly currency: string } => ({
  value: (cents / 100).toFixed(2),
  currency: "USD",
});

/** An inventory item as the channel shows it: the applied ship-to quantity. */
export const itemView = (listing: Listing): unknown => ({
  sku: listing.sku,
  locale: "en_US",
  product: { title: listing.title, imageUrls: [] },
  condition: "NEW",
  availability: {
    shipToLocationAvailability: {
      quantity: listing.itemUnits,
      allocationByFormat: { auction: 0, fixedPrice: listing.itemUnits },
    },
  },
});

/** An offer; `sinceMs` in the past gives what it showed then. */
export const offerView = (listing: Listing, offer: Offer, sinceMs?: number): unknown => {
  const at = listing.offers.indexOf(offer);
  const past = sinceMs === undefined ? undefined : listing.past.find(({ untilMs }) => untilMs > sinceMs);
  return {
    offerId: offer.offerId,
    sku: listing.sku,
    marketplaceId: offer.marketplaceId,
    format: "FIXED_PRICE",
    availableQuantity: past?.units[at] ?? offer.availableUnits,
    categoryId: "30120",
    pricingSummary: { price: money(listing.priceCents) },
    merchantLocationKey: "warehouse-1",
    listingDuration: "GTC",
    includeCatalogProductDetails: true,
    hideBuyerDetails: false,
    status: listing.state === "active" || listing.state === "onHold" ? "PUBLISHED" : "UNPUBLISHED",
    ...(listing.state === "unpublished"
      ? {}
      : {
          listing: {
            listingId: offer.listingId,
            listingStatus: listingStatus(listing, offer),
            listingOnHold: listing.state === "onHold",
            soldQuantity: offer.soldUnits,
          },
        }),
  };
};

const listingStatus = (listing: Listing, offer: Offer): string => {
  if (listing.state === "ended") return "ENDED";
  return listing.state === "active" && shownUnits(listing, offer) === 0 ? "OUT_OF_STOCK" : "ACTIVE";
};

export const locationView = {
  merchantLocationKey: "warehouse-1",
  name: "Main warehouse",
  merchantLocationStatus: "ENABLED",
  locationTypes: ["WAREHOUSE"],
  location: { address: { city: "Springfield", stateOrProvince: "OR", postalCode: "97477", country: "US" } },
};
