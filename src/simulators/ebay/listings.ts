export type OfferSeed = { readonly offerId: string; readonly listingId: string; readonly marketplaceId: string };

export type Offer = OfferSeed & {
  /** `availableQuantity`: the most this offer may show. */
  availableUnits: number;
  soldUnits: number;
  /** How often its listing was revised on one of the channel's days. */
  revisions: { day: number; count: number };
};

/** `ended` and `unpublished` cannot be sold or revised; `onHold` can be seen but neither. */
export const listingStates = ["active", "ended", "onHold", "unpublished"] as const;
export type ListingState = (typeof listingStates)[number];

/** How a listing was made when not by the Inventory API: that one neither sees nor writes it (channel document §10). */
export type TradingMade = {
  /** The seller's own SKU; null when the listing or variation has none. */
  readonly channelSku: string | null;
  readonly variation: { readonly variationId: string; readonly name: string; readonly value: string } | null;
};

/** An inventory item with its offers; every published offer is a listing that buyers see. */
export type Listing = {
  /** The key in these books; the SKU on the channel too, unless `trading` says otherwise. */
  readonly sku: string;
  readonly trading: TradingMade | undefined;
  readonly title: string;
  readonly priceCents: number;
  /** The item's ship-to quantity. */
  itemUnits: number;
  readonly offers: readonly Offer[];
  state: ListingState;
  /** What the offers showed before, oldest first, with when that began; as long as stale reads look back. */
  past: readonly { readonly untilMs: number; readonly units: readonly number[] }[];
};

/** A listing shows the smaller of the item's and the offer's quantity (channel document §5.1). */
export const shownUnits = (listing: Listing, offer: Offer): number =>
  listing.state === "active" ? Math.max(0, Math.min(listing.itemUnits, offer.availableUnits)) : 0;

/** The offer with the most to sell: buyers go where there is stock. */
export const bestOffer = (listing: Listing): Offer =>
  listing.offers.reduce((best, offer) => (shownUnits(listing, offer) > shownUnits(listing, best) ? offer : best));

/** What buyers can buy now. */
export const buyableUnits = (listing: Listing): number => shownUnits(listing, bestOffer(listing));
