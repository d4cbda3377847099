import type { OrderSnapshot, PushOutcome } from "../../src/connectors/connector.ts";
import { ChannelError } from "../../src/core/failure.ts";
import type { Random } from "../../src/core/random.ts";
import type { Books, TakenWrite, TrueListing } from "./books.ts";
import type { FaultBox } from "./faults.ts";
import type { World } from "./world.ts";

/** How a channel is built: as Amazon, eBay and Shopify differ. */
export type ChannelShape = {
  readonly accountId: string;
  readonly channel: "amazon" | "ebay" | "shopify";
  readonly comparesAndSets: boolean;
  readonly pushBatchMax: number;
  readonly settleMs: number;
  /** The latest an order shows in the list after it changed. */
  readonly orderLagMs: number;
  /** Update times are told to this. */
  readonly stampMs: number;
  readonly messages: "snapshots" | "hints" | "queue";
  /** A cancellation puts the units back on its own listing. */
  readonly restocks: boolean;
};

type Line = {
  readonly lineRef: string;
  readonly listing: TrueListing;
  readonly orderedUnits: number;
  readonly cancelledUnits: number;
  readonly leftUnits: number;
  readonly backUnits: number;
};
type Version = {
  readonly changedMs: number;
  /** The same as the channel tells it. */
  readonly updatedMs: number;
  readonly visibleMs: number;
  readonly lines: readonly Line[];
};
export type ChannelOrder = { readonly orderRef: string; readonly createdMs: number; readonly versions: Version[] };

/** As what a tool expects that does not compare. */
export const anyUnits = -1;

export type Write = { readonly ref: string; readonly units: number; readonly expectedUnits: number | null };

/** A simulated channel with its own truth: listings, buyers' orders, and what it takes its time to show. */
export class SimChannel {
  readonly shape: ChannelShape;
  readonly listings = new Map<string, TrueListing>();
  readonly orders = new Map<string, ChannelOrder>();
  readonly world: World;
  readonly books: Books;
  readonly faults: FaultBox;
  readonly random: Random;
  awayUntilMs = 0;
  /** Until then the account's credentials are refused. */
  lockedUntilMs = 0;
  /** Until then it tells nobody of its orders. */
  ordersAwayUntilMs = 0;
  lastChangeMs = 0;
  /** Called with each new version of an order. */
  announce: (order: ChannelOrder) => void = () => undefined;

  constructor(shape: ChannelShape, given: { readonly world: World; readonly books: Books; readonly faults: FaultBox }) {
    this.shape = shape;
    this.world = given.world;
    this.books = given.books;
    this.faults = given.faults;
    this.random = given.world.random(`channel/${shape.accountId}`);
  }

  list(sku: string, unitsEach: number, shown: number): void {
    const { accountId } = this.shape;
    const ref = `${accountId}:${sku}`;
    const history = [{ atMs: this.world.nowMs, units: shown }];
    const listing = { accountId, ref, sku, unitsEach, shown, history, inflated: 0, linkedMs: 0 };
    this.listings.set(ref, listing);
    this.books.listings.push(listing);
  }

  /** A buyer wants units of each line; takes what is offered. Undefined: nothing was. */
  buy(orderRef: string, wishes: readonly { readonly ref: string; readonly units: number }[]): ChannelOrder | undefined {
    const lines = wishes.flatMap(({ ref, units }, index): readonly Line[] => {
      const listing = this.listings.get(ref);
      const bought = Math.min(units, listing?.shown ?? 0);
      if (listing === undefined || bought <= 0) return [];
      this.books.sell(listing, bought);
      return [
        { lineRef: String(index + 1), listing, orderedUnits: bought, cancelledUnits: 0, leftUnits: 0, backUnits: 0 },
      ];
    });
    if (lines.length === 0) return undefined;
    this.books.orders += 1;
    const order: ChannelOrder = { orderRef, createdMs: this.world.nowMs, versions: [] };
    this.orders.set(orderRef, order);
    this.#version(order, lines);
    return order;
  }

  ship(order: ChannelOrder): void {
    const lines = this.linesOf(order);
    if (lines.every((line) => line.orderedUnits - line.cancelledUnits === line.leftUnits)) return;
    this.#version(
      order,
      lines.map((line) => ({ ...line, leftUnits: line.orderedUnits - line.cancelledUnits })),
    );
  }

  /** Takes units of a line (the first, unless a SKU is named) back before they leave, or after (to the shelf). */
  giveBack(order: ChannelOrder, wantedUnits: number, sku?: string): void {
    const lines = this.linesOf(order);
    const first = lines.find(({ listing }) => sku === undefined || listing.sku === sku);
    if (first === undefined) return;
    const hasLeft = first.leftUnits > 0;
    const open = hasLeft ? first.leftUnits - first.backUnits : first.orderedUnits - first.cancelledUnits;
    const units = Math.min(wantedUnits, open);
    if (units <= 0) return;
    const line = hasLeft
      ? { ...first, backUnits: first.backUnits + units }
      : { ...first, cancelledUnits: first.cancelledUnits + units };
    this.books.change(first.listing.sku, -units * first.listing.unitsEach, first.listing);
    if (this.shape.restocks) this.books.show(first.listing, first.listing.shown + units);
    this.#version(
      order,
      lines.map((one) => (one === first ? line : one)),
    );
  }

  linesOf(order: ChannelOrder): readonly Line[] {
    return order.versions.at(-1)?.lines ?? [];
  }

  #version(order: ChannelOrder, lines: readonly Line[]): void {
    const { nowMs } = this.world;
    const { orderLagMs, stampMs } = this.shape;
    const updatedMs = Math.floor(nowMs / stampMs) * stampMs;
    const usualMs = Math.min(orderLagMs, 500);
    const lagMs = this.random() * (this.faults.strikes("orders-late", orderLagMs > usualMs) ? orderLagMs : usualMs);
    order.versions.push({ changedMs: nowMs, updatedMs, visibleMs: nowMs + lagMs, lines });
    this.lastChangeMs = nowMs;
    this.world.note(
      `order ${this.shape.accountId} ${order.orderRef} ${lines.map((line) => `${line.listing.sku}*${line.orderedUnits}-${line.cancelledUnits}/${line.leftUnits}/${line.backUnits}`).join(" ")}`,
    );
    this.announce(order);
  }

  snapshot(order: ChannelOrder, version: Version, observedMs: number): OrderSnapshot {
    return {
      orderRef: order.orderRef,
      fulfilledBy: "merchant",
      channelState: "open",
      createdAt: this.world.iso(order.createdMs),
      updatedAt: this.world.iso(version.updatedMs),
      observedAt: this.world.iso(observedMs),
      lines: version.lines.map((line) => ({
        lineRef: line.lineRef,
        listingRefs: [line.listing.ref],
        channelSku: line.listing.sku,
        holdUnits: line.orderedUnits - line.cancelledUnits - line.leftUnits,
        leftUnits: line.leftUnits,
        backUnits: line.backUnits,
      })),
    };
  }

  /** What the order list tells of an order now. */
  visible(order: ChannelOrder): Version | undefined {
    return order.versions.findLast((version) => version.visibleMs <= this.world.nowMs);
  }

  /**
   * The channel's answer to one row of a write; undefined: the answer leaves it out. `lookMs`: as of when its sender read
   * the listing.
   */
  take(write: Write, lookMs: number, attemptKey: string): PushOutcome | undefined {
    const { ref, units, expectedUnits } = write;
    const listing = this.listings.get(ref);
    if (listing === undefined) return { ref, status: "refused", retry: "never", reason: "no such listing" };
    const taken = { listing, attemptKey };
    this.books.onWrite(taken, "arrived");
    const partial = this.faults.strikes("answer-partial");
    const draw = this.random();
    if (partial && draw < 0.3) return { ref, status: "refused", retry: "later", reason: "busy" };
    if (this.shape.comparesAndSets && expectedUnits !== anyUnits && expectedUnits !== listing.shown) {
      return { ref, status: "conflict", reason: `shows ${listing.shown}, not ${expectedUnits}` };
    }
    const inflated = this.books.judgeWrite(listing, units, {
      atMs: lookMs,
      expectedUnits,
      isRaise: expectedUnits !== null && units > expectedUnits,
      compares: this.shape.comparesAndSets,
    });
    this.world.note(`write ${ref} ${listing.shown}→${units}`);
    const drops = !this.shape.comparesAndSets && this.faults.strikes("accepted-not-applied", units !== listing.shown);
    if (!drops) this.#apply(taken, units, inflated);
    if (partial && draw < 0.6) return undefined;
    if (partial) return { ref, status: "unknown", reason: "internal error" };
    return { ref, status: "accepted", receipt: null };
  }

  #apply(taken: TakenWrite, units: number, inflated: number): void {
    const { listing } = taken;
    const show = (): void => {
      listing.inflated = Math.min(inflated, Math.max(0, units - this.books.sellable(listing)));
      this.books.show(listing, units);
      this.books.effects.push(taken);
      this.books.onWrite(taken, "took effect");
      this.world.note(`shows ${listing.ref} ${units}`);
    };
    if (this.shape.comparesAndSets) return show();
    const isLate = this.faults.strikes("effect-late");
    const delayMs = this.random() * (isLate ? this.shape.settleMs - 100 : 400);
    this.world.after(delayMs, show);
  }

  get tellsOrders(): boolean {
    return this.world.nowMs >= this.ordersAwayUntilMs;
  }

  refuseWhileAway(): void {
    const { nowMs } = this.world;
    if (nowMs < this.lockedUntilMs) {
      throw new ChannelError({ kind: "auth", message: "401 unauthorized" });
    }
    if (nowMs >= this.awayUntilMs) return;
    throw new ChannelError({ kind: "retryable", ambiguous: true, message: "503 service unavailable" });
  }
}
