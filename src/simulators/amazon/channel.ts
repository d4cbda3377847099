import type { Clock } from "../../core/clock.ts";
import type { FaultSource } from "../kit/faults.ts";
import type { SaleRequest, SaleResult, SeedListing, SimulatedChannel, SimulatorCounters } from "../kit/simulator.ts";
import type { Timers } from "../kit/timers.ts";
import { availabilityPath, merchantUnits, type Patch, patchedRows } from "./availability.ts";
import type { GateCounters } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import type { MessageQueue } from "./message-queue.ts";
import { orderChange, wantsStatusChanges } from "./notifications-api.ts";
import type { OrderChangeWriter } from "./order-change.ts";
import { type Order, orderStatus, orderTruth, saleLines } from "./orders.ts";
import type { HiddenOrders } from "./orders-api.ts";
import { buyableUnits, type Entry, type Listing, linesToChange, type World } from "./world.ts";

export type ChannelDeps = {
  readonly world: World;
  /** Journals an entry and applies it. */
  readonly record: (entry: Entry) => void;
  readonly faults: FaultSource;
  readonly timers: Timers;
  readonly clock: Clock;
  readonly identifiers: Identifiers;
  readonly hidden: HiddenOrders;
  readonly queue: MessageQueue;
  readonly writeOrderChange: OrderChangeWriter;
  readonly gate: GateCounters;
  /** From the sale to the cleared payment, when the order leaves PENDING. */
  readonly pendingMs: number;
  readonly queueArn: string;
};

type PendingWrite = {
  readonly patches: readonly Patch[];
  readonly acceptedMs: number;
  readonly unitsWhenAccepted: number;
};

/** The buyers', the seller's hands' and the channel's own side of the simulated account. */
export class AmazonChannel implements SimulatedChannel {
  readonly #deps: ChannelDeps;
  /** Accepted writes by SKU, in order of acceptance; they are applied in that order. */
  readonly #pendingWrites = new Map<string, PendingWrite[]>();
  #writesAccepted = 0;
  #messagesUnderWay = 0;
  /** Orders still PENDING; each will send a message when its payment clears. */
  readonly #unpaid = new Set<Order>();

  constructor(deps: ChannelDeps) {
    this.#deps = deps;
    // A restart drops accepted writes not yet applied and messages not yet read; payments clear as they would have.
    for (const order of deps.world.created) {
      if (orderStatus(order) === "PENDING") this.#clearPaymentLater(order, deps.clock.now() - order.createdMs);
      if (order.visibleAtMs > deps.clock.now()) deps.hidden.add(order);
    }
  }

  /** Times of entries never run backwards, whatever the clock does. Epoch ms. */
  readonly stampMs = (): number => Math.max(this.#deps.clock.now(), this.#deps.world.newestMs);

  /** A SKU that is already listed stays as it is. */
  seedListings(listings: readonly SeedListing[]): void {
    const { world, record } = this.#deps;
    for (const { sku, title, units, fulfilledBy } of listings) {
      if (world.listings.has(sku)) continue;
      record({ kind: "listed", atMs: this.stampMs(), sku, title, units, fulfilledBy: fulfilledBy ?? "merchant" });
    }
  }

  sell(request: SaleRequest): SaleResult {
    const { world, identifiers, record, hidden } = this.#deps;
    if (!world.byReference.has(request.reference)) {
      const { sold, soldOut } = this.#allot(request);
      const number = world.created.length + 1;
      const atMs = this.stampMs();
      record({
        kind: "sold",
        atMs,
        visibleAtMs: atMs + this.#deps.faults.delayMs("orderVisibilityMs"),
        reference: request.reference,
        orderId: sold.length === 0 ? null : identifiers.orderId(number),
        lines: sold.map((line, index) => ({ ...line, lineId: identifiers.orderItemId(number, index + 1) })),
        soldOut,
      });
      const order = world.created[number - 1];
      if (order !== undefined) {
        hidden.add(order);
        this.#notify(order);
        this.#clearPaymentLater(order, 0);
      }
    }
    const known = world.byReference.get(request.reference);
    const orderId = known?.orderId ?? null;
    return { orderId, lines: orderId === null ? [] : saleLines(world.order(orderId)), soldOut: known?.soldOut ?? [] };
  }

  cancel(orderId: string, lines?: Parameters<SimulatedChannel["cancel"]>[1]) {
    return this.#changeOrder("cancelled", orderId, lines);
  }

  ship(orderId: string, lines?: Parameters<SimulatedChannel["ship"]>[1]) {
    return this.#changeOrder("shipped", orderId, lines);
  }

  /** Of a listing that Amazon fulfils: units that Amazon received or lost. */
  editListing(sku: string, units: number): void {
    this.#deps.world.listing(sku);
    this.#deps.record({ kind: "edited", atMs: this.stampMs(), sku, units });
  }

  /** Amazon calls nobody: its messages wait on the queue. */
  async setWebhookTarget(): Promise<void> {}

  /** Takes a write that passed validation: shown among the attributes at once, applied later in order, or never. */
  readonly submit = (listing: Listing, patches: readonly Patch[]): string => {
    const { faults, timers, record, identifiers } = this.#deps;
    this.#writesAccepted += 1;
    const submissionId = identifiers.uuid(`submission:${listing.sku}:${this.#writesAccepted}:${this.stampMs()}`);
    const stock = patches.filter(({ path }) => path === availabilityPath);
    const other = patches.filter(({ path }) => path !== availabilityPath);
    record({
      kind: "submitted",
      atMs: this.stampMs(),
      sku: listing.sku,
      rows: stock.reduce(patchedRows, listing.submitted),
      other: Object.fromEntries(other.map(({ path, value }) => [path.replace("/attributes/", ""), value ?? []])),
    });
    if (stock.length === 0 || faults.happens("acceptedNotAppliedShare")) return submissionId;
    const waiting = this.#pendingWrites.get(listing.sku) ?? [];
    this.#pendingWrites.set(listing.sku, [
      ...waiting,
      { patches: stock, acceptedMs: this.stampMs(), unitsWhenAccepted: merchantUnits(listing.applied) },
    ]);
    // Whichever timer fires first applies the write accepted first.
    timers.after(faults.delayMs("applyDelayMs"), () => this.#applyNextWrite(listing));
    return submissionId;
  };

  truth() {
    const { world } = this.#deps;
    return {
      channel: "amazon",
      listings: [...world.listings.values()].map((listing) => ({
        sku: listing.sku,
        units: buyableUnits(listing),
        fulfilledBy: listing.fulfilledBy,
      })),
      orders: world.created.map(orderTruth),
    };
  }

  writesSince(sequence: number) {
    return this.#deps.world.writes.slice(Math.max(0, sequence));
  }

  /** A payment that has not cleared counts as a pending message: it will send one. */
  counters(): SimulatorCounters {
    const { gate, world, faults, queue } = this.#deps;
    return {
      requests: gate.requests,
      contractViolations: gate.violations.length,
      throttled: gate.throttled,
      writesAccepted: this.#writesAccepted,
      writesApplied: world.writes.length,
      pendingWrites: [...this.#pendingWrites.values()].reduce((sum, waiting) => sum + waiting.length, 0),
      pendingMessages: this.#messagesUnderWay + this.#unpaid.size + queue.size,
      faults: Object.fromEntries(faults.counts),
    };
  }

  violations(): readonly string[] {
    return this.#deps.gate.violations;
  }

  /** What the listings can give, line by line. Amazon makes one order per fulfiller, so a mixed basket is refused. */
  #allot({ lines }: SaleRequest) {
    const { world } = this.#deps;
    const fulfillers = new Set(lines.map(({ sku }) => world.listings.get(sku)?.fulfilledBy ?? "merchant"));
    if (fulfillers.size > 1) throw new Error("Amazon splits a basket by who fulfils it: sell those lines apart");
    const left = new Map<string, number>();
    const sold: SaleRequest["lines"][number][] = [];
    const soldOut: SaleRequest["lines"][number][] = [];
    for (const { sku, units } of lines) {
      const listing = world.listings.get(sku);
      const available = left.get(sku) ?? (listing === undefined ? 0 : buyableUnits(listing));
      if (units > available) {
        soldOut.push({ sku, units });
        continue;
      }
      left.set(sku, available - units);
      sold.push({ sku, units });
    }
    return { sold, soldOut };
  }

  #changeOrder(kind: "cancelled" | "shipped", orderId: string, lines: Parameters<SimulatedChannel["cancel"]>[1]) {
    const { world, record } = this.#deps;
    const order = world.order(orderId);
    const changed = linesToChange(order, lines);
    if (changed.length > 0) {
      record({ kind, atMs: this.stampMs(), orderId, lines: changed });
      if (orderStatus(order) !== "PENDING") this.#unpaid.delete(order);
      this.#notify(order);
    }
    return orderTruth(order);
  }

  #applyNextWrite(listing: Listing): void {
    const [next, ...rest] = this.#pendingWrites.get(listing.sku) ?? [];
    if (rest.length === 0) this.#pendingWrites.delete(listing.sku);
    else this.#pendingWrites.set(listing.sku, rest);
    if (next === undefined) return;
    this.#deps.record({
      kind: "applied",
      atMs: this.stampMs(),
      sku: listing.sku,
      rows: next.patches.reduce(patchedRows, listing.applied),
      acceptedMs: next.acceptedMs,
      unitsWhenAccepted: next.unitsWhenAccepted,
    });
  }

  #clearPaymentLater(order: Order, waitedMs: number): void {
    this.#unpaid.add(order);
    this.#deps.timers.after(Math.max(1, this.#deps.pendingMs - waitedMs), () => {
      // Shipped or cancelled in the meantime: nothing is left to clear.
      if (!this.#unpaid.delete(order)) return;
      this.#deps.record({ kind: "paid", atMs: this.stampMs(), orderId: order.orderId });
      this.#notify(order);
    });
  }

  /** Late, twice, out of order, or never, as the fault plan says. */
  #notify(order: Order): void {
    const { world, faults, timers, queue, clock } = this.#deps;
    const subscription = world.subscriptions.get(orderChange);
    if (subscription === undefined || !wantsStatusChanges(subscription)) return;
    if (world.destinations.get(subscription.destinationId)?.arn !== this.#deps.queueArn) return;
    const message = this.#deps.writeOrderChange(order, subscription, clock.now());
    if (faults.happens("messageDropShare")) return;
    const copies = faults.happens("messageDuplicateShare") ? 2 : 1;
    for (let copy = 0; copy < copies; copy += 1) {
      this.#messagesUnderWay += 1;
      timers.after(faults.delayMs("messageDelayMs"), () => {
        this.#messagesUnderWay -= 1;
        queue.send(message);
      });
    }
  }
}
