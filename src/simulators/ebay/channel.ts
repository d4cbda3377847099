import type { Random } from "../../core/random.ts";
import type { FaultSource } from "../kit/faults.ts";
import type {
  OrderTruth,
  SaleRequest,
  SaleResult,
  SeedListing,
  SimulatedChannel,
  SimulatorCounters,
  WebhookTarget,
} from "../kit/simulator.ts";
import type { EbayCredentials } from "./credentials.ts";
import type { GateCounters } from "./gate.ts";
import { freeId, type Identifiers } from "./identifiers.ts";
import { bestOffer, buyableUnits, type ListingState, type OfferSeed } from "./listings.ts";
import { accountDeletion, orderCancellation, orderConfirmation } from "./notification-payloads.ts";
import type { Notifier } from "./notifier.ts";
import { type Lines, lineOf, openUnits, orderTruth } from "./orders.ts";
import type { QuantityWrites } from "./quantity-writes.ts";
import type { Store } from "./store.ts";

export type LegacySeed = {
  readonly itemId: string;
  readonly title: string;
  /** Of a listing without variations. */
  readonly sku: string | null;
  readonly units: number;
  readonly variations?:
    | readonly { readonly value: string; readonly sku: string | null; readonly units: number }[]
    | undefined;
};

export type ChannelDeps = {
  readonly store: Store;
  readonly seller: EbayCredentials;
  readonly faults: FaultSource;
  readonly identifiers: Identifiers;
  readonly random: Random;
  readonly notifier: Notifier;
  readonly writes: QuantityWrites;
  readonly gate: GateCounters;
  readonly pendingMessages: () => number;
  readonly setWebhookTarget: (target: WebhookTarget) => Promise<void>;
  readonly restockOnCancelShare: number;
  readonly secondOfferShare: number;
};

/** The buyers', the seller's hands' and the channel's own side of the simulated account. */
export class EbayChannel implements SimulatedChannel {
  readonly #deps: ChannelDeps;
  #deletions = 0;

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
  }

  /** A SKU that is already listed stays as it is. At most 50 characters (channel document §2). */
  seedListings(listings: readonly SeedListing[]): void {
    const { store, identifiers, random, secondOfferShare } = this.#deps;
    for (const { sku, title, units, fulfilledBy } of listings) {
      if (store.world.listings.has(sku)) continue;
      if (sku.length > 50) throw new Error(`SKU ${JSON.stringify(sku)} is longer than 50 characters`);
      if (fulfilledBy === "channel") throw new Error("eBay keeps no stock of its sellers");
      const markets = random() < secondOfferShare ? ["EBAY_US", "EBAY_GB"] : ["EBAY_US"];
      store.commit({
        kind: "listed",
        atMs: store.now(),
        sku,
        title,
        units,
        priceCents: 500 + (Number(identifiers.digits(`price:${sku}`, 4)) % 9_500),
        offers: markets.map((marketplaceId) => this.#newOffer(sku, marketplaceId)),
      });
    }
  }

  /**
   * Listings made by other means than the Inventory API, each with its item id as the key of its only listing, or
   * `<item id>/<value>` for a variation. A key that is already listed stays as it is.
   */
  seedLegacyListings(listings: readonly LegacySeed[]): void {
    const { store, identifiers } = this.#deps;
    for (const { itemId, title, variations, sku, units } of listings) {
      const rows = variations ?? [{ value: null, sku, units }];
      for (const row of rows) {
        const key = row.value === null ? itemId : `${itemId}/${row.value}`;
        if (store.world.listings.has(key)) continue;
        const variationId = identifiers.digits(`variation:${key}`, 12);
        store.commit({
          kind: "listed",
          atMs: store.now(),
          sku: key,
          title,
          units: row.units,
          priceCents: 1_000,
          offers: [{ offerId: `legacy:${key}`, listingId: itemId, marketplaceId: "EBAY_US" }],
          trading: {
            channelSku: row.sku,
            variation: row.value === null ? null : { variationId, name: "Colour", value: row.value },
          },
        });
      }
    }
  }

  /** Lines that the listing cannot fill are sold out; the others make one order. Wholly sold out: no order, no trace. */
  sell(request: SaleRequest): SaleResult {
    const { store, faults, seller, notifier } = this.#deps;
    const known = store.world.byReference.get(request.reference);
    if (known !== undefined) {
      return { orderId: known.order.orderId, lines: orderTruth(known.order).lines, soldOut: known.soldOut };
    }
    const { sold, soldOut } = this.#allot(request);
    if (sold.length === 0) return { orderId: null, lines: [], soldOut };
    const atMs = store.now();
    const orderId = this.#newOrderId();
    const lines = sold.map((line, at) => ({
      ...line,
      lineId: this.#deps.identifiers.digits(`line:${orderId}:${at}`, 20),
    }));
    const visibleAtMs = atMs + faults.delayMs("orderVisibilityMs");
    store.commit({ kind: "sold", atMs, visibleAtMs, reference: request.reference, orderId, lines, soldOut });
    const order = store.world.order(orderId);
    for (const line of order.lines) notifier.send(orderConfirmation(order, line, seller));
    return { orderId, lines: orderTruth(order).lines, soldOut };
  }

  /**
   * Cancels the whole order, whatever `lines` names: the channel cancels nothing smaller. One that has shipped in part
   * or is cancelled already stays as it is. The units come back on sale, or not (channel document §7).
   */
  cancel(orderId: string): OrderTruth {
    const { store, identifiers, random, notifier, seller } = this.#deps;
    const order = store.world.order(orderId);
    if (order.cancellation !== undefined || order.fulfillments.length > 0) return orderTruth(order);
    const cancelId = identifiers.digits(`cancel:${orderId}`, 10);
    const restocks = random() < this.#deps.restockOnCancelShare;
    store.commit({ kind: "cancelled", atMs: store.now(), orderId, cancelId, restocks });
    for (const message of orderCancellation(order, seller)) notifier.send(message);
    return orderTruth(order);
  }

  /** Ships open units; no message is sent for it. */
  ship(orderId: string, lines?: Lines): OrderTruth {
    const { store, identifiers } = this.#deps;
    const order = store.world.order(orderId);
    const open = order.lines.map((line) => ({ lineId: line.lineId, units: openUnits(line) }));
    const asked = new Map<string, number>();
    for (const { lineId, units } of lines ?? open) asked.set(lineId, (asked.get(lineId) ?? 0) + units);
    const shipped = [...asked].map(([lineId, units]) => ({ lineId, units })).filter(({ units }) => units > 0);
    for (const { lineId, units } of shipped) {
      const left = openUnits(lineOf(order, lineId));
      if (units > left) throw new Error(`line ${lineId} of order ${orderId} has ${left} open units, not ${units}`);
    }
    if (shipped.length > 0) {
      const fulfillmentId = identifiers.digits(`fulfillment:${orderId}:${order.fulfillments.length}`, 22);
      store.commit({ kind: "shipped", atMs: store.now(), orderId, fulfillmentId, lines: shipped });
    }
    return orderTruth(order);
  }

  /** The buyer sends units back; a closed return has been refunded. The same id again closes an open one. */
  setReturn(orderId: string, line: { readonly lineId: string; readonly units: number }, closed: boolean): string {
    const { store, identifiers } = this.#deps;
    const order = store.world.order(orderId);
    const { shippedUnits } = lineOf(order, line.lineId);
    const returnId = identifiers.digits(`return:${orderId}:${line.lineId}`, 10);
    const back = order.returns.filter((one) => one.lineId === line.lineId && one.returnId !== returnId);
    if (back.reduce((sum, { units }) => sum + units, line.units) > shippedUnits)
      throw new Error(`line ${line.lineId} of order ${orderId} has ${shippedUnits} shipped units`);
    store.commit({ kind: "return-set", atMs: store.now(), orderId, returnId, ...line, closed });
    return returnId;
  }

  editListing(sku: string, units: number): void {
    const { store } = this.#deps;
    store.world.listing(sku);
    store.commit({ kind: "edited", atMs: store.now(), sku, units });
  }

  /** Ends, holds, unpublishes or revives a listing. */
  setListingState(sku: string, state: ListingState): void {
    const { store } = this.#deps;
    store.world.listing(sku);
    store.commit({ kind: "state-set", atMs: store.now(), sku, state });
  }

  /** A buyer's account is closed: tells every application that asked to hear of it. */
  deleteAccount(user: { readonly userId: string; readonly username: string }): void {
    this.#deletions += 1;
    this.#deps.notifier.send(accountDeletion(user, this.#deletions, this.#deps.store.now()));
  }

  setWebhookTarget(target: WebhookTarget): Promise<void> {
    return this.#deps.setWebhookTarget(target);
  }

  truth() {
    const { world } = this.#deps.store;
    return {
      channel: "ebay",
      listings: [...world.listings.values()].map((listing) => ({
        sku: listing.sku,
        units: buyableUnits(listing),
        fulfilledBy: "merchant" as const,
      })),
      orders: [...world.orders.values()].map(orderTruth),
    };
  }

  writesSince(sequence: number) {
    return this.#deps.store.world.writes.slice(Math.max(0, sequence));
  }

  counters(): SimulatorCounters {
    const { gate, store, writes, faults } = this.#deps;
    return {
      requests: gate.requests,
      contractViolations: gate.violations.length,
      throttled: gate.throttled,
      writesAccepted: store.world.writesAccepted,
      writesApplied: store.world.writes.length,
      pendingWrites: writes.pending,
      pendingMessages: this.#deps.pendingMessages(),
      faults: Object.fromEntries(faults.counts),
    };
  }

  violations(): readonly string[] {
    return this.#deps.gate.violations;
  }

  /** What the listings can give, line by line, each through the offer that shows most. */
  #allot({ lines }: SaleRequest) {
    const { world } = this.#deps.store;
    const taken = new Map<string, number>();
    const sold: { sku: string; units: number; offerId: string }[] = [];
    const soldOut: { sku: string; units: number }[] = [];
    for (const { sku, units } of lines) {
      const listing = world.listings.get(sku);
      const before = taken.get(sku) ?? 0;
      if (listing === undefined || units > buyableUnits(listing) - before) {
        soldOut.push({ sku, units });
        continue;
      }
      taken.set(sku, before + units);
      sold.push({ sku, units, offerId: bestOffer(listing).offerId });
    }
    return { sold, soldOut };
  }

  #newOffer(sku: string, marketplaceId: string): OfferSeed {
    const { store, identifiers } = this.#deps;
    const digits = (length: number) => (label: string) => identifiers.digits(label, length);
    const taken = (id: string): boolean => store.world.listingByOfferId.has(id);
    const offerId = freeId(digits(11), `offer:${sku}:${marketplaceId}`, taken);
    // Unique because the offer's is: eBay's item numbers have twelve digits.
    return { offerId, listingId: `1${offerId}`, marketplaceId };
  }

  #newOrderId(): string {
    const { store, identifiers } = this.#deps;
    const make = (label: string): string => {
      const digits = identifiers.digits(label, 12);
      return `${digits.slice(0, 2)}-${digits.slice(2, 7)}-${digits.slice(7)}`;
    };
    return freeId(make, `order:${store.world.orders.size + 1}`, (id) => store.world.orders.has(id));
  }
}
