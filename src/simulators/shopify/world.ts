import type { QuantityWrite } from "../kit/simulator.ts";
import type { ShopifyAccount } from "./account.ts";
import type { Entry, Subscription } from "./entries.ts";
import type { IdSource } from "./identifiers.ts";
import { type Level, type Listing, type Location, newListing, sellableUnits } from "./inventory.ts";
import { lineOf, newOrder, type Order } from "./orders.ts";
import { UpdateLog } from "./update-log.ts";

type Of<Kind extends Entry["kind"]> = Extract<Entry, { kind: Kind }>;

/** The shop's whole state. `apply` is the only way to change it, for live requests and for replay alike. */
export class World {
  readonly locations: readonly Location[];
  readonly listings: Listing[] = [];
  readonly listingBySku = new Map<string, Listing>();
  readonly listingByItem = new Map<string, Listing>();
  readonly listingByVariant = new Map<string, Listing>();
  readonly listingByProduct = new Map<string, Listing>();
  readonly orders: Order[] = [];
  readonly orderById = new Map<string, Order>();
  readonly orderByReference = new Map<string, Order>();
  readonly orderByRefund = new Map<string, Order>();
  readonly updates = new UpdateLog();
  readonly subscriptions = new Map<string, Subscription>();
  /** Fingerprint of the parameters by idempotency key, oldest first. */
  readonly usedKeys = new Map<string, { readonly fingerprint: string; readonly atMs: number }>();
  readonly writes: QuantityWrite[] = [];
  readonly counts = { lines: 0, refunds: 0, refundLines: 0, shipments: 0, shipmentLines: 0, subscriptions: 0 };
  /** Where the app's own configuration sends webhooks; null = nowhere. */
  webhookUrl: string | null = null;
  /** Where Pub/Sub pushes what `pubsub://` subscriptions receive; null = nowhere. */
  pubsubUrl: string | null = null;
  /** Number of entries so far: names events uniquely, also across restarts. */
  sequence = 0;
  #nowMs = 0;

  constructor(account: ShopifyAccount, ids: IdSource) {
    this.locations = account.locations.map((name, position) => ({
      position,
      name,
      locationId: ids("location", position),
      levelNumber: ids("level", position),
    }));
  }

  get mainLocation(): Location {
    const [first] = this.locations;
    if (first === undefined) throw new Error("a simulated shop needs a location");
    return first;
  }

  /** What the shop still has under this number. */
  itemNamed(itemId: string): Listing | undefined {
    const listing = this.listingByItem.get(itemId);
    return listing?.shape.deleted === true ? undefined : listing;
  }

  apply(entry: Entry): void {
    this.sequence += 1;
    // A clock set back must not put updates behind a poller that has already passed.
    this.#nowMs = Math.max(this.#nowMs, entry.atMs);
    switch (entry.kind) {
      case "listed":
        return this.#listed(entry);
      case "sold":
        return this.#sold(entry);
      case "indexed":
        return this.#indexed(this.#order(entry.orderId), entry.atMs);
      case "refunded":
        return this.#refunded(entry);
      case "shipped":
        return this.#shipped(entry);
      case "set":
        return this.#set(entry);
      case "activated":
        return this.#activated(entry);
      case "deactivated":
        this.#level(this.#listing(entry.itemId), entry.locationId).active = false;
        return;
      case "shaped":
        return this.#shaped(entry);
      case "edited":
        return this.#edited(entry);
      case "moved":
        return this.#moved(entry);
      case "key-used":
        this.usedKeys.set(entry.key, { fingerprint: entry.fingerprint, atMs: entry.atMs });
        return;
      case "subscribed":
        this.counts.subscriptions += 1;
        this.subscriptions.set(entry.subscription.subscriptionId, entry.subscription);
        return;
      case "resubscribed":
        return this.#resubscribed(entry);
      case "unsubscribed":
        this.subscriptions.delete(entry.subscriptionId);
        return;
      case "target-set":
      case "pubsub-target-set":
        this[entry.kind === "target-set" ? "webhookUrl" : "pubsubUrl"] = entry.url;
        return;
      default:
        throw new TypeError(`unknown entry ${JSON.stringify(entry satisfies never)}`);
    }
  }

  /** The level of an item at a location; made inactive and empty when there was none (channel document §4.1). */
  #level(listing: Listing, locationId: string): Level {
    const known = listing.levels.get(locationId);
    if (known !== undefined) return known;
    const location = this.locations.find((candidate) => candidate.locationId === locationId);
    if (location === undefined) throw new Error(`no location ${locationId}`);
    const at = this.#nowMs;
    const level: Level = { location, available: 0, committed: 0, active: false, createdMs: at, updatedMs: at };
    listing.levels.set(locationId, level);
    return level;
  }

  #listing(itemId: string): Listing {
    const listing = this.listingByItem.get(itemId);
    if (listing === undefined) throw new Error(`no inventory item ${itemId}`);
    return listing;
  }

  #order(orderId: string): Order {
    const order = this.orderById.get(orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    return order;
  }

  #changeLevel(
    listing: Listing,
    level: Level,
    change: { readonly available: number; readonly committed: number },
  ): void {
    level.available += change.available;
    level.committed += change.committed;
    level.updatedMs = this.#nowMs;
    listing.updatedMs = this.#nowMs;
  }

  #touch(order: Order): void {
    order.updatedMs = this.#nowMs;
    if (order.indexedMs !== null) this.updates.record(order);
  }

  #indexed(order: Order, atMs: number): void {
    order.indexedMs = atMs;
    // Its update time moves too: a poller has passed the old one, and must still find the order.
    this.#touch(order);
  }

  #listed(entry: Of<"listed">): void {
    const { sku, itemId, variantId, productId } = entry;
    const place = { position: this.listings.length, location: this.mainLocation, atMs: this.#nowMs };
    const listing = newListing(entry, place);
    this.listings.push(listing);
    this.listingBySku.set(sku, listing);
    this.listingByItem.set(itemId, listing);
    this.listingByVariant.set(variantId, listing);
    this.listingByProduct.set(productId, listing);
  }

  #sold(entry: Of<"sold">): void {
    const lines = entry.lines.map(({ lineId, itemId, allocations }) => {
      const listing = this.#listing(itemId);
      for (const { locationId, units } of allocations) {
        this.#changeLevel(listing, this.#level(listing, locationId), { available: -units, committed: units });
      }
      return {
        lineId,
        listing,
        orderedUnits: allocations.reduce((sum, { units }) => sum + units, 0),
        cancelledUnits: 0,
        shippedUnits: 0,
        returnedUnits: 0,
        restockedUnits: 0,
        allocations: allocations.map(({ locationId, units }) => ({ locationId, openUnits: units })),
      };
    });
    const order = newOrder(entry, { position: this.orders.length, atMs: this.#nowMs, lines });
    this.counts.lines += lines.length;
    this.orders.push(order);
    this.orderById.set(order.orderId, order);
    this.orderByReference.set(order.reference, order);
    this.#touch(order);
  }

  #refunded(entry: Of<"refunded">): void {
    const order = this.#order(entry.orderId);
    for (const row of entry.rows) {
      const line = lineOf(order, row.lineId);
      const level = row.locationId === null ? undefined : this.#level(line.listing, row.locationId);
      if (row.restockType === "cancel") {
        line.cancelledUnits += row.units;
        const allocation = line.allocations.find(({ locationId }) => locationId === row.locationId);
        if (allocation !== undefined) allocation.openUnits -= row.units;
        if (level !== undefined)
          this.#changeLevel(line.listing, level, { available: row.units, committed: -row.units });
      } else {
        line.returnedUnits += row.units;
        if (level !== undefined) {
          this.#changeLevel(line.listing, level, { available: row.units, committed: 0 });
          line.restockedUnits += row.units;
        }
      }
    }
    if (entry.rows.length > 0) {
      order.refunds.push({ refundId: entry.refundId, atMs: this.#nowMs, rows: entry.rows });
      this.orderByRefund.set(entry.refundId, order);
      this.counts.refunds += 1;
      this.counts.refundLines += entry.rows.length;
    }
    if (entry.cancelsOrder) order.cancelledMs = this.#nowMs;
    this.#touch(order);
  }

  #shipped(entry: Of<"shipped">): void {
    const order = this.#order(entry.orderId);
    const { shipmentId, locationId, rows } = entry;
    for (const { lineId, units } of rows) {
      const line = lineOf(order, lineId);
      line.shippedUnits += units;
      const allocation = line.allocations.find((candidate) => candidate.locationId === locationId);
      if (allocation !== undefined) allocation.openUnits -= units;
      this.#changeLevel(line.listing, this.#level(line.listing, locationId), { available: 0, committed: -units });
    }
    order.shipments.push({ shipmentId, locationId, rows, atMs: this.#nowMs });
    this.counts.shipments += 1;
    this.counts.shipmentLines += rows.length;
    this.#touch(order);
  }

  #set(entry: Of<"set">): void {
    for (const row of entry.rows) {
      const listing = this.#listing(row.itemId);
      const level = this.#level(listing, row.locationId);
      const unitsBefore = sellableUnits(listing);
      this.#changeLevel(listing, level, { available: row.available - level.available, committed: 0 });
      if (entry.by === "hand") continue;
      this.writes.push({
        sequence: this.writes.length + 1,
        atMs: entry.atMs,
        sku: listing.sku,
        unitsBefore,
        unitsAfter: sellableUnits(listing),
        // Shopify applies at once.
        acceptedMs: entry.atMs,
        unitsWhenAccepted: unitsBefore,
      });
    }
  }

  #activated(entry: Of<"activated">): void {
    const listing = this.#listing(entry.itemId);
    const level = this.#level(listing, entry.locationId);
    level.active = true;
    const available = entry.available ?? level.available;
    this.#changeLevel(listing, level, { available: available - level.available, committed: 0 });
  }

  #shaped({ itemId, shape }: Of<"shaped">): void {
    Object.assign(this.#listing(itemId).shape, shape);
    this.#listing(itemId).updatedMs = this.#nowMs;
  }

  #edited(entry: Of<"edited">): void {
    const order = this.#order(entry.orderId);
    for (const { lineId, locationId, units } of entry.rows) {
      const line = lineOf(order, lineId);
      line.cancelledUnits += units;
      const allocation = line.allocations.find((candidate) => candidate.locationId === locationId);
      if (allocation !== undefined) allocation.openUnits -= units;
      this.#changeLevel(line.listing, this.#level(line.listing, locationId), { available: units, committed: -units });
    }
    order.edited = true;
    this.#touch(order);
  }

  #moved({ orderId, locationId }: Of<"moved">): void {
    const order = this.#order(orderId);
    for (const { listing, allocations } of order.lines) {
      for (const allocation of allocations) {
        const units = allocation.openUnits;
        this.#changeLevel(listing, this.#level(listing, allocation.locationId), {
          available: units,
          committed: -units,
        });
        this.#changeLevel(listing, this.#level(listing, locationId), { available: -units, committed: units });
        allocation.locationId = locationId;
      }
    }
    this.#touch(order);
  }

  #resubscribed({ subscriptionId, changes }: Of<"resubscribed">): void {
    const known = this.subscriptions.get(subscriptionId);
    if (known !== undefined) this.subscriptions.set(subscriptionId, { ...known, ...changes, updatedMs: this.#nowMs });
  }
}
