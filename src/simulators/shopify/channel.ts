import type { Clock } from "../../core/clock.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { Journal } from "../kit/journal.ts";
import type {
  SaleRequest,
  SaleResult,
  SeedListing,
  SimulatedChannel,
  SimulatorCounters,
  Truth,
} from "../kit/simulator.ts";
import type { Timers } from "../kit/timers.ts";
import type { Announcement } from "./announcer.ts";
import type { Entry } from "./entries.ts";
import { type IdSource, parseGid } from "./identifiers.ts";
import { type ItemShape, type Level, type Listing, sellableUnits } from "./inventory.ts";
import { type Order, openUnits, orderTruth, type RefundRow } from "./orders.ts";
import type { Payloads } from "./payloads.ts";
import { allocate, planCancel, planReturn, planShipments } from "./units-plan.ts";
import type { World } from "./world.ts";

type LineUnits = { readonly lineId: string; readonly units: number };

export type ChannelDeps = {
  readonly world: World;
  readonly journal: Journal<Entry>;
  readonly ids: IdSource;
  readonly faults: FaultSource;
  readonly clock: Clock;
  /** Waiting for the search index to catch up with new orders. */
  readonly indexTimers: Timers;
  readonly payloads: Payloads;
  readonly announce: (announcement: Announcement) => void;
  readonly counters: () => SimulatorCounters;
  readonly violations: () => readonly string[];
};

/** What buyers and the seller's hands do in the simulated shop; the seller's software comes in by GraphQL. */
export class ShopifyChannel implements SimulatedChannel {
  readonly #deps: ChannelDeps;

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
  }

  /** Writes the entry down, makes it true and announces the levels it moved. */
  commit(entry: Entry, levels: readonly { readonly listing: Listing; readonly locationId: string }[] = []): void {
    const { journal, world } = this.#deps;
    journal.append(entry);
    world.apply(entry);
    for (const { listing, locationId } of levels) {
      const level = listing.levels.get(locationId);
      if (level !== undefined) this.#announceLevel(listing, level);
    }
  }

  /** After a restart: the search index has long caught up with what it did not know when the simulator stopped. */
  indexWhatIsHidden(): void {
    for (const order of this.#deps.world.orders) {
      if (order.indexedMs === null) this.commit({ kind: "indexed", atMs: this.#now(), orderId: order.orderId });
    }
  }

  /** A SKU that is already listed keeps what it has: seeding again after a restart changes nothing. */
  seedListings(listings: readonly SeedListing[]): void {
    const { world, ids } = this.#deps;
    for (const { sku, title, units } of listings) {
      if (world.listingBySku.has(sku)) continue;
      const index = world.listings.length;
      this.commit({
        kind: "listed",
        atMs: this.#now(),
        sku,
        title,
        units,
        itemId: ids("item", index),
        variantId: ids("variant", index),
        productId: ids("product", index),
      });
    }
  }

  sell(request: SaleRequest): SaleResult {
    const { world, ids, faults, indexTimers } = this.#deps;
    const known = world.orderByReference.get(request.reference);
    if (known !== undefined) return saleResult(known);
    const taken = new Map<Level, number>();
    const soldOut: { sku: string; units: number }[] = [];
    const lines: Extract<Entry, { kind: "sold" }>["lines"][number][] = [];
    for (const { sku, units } of request.lines) {
      const listing = this.#listing(sku);
      const allocations = allocate(listing, units, taken);
      if (allocations === undefined) soldOut.push({ sku, units });
      else lines.push({ lineId: ids("line", world.counts.lines + lines.length), itemId: listing.itemId, allocations });
    }
    if (lines.length === 0) return { orderId: null, lines: [], soldOut };
    const orderId = ids("order", world.orders.length);
    const delayMs = faults.delayMs("orderVisibilityMs");
    const { reference } = request;
    const entry: Entry = { kind: "sold", atMs: this.#now(), orderId, reference, indexed: delayMs <= 0, lines, soldOut };
    this.commit(entry);
    const order = this.#order(orderId);
    this.#announceOrder("orders/create", order);
    this.#announceTaken(order);
    if (order.indexedMs === null)
      indexTimers.after(delayMs, () => this.commit({ kind: "indexed", atMs: this.#now(), orderId }));
    return saleResult(order);
  }

  /** Without `lines` the whole order is cancelled if nothing has left yet; else open units are refunded and restocked. */
  cancel(orderId: string, lines?: readonly LineUnits[]): ReturnType<typeof orderTruth> {
    const order = this.#order(orderId);
    const whole = lines === undefined && order.shipments.length === 0 && order.cancelledMs === null;
    const wanted = lines ?? order.lines.map((line) => ({ lineId: line.lineId, units: openUnits(line) }));
    return this.#refund(order, planCancel(order, wanted), whole);
  }

  /** Takes shipped units back, restocked or not. */
  takeBack(
    orderId: string,
    lines: readonly (LineUnits & { readonly restock: boolean })[],
  ): ReturnType<typeof orderTruth> {
    const order = this.#order(orderId);
    return this.#refund(order, planReturn(order, lines), false);
  }

  ship(orderId: string, lines?: readonly LineUnits[]): ReturnType<typeof orderTruth> {
    const { world, ids } = this.#deps;
    const order = this.#order(orderId);
    const wanted = lines ?? order.lines.map((line) => ({ lineId: line.lineId, units: openUnits(line) }));
    for (const { locationId, rows } of planShipments(order, wanted)) {
      this.commit({
        kind: "shipped",
        atMs: this.#now(),
        orderId: order.orderId,
        shipmentId: ids("shipment", world.counts.shipments),
        locationId,
        rows: rows.map((row, index) => ({
          ...row,
          shipmentLineId: ids("shipment-line", world.counts.shipmentLines + index),
        })),
      });
      const done = order.lines.every((line) => openUnits(line) === 0);
      this.#announceOrder(done ? "orders/fulfilled" : "orders/partially_fulfilled", order);
      this.#announceOrder("orders/updated", order);
    }
    return orderTruth(order);
  }

  /** Takes open units off an order, as the admin's "edit order" does: they are for sale again, without a refund. */
  editOrder(orderId: string, lines: readonly LineUnits[]): ReturnType<typeof orderTruth> {
    const order = this.#order(orderId);
    const rows = planCancel(order, lines).flatMap(({ lineId, units, locationId }) =>
      locationId === null ? [] : [{ lineId, units, locationId }],
    );
    const { payloads, announce } = this.#deps;
    this.commit({ kind: "edited", atMs: this.#now(), orderId: order.orderId, rows });
    announce({ topic: "orders/edited", payload: payloads.edit(order, rows) });
    this.#announceOrder("orders/updated", order);
    this.#announceTaken(order);
    return orderTruth(order);
  }

  /** The order's open units are sent from another location of the shop. */
  moveOrder(orderId: string, locationName: string): ReturnType<typeof orderTruth> {
    const order = this.#order(orderId);
    const location = this.#deps.world.locations.find(({ name }) => name === locationName);
    if (location === undefined) throw new Error(`no location ${locationName}`);
    this.commit({ kind: "moved", atMs: this.#now(), orderId: order.orderId, locationId: location.locationId });
    this.#announceOrder("orders/updated", order);
    this.#announceTaken(order);
    return orderTruth(order);
  }

  /** By hand in the admin: tracking switched, made a bundle, or deleted. */
  shapeItem(sku: string, shape: Partial<ItemShape>): void {
    const listing = this.#listing(sku);
    this.commit({ kind: "shaped", atMs: this.#now(), itemId: listing.itemId, shape });
    const topic = shape.deleted === true ? "inventory_items/delete" : "inventory_items/update";
    this.#deps.announce({ topic, payload: this.#deps.payloads.item(listing) });
  }

  setPubsubTarget(url: string): void {
    this.commit({ kind: "pubsub-target-set", atMs: this.#now(), url });
  }

  /** By hand in the admin: the quantity available at the first location. */
  editListing(sku: string, units: number): void {
    const listing = this.#listing(sku);
    const { locationId } = this.#deps.world.mainLocation;
    const rows = [{ itemId: listing.itemId, locationId, available: units }];
    this.commit({ kind: "set", atMs: this.#now(), by: "hand", rows }, [{ listing, locationId }]);
  }

  setWebhookTarget(target: { readonly url: string }): Promise<void> {
    this.commit({ kind: "target-set", atMs: this.#now(), url: target.url });
    return Promise.resolve();
  }

  truth(): Truth {
    const { world } = this.#deps;
    return {
      channel: "shopify",
      listings: world.listings.map((listing) => ({
        sku: listing.sku,
        units: sellableUnits(listing),
        fulfilledBy: "merchant",
      })),
      orders: world.orders.map(orderTruth),
    };
  }

  writesSince(sequence: number): World["writes"] {
    return this.#deps.world.writes.slice(Math.max(0, sequence));
  }

  counters(): SimulatorCounters {
    return this.#deps.counters();
  }

  violations(): readonly string[] {
    return this.#deps.violations();
  }

  #refund(
    order: Order,
    planned: readonly Omit<RefundRow, "refundLineId">[],
    cancelsOrder: boolean,
  ): ReturnType<typeof orderTruth> {
    const { world, ids } = this.#deps;
    if (planned.length === 0 && !cancelsOrder) return orderTruth(order);
    const rows = planned.map((row, index) => ({
      ...row,
      refundLineId: ids("refund-line", world.counts.refundLines + index),
    }));
    const refundId = ids("refund", world.counts.refunds);
    this.commit({ kind: "refunded", atMs: this.#now(), orderId: order.orderId, refundId, cancelsOrder, rows });
    if (cancelsOrder) this.#announceOrder("orders/cancelled", order);
    this.#announceOrder("orders/updated", order);
    const refund = order.refunds.find((candidate) => candidate.refundId === refundId);
    if (refund !== undefined) {
      this.#deps.announce({ topic: "refunds/create", payload: this.#deps.payloads.refund(order, refund) });
    }
    for (const { lineId, locationId } of rows) {
      const listing = order.lines.find((line) => line.lineId === lineId)?.listing;
      const level = locationId === null ? undefined : listing?.levels.get(locationId);
      if (listing !== undefined && level !== undefined) this.#announceLevel(listing, level);
    }
    return orderTruth(order);
  }

  #announceLevel(listing: Listing, level: Level): void {
    this.#deps.announce({ topic: "inventory_levels/update", payload: this.#deps.payloads.levelUpdate(listing, level) });
  }

  #announceOrder(topic: string, order: Order): void {
    this.#deps.announce({ topic, payload: this.#deps.payloads.order(order) });
  }

  #announceTaken(order: Order): void {
    const levels = new Map<Level, Listing>();
    for (const { listing, allocations } of order.lines) {
      for (const { locationId } of allocations) {
        const level = listing.levels.get(locationId);
        if (level !== undefined) levels.set(level, listing);
      }
    }
    for (const [level, listing] of levels) this.#announceLevel(listing, level);
  }

  #listing(sku: string): Listing {
    const listing = this.#deps.world.listingBySku.get(sku);
    if (listing === undefined) throw new Error(`no listing with SKU ${JSON.stringify(sku)}`);
    return listing;
  }

  /** Takes the plain number or the global id. */
  #order(orderId: string): Order {
    const order = this.#deps.world.orderById.get(parseGid(orderId)?.id ?? orderId);
    if (order === undefined) throw new Error(`no order ${orderId}`);
    return order;
  }

  #now(): number {
    return this.#deps.clock.now();
  }
}

const saleResult = (order: Order): SaleResult => ({
  orderId: order.orderId,
  lines: orderTruth(order).lines,
  soldOut: order.soldOut,
});
