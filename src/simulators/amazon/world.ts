import type { QuantityWrite } from "../kit/simulator.ts";
import { amazonChannelCode, merchantChannelCode } from "./account.ts";
import { type AvailabilityRow, merchantUnits, withMerchantUnits } from "./availability.ts";
import { type Order, type OrderItem, openUnits } from "./orders.ts";

type Lines = readonly { readonly lineId: string; readonly units: number }[];
type SoldOut = readonly { readonly sku: string; readonly units: number }[];

/** Everything that ever changes the simulated channel. Times are in the entries: replay reads no clock. */
export type Entry =
  | { kind: "listed"; atMs: number; sku: string; title: string; units: number; fulfilledBy: "merchant" | "channel" }
  | {
      kind: "sold";
      atMs: number;
      visibleAtMs: number;
      reference: string;
      /** null: everything was sold out. */
      orderId: string | null;
      lines: readonly { readonly lineId: string; readonly sku: string; readonly units: number }[];
      soldOut: SoldOut;
    }
  | { kind: "paid"; atMs: number; orderId: string }
  | { kind: "cancelled"; atMs: number; orderId: string; lines: Lines }
  | { kind: "shipped"; atMs: number; orderId: string; lines: Lines }
  | { kind: "edited"; atMs: number; sku: string; units: number }
  /** A write was taken: `attributes` show it from now on. Its application is an entry of its own. */
  | { kind: "submitted"; atMs: number; sku: string; rows: readonly AvailabilityRow[]; other: Attributes }
  | {
      kind: "applied";
      atMs: number;
      sku: string;
      rows: readonly AvailabilityRow[];
      acceptedMs: number;
      unitsWhenAccepted: number;
    }
  | { kind: "destination-created"; atMs: number; destinationId: string; name: string; arn: string }
  | { kind: "destination-deleted"; atMs: number; destinationId: string }
  | { kind: "subscribed"; atMs: number; subscription: Subscription }
  | { kind: "unsubscribed"; atMs: number; subscriptionId: string };

export type Attributes = Readonly<Record<string, unknown>>;

export type Subscription = {
  readonly notificationType: string;
  readonly subscriptionId: string;
  readonly destinationId: string;
  readonly payloadVersion: string;
  /** Kept as given; `orderChangeTypes` in it filters. */
  readonly processingDirective?: unknown;
};

export type Destination = { readonly destinationId: string; readonly name: string; readonly arn: string };

export type Listing = {
  readonly sku: string;
  readonly title: string;
  readonly fulfilledBy: "merchant" | "channel";
  readonly createdMs: number;
  updatedMs: number;
  /** What `attributes` show: the last submitted state. */
  submitted: readonly AvailabilityRow[];
  otherAttributes: Attributes;
  /** What `fulfillmentAvailability` shows and buyers buy from. */
  applied: readonly AvailabilityRow[];
  /** Amazon's own stock of it; 0 for a merchant's listing. */
  channelUnits: number;
  /** What `applied` was before, oldest first, with the time each state began; only as long as stale reads look back. */
  past: { readonly fromMs: number; readonly rows: readonly AvailabilityRow[] }[];
};

/** How many past states of a listing a stale read may look into. */
const pastStatesMax = 32;

export const buyableUnits = (listing: Listing): number =>
  listing.fulfilledBy === "channel" ? listing.channelUnits : merchantUnits(listing.applied);

/** The simulated channel's state. Only `apply` changes it, live and in replay alike. */
export class World {
  readonly listings = new Map<string, Listing>();
  readonly orders = new Map<string, Order>();
  readonly byReference = new Map<string, { readonly orderId: string | null; readonly soldOut: SoldOut }>();
  /** In order of creation. */
  readonly created: Order[] = [];
  /** In order of change; an order stands here once per change and only its newest place counts. */
  readonly updates: { readonly atMs: number; readonly order: Order }[] = [];
  readonly writes: QuantityWrite[] = [];
  readonly destinations = new Map<string, Destination>();
  readonly subscriptions = new Map<string, Subscription>();
  /** Newest time seen: times never run backwards, whatever the clock does. */
  newestMs = 0;

  apply(entry: Entry): void {
    this.newestMs = Math.max(this.newestMs, entry.atMs);
    switch (entry.kind) {
      case "listed":
        return this.#list(entry);
      case "sold":
        return this.#sell(entry);
      case "paid":
        return this.#change(entry, (order) => {
          order.paid = true;
        });
      case "cancelled":
        return this.#change(entry, (order) => this.#cancel(order, entry));
      case "shipped":
        return this.#change(entry, (order) => {
          order.paid = true;
          for (const { lineId, units } of entry.lines) itemOf(order, lineId).shippedUnits += units;
        });
      case "edited":
        return this.#edit(entry);
      case "submitted": {
        const listing = this.listing(entry.sku);
        listing.submitted = entry.rows;
        listing.otherAttributes = { ...listing.otherAttributes, ...entry.other };
        return undefined;
      }
      case "applied":
        return this.#applyWrite(entry);
      case "destination-created":
        this.destinations.set(entry.destinationId, entry);
        return undefined;
      case "destination-deleted":
        this.destinations.delete(entry.destinationId);
        return undefined;
      case "subscribed":
        this.subscriptions.set(entry.subscription.notificationType, entry.subscription);
        return undefined;
      case "unsubscribed":
        for (const [type, { subscriptionId }] of this.subscriptions) {
          if (subscriptionId === entry.subscriptionId) this.subscriptions.delete(type);
        }
    }
  }

  listing(sku: string): Listing {
    const listing = this.listings.get(sku);
    if (listing === undefined) throw new Error(`no listing ${JSON.stringify(sku)}`);
    return listing;
  }

  order(orderId: string): Order {
    const order = this.orders.get(orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    return order;
  }

  #list(entry: Extract<Entry, { kind: "listed" }>): void {
    const rows: readonly AvailabilityRow[] =
      entry.fulfilledBy === "channel"
        ? [{ fulfillment_channel_code: amazonChannelCode }]
        : // A lead time, so that a careless `replace` has something to lose.
          [{ fulfillment_channel_code: merchantChannelCode, quantity: entry.units, lead_time_to_ship_max_days: 2 }];
    this.listings.set(entry.sku, {
      sku: entry.sku,
      title: entry.title,
      fulfilledBy: entry.fulfilledBy,
      createdMs: entry.atMs,
      updatedMs: entry.atMs,
      submitted: rows,
      otherAttributes: {},
      applied: rows,
      channelUnits: entry.fulfilledBy === "channel" ? entry.units : 0,
      past: [],
    });
  }

  #sell(entry: Extract<Entry, { kind: "sold" }>): void {
    this.byReference.set(entry.reference, { orderId: entry.orderId, soldOut: entry.soldOut });
    if (entry.orderId === null) return;
    for (const { sku, units } of entry.lines) this.#moveUnits(this.listing(sku), -units, entry.atMs);
    const [first] = entry.lines;
    const order: Order = {
      orderId: entry.orderId,
      number: this.created.length + 1,
      reference: entry.reference,
      fulfilledBy: first === undefined ? "merchant" : this.listing(first.sku).fulfilledBy,
      createdMs: entry.atMs,
      visibleAtMs: entry.visibleAtMs,
      items: entry.lines.map(({ lineId, sku, units }) => ({
        lineId,
        sku,
        orderedUnits: units,
        cancelledUnits: 0,
        shippedUnits: 0,
      })),
      updatedMs: entry.atMs,
      paid: false,
      changes: 1,
    };
    this.orders.set(order.orderId, order);
    this.created.push(order);
    this.updates.push({ atMs: entry.atMs, order });
  }

  /** The buyer's cancellation puts open units back on sale, as Amazon does for its reason "BuyerCanceled". */
  #cancel(order: Order, entry: Extract<Entry, { kind: "cancelled" }>): void {
    for (const { lineId, units } of entry.lines) {
      const item = itemOf(order, lineId);
      item.cancelledUnits += units;
      this.#moveUnits(this.listing(item.sku), units, entry.atMs);
    }
  }

  #change(entry: { readonly atMs: number; readonly orderId: string }, change: (order: Order) => void): void {
    const order = this.order(entry.orderId);
    change(order);
    order.updatedMs = entry.atMs;
    order.changes += 1;
    this.updates.push({ atMs: entry.atMs, order });
  }

  #moveUnits(listing: Listing, units: number, atMs: number): void {
    if (listing.fulfilledBy === "channel") {
      listing.channelUnits += units;
      listing.updatedMs = atMs;
    } else {
      this.#show(listing, withMerchantUnits(listing.applied, merchantUnits(listing.applied) + units), atMs);
    }
  }

  #edit(entry: Extract<Entry, { kind: "edited" }>): void {
    const listing = this.listing(entry.sku);
    if (listing.fulfilledBy === "channel") {
      listing.channelUnits = entry.units;
      listing.updatedMs = entry.atMs;
      return;
    }
    listing.submitted = withMerchantUnits(listing.submitted, entry.units);
    this.#show(listing, withMerchantUnits(listing.applied, entry.units), entry.atMs);
  }

  #applyWrite(entry: Extract<Entry, { kind: "applied" }>): void {
    const listing = this.listing(entry.sku);
    const unitsBefore = merchantUnits(listing.applied);
    this.#show(listing, entry.rows, entry.atMs);
    this.writes.push({
      sequence: this.writes.length + 1,
      atMs: entry.atMs,
      sku: entry.sku,
      unitsBefore,
      unitsAfter: merchantUnits(entry.rows),
      acceptedMs: entry.acceptedMs,
      unitsWhenAccepted: entry.unitsWhenAccepted,
    });
  }

  #show(listing: Listing, rows: readonly AvailabilityRow[], atMs: number): void {
    listing.past.push({ fromMs: listing.updatedMs, rows: listing.applied });
    if (listing.past.length > pastStatesMax) listing.past.shift();
    listing.applied = rows;
    listing.updatedMs = atMs;
  }
}

const itemOf = (order: Order, lineId: string): OrderItem => {
  const item = order.items.find((candidate) => candidate.lineId === lineId);
  if (item === undefined) throw new Error(`order ${order.orderId} has no line ${lineId}`);
  return item;
};

/** The lines of a cancellation or shipment: all that is open, or those asked for; asking for more than is open is an error. */
export const linesToChange = (order: Order, asked: Lines | undefined): Lines => {
  if (asked === undefined) {
    return order.items
      .filter((item) => openUnits(item) > 0)
      .map((item) => ({ lineId: item.lineId, units: openUnits(item) }));
  }
  const perLine = new Map<string, number>();
  for (const { lineId, units } of asked) perLine.set(lineId, (perLine.get(lineId) ?? 0) + units);
  return [...perLine].map(([lineId, units]) => {
    const open = openUnits(itemOf(order, lineId));
    if (units > open) throw new Error(`line ${lineId} of order ${order.orderId} has ${open} open units, not ${units}`);
    return { lineId, units };
  });
};
