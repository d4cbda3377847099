import type { Connector, Delivery, OrderSnapshot } from "../../src/connectors/connector.ts";
import type { LedgerLine } from "../../src/demo/verdict.ts";
import { anyUnits } from "./channel.ts";
import { garbled, simConnector } from "./connector.ts";
import type { Given, Policy, Request } from "./policy.ts";
import { SimQueues } from "./sim-queue.ts";
import { Process } from "./world.ts";

type Line = { readonly accountId: string; readonly sku: string; readonly updatedAt: string } & LedgerLine;
type Push = { readonly accountId: string; readonly ref: string; readonly units: number };

const pollEveryMs = 60_000;
const restartAfterMs = 3_000;

/**
 * What tools do that are simpler than Lockstep, with books that never lose anything, so that only their way of pushing
 * is compared. `naive`: each change sends each listing its number, accepted is done. `batch-hub`: every fifteen minutes
 * all orders are read, and listings whose number has changed since the last time are sent.
 */
export class BaselinePolicy implements Policy {
  readonly #given: Given;
  readonly #queues: SimQueues;
  readonly #batchMs: number | undefined;
  readonly #lines = new Map<string, Line>();
  readonly #left = new Map<string, number>();
  readonly #answers = new Map<string, boolean>();
  readonly #reserved = new Map<string, { readonly sku: string; readonly units: number }>();
  readonly #cursors = new Map<string, string | null>();
  readonly #sent = new Map<string, number>();
  #process: Process;
  #connectors: ReadonlyMap<string, Connector> = new Map();
  #push: (push: Push) => void = () => undefined;
  #started = 0;
  #seenMs = 0;

  constructor(given: Given, batchMs?: number) {
    this.#given = given;
    this.#batchMs = batchMs;
    this.#queues = new SimQueues(given.world, given.faults);
    this.#process = new Process(given.world, "hub0");
  }

  start(): Promise<void> {
    const { books } = this.#given;
    for (const { sku } of books.listings) this.#left.set(sku, books.left(sku));
    for (const { ref, shown } of books.listings) this.#sent.set(ref, shown);
    this.#launch();
    return Promise.resolve();
  }

  #launch(): void {
    const { world, channels, messages } = this.#given;
    const process = new Process(world, `hub${(this.#started += 1)}`);
    this.#process = process;
    this.#connectors = new Map(
      [...channels].map(([id, channel]) => [id, simConnector(channel, process, messages.get(id))]),
    );
    const server = this.#queues.serverFor(process);
    const queue = server.openQueue("push");
    let jobs = 0;
    this.#push = (push) => {
      const id = `${process.name}-${(jobs += 1)}`;
      queue.add("push", push, { deduplication: { id, keepLastIfActive: true } }).catch(() => undefined);
    };
    server.openWorker("push", (data) => this.#send(data as Push), 8);
    const poll = async (): Promise<void> => {
      await this.#readOrders().catch(() => undefined);
      if (this.#batchMs !== undefined) await this.#sendChanged();
      await process.pause(this.#batchMs ?? pollEveryMs);
      void poll();
    };
    world.after(this.#batchMs ?? 1_000, () => void poll());
    for (const accountId of messages.keys()) void this.#drain(process, accountId);
  }

  async #send({ accountId, ref, units }: Push): Promise<void> {
    const { signal } = new AbortController();
    const connector = this.#connectors.get(accountId) as Connector;
    const write = { ref, details: null, units, expectedUnits: anyUnits };
    const [outcome] = await connector.pushQuantities([write], "none", { accountId, signal });
    if (outcome?.status !== "accepted") throw new Error(outcome?.status ?? "left out");
    this.#sent.set(ref, units);
  }

  async #readOrders(): Promise<void> {
    const { signal } = new AbortController();
    const startedMs = this.#given.world.nowMs;
    for (const [accountId, connector] of this.#connectors) {
      for (let isDone = false; !isDone; ) {
        const page = await connector.pullOrders(this.#cursors.get(accountId) ?? null, { accountId, signal });
        for (const { payload } of page.items) this.#apply(accountId, payload as unknown as OrderSnapshot);
        this.#cursors.set(accountId, page.next);
        isDone = page.done;
      }
    }
    this.#seenMs = startedMs;
  }

  async #sendChanged(): Promise<void> {
    const { signal } = new AbortController();
    for (const listing of this.#given.books.listings) {
      const { accountId, ref } = listing;
      const units = this.#wanted(listing);
      if (this.#sent.get(ref) === units) continue;
      const connector = this.#connectors.get(accountId) as Connector;
      const write = { ref, details: null, units, expectedUnits: anyUnits };
      const [outcome] = await connector.pushQuantities([write], "none", { accountId, signal }).catch(() => []);
      if (outcome?.status === "accepted") this.#sent.set(ref, units);
    }
  }

  async #drain(process: Process, accountId: string): Promise<void> {
    const { signal } = new AbortController();
    const connector = this.#connectors.get(accountId) as Connector;
    while (process.isAlive) {
      const found = (await connector.notifications?.receive({ accountId, signal })) ?? [];
      for (const message of found) if (message.kind === "delivery") await this.deliver(accountId, message.delivery);
      await connector.notifications?.acknowledge(
        found.map(({ handle }) => handle),
        { accountId, signal },
      );
    }
  }

  async deliver(accountId: string, { topic, payload }: Delivery): Promise<boolean> {
    if (!this.#process.isRunning) return false;
    if (this.#batchMs !== undefined || topic === garbled) return true;
    if (topic === "order") {
      this.#apply(accountId, payload as unknown as OrderSnapshot);
      return true;
    }
    const { signal } = new AbortController();
    const connector = this.#connectors.get(accountId) as Connector;
    const orders = await connector.fetchOrders([String(payload)], { accountId, signal }).catch(() => []);
    for (const order of orders) this.#apply(accountId, order);
    return orders.length > 0;
  }

  #apply(accountId: string, order: OrderSnapshot): void {
    for (const line of order.lines) {
      const listing = this.#given.channels.get(accountId)?.listings.get(line.listingRefs[0] ?? "");
      if (listing === undefined) continue;
      const key = `${accountId} ${order.orderRef} ${line.lineRef}`;
      const before = this.#lines.get(key);
      if (before !== undefined && (before.updatedAt > order.updatedAt || isFurther(before, line, listing.unitsEach)))
        continue;
      const now: Line = {
        accountId,
        sku: listing.sku,
        updatedAt: order.updatedAt,
        orderRef: order.orderRef,
        lineRef: line.lineRef,
        holdUnits: line.holdUnits * listing.unitsEach,
        leftUnits: line.leftUnits * listing.unitsEach,
        backUnits: line.backUnits * listing.unitsEach,
      };
      this.#lines.set(key, now);
      const difference = taken(now) - (before === undefined ? 0 : taken(before));
      if (difference !== 0) this.#change(listing.sku, difference);
    }
  }

  #change(sku: string, takenUnits: number): void {
    this.#left.set(sku, (this.#left.get(sku) ?? 0) - takenUnits);
    if (this.#batchMs !== undefined) return;
    for (const listing of this.#given.books.listings) {
      if (listing.sku !== sku) continue;
      this.#push({ accountId: listing.accountId, ref: listing.ref, units: this.#wanted(listing) });
    }
  }

  #wanted({ sku, unitsEach }: { readonly sku: string; readonly unitsEach: number }): number {
    return Math.max(0, Math.floor((this.#left.get(sku) ?? 0) / unitsEach));
  }

  async request(request: Request): Promise<boolean> {
    await this.#process.pause(10);
    const known = this.#answers.get(request.key);
    if (known !== undefined) return known;
    const isDone = this.#take(request);
    this.#answers.set(request.key, isDone);
    return isDone;
  }

  #take(request: Request): boolean {
    switch (request.kind) {
      case "receive":
      case "adjust":
        this.#change(request.sku, -request.units);
        return true;
      case "reserve":
        if ((this.#left.get(request.sku) ?? 0) < request.units) return false;
        this.#reserved.set(request.id, request);
        this.#change(request.sku, request.units);
        if (request.ttlMs !== null)
          this.#given.world.after(request.ttlMs, () => this.#change(request.sku, -request.units));
        return true;
      // Its books know what each listing sells, and nobody brakes it.
      case "link":
      case "brake":
      case "let-go":
      case "commit":
        return true;
      case "release": {
        const reserved = this.#reserved.get(request.id);
        if (reserved !== undefined) this.#change(reserved.sku, -reserved.units);
        return true;
      }
    }
  }

  kill(): boolean {
    if (!this.#process.isRunning) return false;
    this.#process.isAlive = false;
    this.#given.world.after(restartAfterMs, () => this.#launch());
    return true;
  }

  freeze(_draw: number, forMs: number): boolean {
    if (!this.#process.isRunning) return false;
    this.#process.frozenUntilMs = this.#given.world.nowMs + forMs;
    return true;
  }

  emptyQueue(): boolean {
    return this.#queues.empty() > 0;
  }

  queueAway(untilMs: number): boolean {
    this.#queues.goAway(untilMs);
    return true;
  }

  isQuiet(): boolean {
    const { channels, world } = this.#given;
    const lastMs = Math.max(
      ...[...channels.values()].map(({ lastChangeMs, shape }) => lastChangeMs + shape.orderLagMs),
    );
    return this.#queues.size === 0 && this.#seenMs > lastMs + 2_000 && world.nowMs > this.#seenMs + 60_000;
  }

  orderLines(accountId: string): readonly LedgerLine[] {
    return [...this.#lines.values()].filter((line) => line.accountId === accountId);
  }

  available(): ReadonlyMap<string, number> {
    return this.#left;
  }

  watch(): void {
    // Nothing is promised.
  }

  breaches(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}

const taken = (line: Pick<LedgerLine, "holdUnits" | "leftUnits" | "backUnits">): number =>
  line.holdUnits + line.leftUnits - line.backUnits;

/** Of the same moment, what has gone further is the later view. */
const isFurther = (
  before: Line,
  line: { readonly holdUnits: number; readonly leftUnits: number; readonly backUnits: number },
  each: number,
): boolean => {
  const steps = before.backUnits - line.backUnits * each || before.leftUnits - line.leftUnits * each;
  return (steps || line.holdUnits * each - before.holdUnits) > 0;
};
