import type { QuantityWrite } from "../kit/simulator.ts";
import type { Destination, Entry, Subscription } from "./entries.ts";
import { buyableUnits, type Listing, type Offer } from "./listings.ts";
import { OrderIndex } from "./order-index.ts";
import { lineOf, type Order, openUnits } from "./orders.ts";

type Of<Kind extends Entry["kind"]> = Extract<Entry, { kind: Kind }>;

/** How many past states of an offer a stale read may look into. */
const pastStatesMax = 16;

/** The simulated channel's state. Only `apply` changes it, live and in replay alike. */
export class World {
  readonly listings = new Map<string, Listing>();
  /** Made by the Inventory API, in order of listing: the sequence in which sweeps see them. */
  readonly listed: Listing[] = [];
  /** Made by other means: only Trading sees them. */
  readonly legacy: Listing[] = [];
  readonly listingByOfferId = new Map<string, Listing>();
  readonly orders = new Map<string, Order>();
  readonly byReference = new Map<string, { readonly order: Order; readonly soldOut: Of<"sold">["soldOut"] }>();
  readonly byCreation = new OrderIndex();
  readonly byModification = new OrderIndex();
  readonly writes: QuantityWrite[] = [];
  readonly destinations = new Map<string, Destination>();
  readonly subscriptions = new Map<string, Subscription>();
  key: { readonly keyId: string; readonly privateKeyPem: string } | undefined;
  alertEmail: string | undefined;
  writesAccepted = 0;
  /** Newest time seen: times never run backwards, whatever the clock does. */
  newestMs = 0;
  readonly #outOfStockControl: boolean;

  /** `outOfStockControl` false: a listing that reaches 0 ends (channel document §5.3). Must stay the same for a journal. */
  constructor(options: { readonly outOfStockControl: boolean }) {
    this.#outOfStockControl = options.outOfStockControl;
  }

  apply(entry: Entry): void {
    this.newestMs = Math.max(this.newestMs, entry.atMs);
    switch (entry.kind) {
      case "key":
        this.key = entry;
        return undefined;
      case "listed":
        return this.#list(entry);
      case "state-set":
        this.listing(entry.sku).state = entry.state;
        return undefined;
      case "sold":
        return this.#sell(entry);
      case "cancelled":
        return this.#cancel(entry);
      case "shipped":
        return this.#ship(entry);
      case "return-set":
        return this.#setReturn(entry);
      case "edited": {
        const listing = this.listing(entry.sku);
        const offers = listing.offers.map(({ offerId }) => ({ offerId, units: entry.units }));
        return this.#setUnits(listing, { itemUnits: entry.units, offers }, entry.atMs);
      }
      case "accepted":
        return this.#accept(entry);
      case "applied":
        return this.#applyWrite(entry);
      case "alert-email-set":
        this.alertEmail = entry.alertEmail;
        return undefined;
      case "destination-set":
        this.destinations.set(entry.destination.destinationId, entry.destination);
        return undefined;
      case "destination-deleted":
        this.destinations.delete(entry.destinationId);
        return undefined;
      case "subscription-set":
        this.subscriptions.set(entry.subscription.subscriptionId, entry.subscription);
        return undefined;
      case "subscription-deleted":
        this.subscriptions.delete(entry.subscriptionId);
    }
  }

  listing(sku: string): Listing {
    const listing = this.listings.get(sku);
    if (listing === undefined) throw new Error(`no listing ${JSON.stringify(sku)}`);
    return listing;
  }

  /** As the Inventory API sees it: undefined for what it did not make. */
  inventoryItem(sku: string): Listing | undefined {
    const listing = this.listings.get(sku);
    return listing?.trading === undefined ? listing : undefined;
  }

  order(orderId: string): Order {
    const order = this.orders.get(orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    return order;
  }

  #list(entry: Of<"listed">): void {
    const listing: Listing = {
      sku: entry.sku,
      trading: entry.trading,
      title: entry.title,
      priceCents: entry.priceCents,
      itemUnits: entry.units,
      offers: entry.offers.map((offer) => ({
        ...offer,
        availableUnits: entry.units,
        soldUnits: 0,
        revisions: { day: 0, count: 0 },
      })),
      state: "active",
      past: [],
    };
    this.listings.set(entry.sku, listing);
    (entry.trading === undefined ? this.listed : this.legacy).push(listing);
    for (const { offerId } of listing.offers) this.listingByOfferId.set(offerId, listing);
  }

  #sell(entry: Of<"sold">): void {
    const order: Order = {
      orderId: entry.orderId,
      number: this.orders.size + 1,
      reference: entry.reference,
      createdMs: entry.atMs,
      visibleAtMs: entry.visibleAtMs,
      modifiedMs: entry.visibleAtMs,
      lines: entry.lines.map(({ lineId, sku, offerId, units }) => {
        const listing = this.listing(sku);
        const { listingId } = offerOf(listing, offerId);
        const { title, priceCents, trading } = listing;
        return {
          lineId,
          sku,
          channelSku: trading === undefined ? sku : trading.channelSku,
          variationId: trading?.variation?.variationId,
          offerId,
          listingId,
          title,
          priceCents,
          orderedUnits: units,
          cancelledUnits: 0,
          shippedUnits: 0,
        };
      }),
      cancellation: undefined,
      fulfillments: [],
      returns: [],
    };
    for (const { sku, offerId, units } of entry.lines) this.#moveUnits(sku, offerId, -units, entry.atMs);
    this.orders.set(order.orderId, order);
    this.byReference.set(entry.reference, { order, soldOut: entry.soldOut });
    this.byCreation.add(order.createdMs, order);
    this.byModification.add(order.modifiedMs, order);
  }

  #cancel(entry: Of<"cancelled">): void {
    const order = this.order(entry.orderId);
    order.cancellation = entry;
    for (const line of order.lines) {
      const units = openUnits(line);
      line.cancelledUnits += units;
      if (entry.restocks) this.#moveUnits(line.sku, line.offerId, units, entry.atMs);
    }
    this.#touch(order, entry.atMs);
  }

  #ship(entry: Of<"shipped">): void {
    const order = this.order(entry.orderId);
    for (const { lineId, units } of entry.lines) lineOf(order, lineId).shippedUnits += units;
    order.fulfillments.push(entry);
    this.#touch(order, entry.atMs);
  }

  /** Neither opening nor closing a return changes the order's own times. */
  #setReturn({ orderId, returnId, lineId, units, atMs, closed }: Of<"return-set">): void {
    const { returns } = this.order(orderId);
    const known = returns.find((other) => other.returnId === returnId);
    if (known === undefined) returns.push({ returnId, lineId, units, openedMs: atMs, closed });
    else known.closed = closed;
  }

  #touch(order: Order, atMs: number): void {
    const before = order.modifiedMs;
    order.modifiedMs = Math.max(before, atMs);
    this.byModification.move(before, order.modifiedMs, order);
  }

  #accept(entry: Of<"accepted">): void {
    this.writesAccepted += 1;
    const listing = this.listing(entry.sku);
    for (const offerId of entry.offerIds) {
      const { revisions } = offerOf(listing, offerId);
      if (revisions.day !== entry.day) revisions.count = 0;
      revisions.day = entry.day;
      revisions.count += 1;
    }
  }

  #applyWrite({ change, atMs, acceptedMs, unitsWhenAccepted }: Of<"applied">): void {
    const listing = this.listing(change.sku);
    const unitsBefore = buyableUnits(listing);
    this.#setUnits(listing, change, atMs);
    const unitsAfter = buyableUnits(listing);
    this.writes.push({
      sequence: this.writes.length + 1,
      atMs,
      sku: change.sku,
      unitsBefore,
      unitsAfter,
      acceptedMs,
      unitsWhenAccepted,
    });
  }

  /** A sale takes units from the item's pool and from the offer it was bought through; other offers keep their own limit. */
  #moveUnits(sku: string, offerId: string, units: number, atMs: number): void {
    const listing = this.listing(sku);
    const offer = offerOf(listing, offerId);
    offer.soldUnits -= units;
    const itemUnits = Math.max(0, listing.itemUnits + units);
    const available = Math.max(0, offer.availableUnits + units);
    this.#setUnits(listing, { itemUnits, offers: [{ offerId, units: available }] }, atMs);
  }

  #setUnits(
    listing: Listing,
    change: {
      readonly itemUnits?: number;
      readonly offers: readonly { readonly offerId: string; readonly units: number }[];
    },
    atMs: number,
  ): void {
    const units = listing.offers.map(({ availableUnits }) => availableUnits);
    listing.past = [...listing.past, { untilMs: atMs, units }].slice(-pastStatesMax);
    listing.itemUnits = change.itemUnits ?? listing.itemUnits;
    for (const { offerId, units: available } of change.offers) offerOf(listing, offerId).availableUnits = available;
    if (!this.#outOfStockControl && listing.state === "active" && buyableUnits(listing) === 0) listing.state = "ended";
  }
}

const offerOf = (listing: Listing, offerId: string): Offer => {
  const offer = listing.offers.find((candidate) => candidate.offerId === offerId);
  if (offer === undefined) throw new Error(`listing ${JSON.stringify(listing.sku)} has no offer ${offerId}`);
  return offer;
};
