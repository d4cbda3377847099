import { createHmac } from "node:crypto";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { type FaultPlan, FaultSource } from "../../../src/simulators/kit/faults.ts";
import type {
  OrderTruth,
  QuantityWrite,
  SaleLine,
  SaleRequest,
  SaleResult,
  SeedListing,
  SimulatedChannel,
  SimulatorCounters,
  Truth,
} from "../../../src/simulators/kit/simulator.ts";
import { Timers } from "../../../src/simulators/kit/timers.ts";

export const marketSecret = "a-secret-between-the-market-and-its-seller";

export type MarketMessage = { readonly id: string; readonly orderId: string; readonly at: string };
export type MarketAnswer = { readonly status: number; readonly body: unknown };

type MarketOrder = {
  orderId: string;
  reference: string;
  atMs: number;
  listedAtMs: number;
  changedMs: number;
  lines: SaleLine[];
};
type Shown = { units: number; readonly title: string; was: { readonly untilMs: number; readonly units: number }[] };

const Ids = z.strictObject({ ids: z.array(z.string()).max(10) });
/** The market's contract: what each of its calls may hold. */
const contract = {
  token: z.strictObject({}),
  listings: z.strictObject({ after: z.string().nullable() }),
  quantities: Ids,
  set: z.strictObject({ rows: z.array(z.strictObject({ sku: z.string(), units: z.int().min(0) })).max(10) }),
  orders: z.strictObject({ from: z.iso.datetime(), to: z.iso.datetime() }),
  order: Ids,
  subscribe: z.strictObject({ address: z.string() }),
  subscription: z.strictObject({}),
} as const;
export type MarketCall = keyof typeof contract;

const pageMax = 25;

/** A made-up channel, whole: buyers, books, a protocol with a contract, messages, and every fault of the kit. */
export class ToyMarket implements SimulatedChannel {
  readonly faults: FaultSource;
  readonly delivered: { readonly body: string; readonly signature: string }[] = [];
  readonly #random = seededRandom(5);
  readonly #timers = new Timers();
  readonly #shown = new Map<string, Shown>();
  readonly #orders: MarketOrder[] = [];
  readonly #writes: QuantityWrite[] = [];
  readonly #violations: string[] = [];
  readonly #counts = { requests: 0, throttled: 0, writesAccepted: 0, pendingWrites: 0 };
  #address: string | null = null;
  #token = { text: "", untilMs: 0 };

  constructor(plan: FaultPlan) {
    this.faults = new FaultSource(plan, seededRandom(3));
  }

  /** One request over a wire that may fail. Rejects where a connection would break. */
  async ask(call: MarketCall, token: string, given: unknown): Promise<MarketAnswer> {
    await systemClock.sleep(1);
    const { faults } = this;
    if (faults.happens("requestLostShare")) throw new Error("connection reset");
    this.#counts.requests += 1;
    if (faults.happens("serverErrorShare")) return { status: 503, body: null };
    if (faults.happens("throttleShare")) {
      this.#counts.throttled += 1;
      return { status: 429, body: null };
    }
    const lost = faults.happens("replyLostShare");
    const answer = this.#answer(call, token, given);
    if (lost) throw new Error("connection reset");
    return answer;
  }

  #answer(call: MarketCall, token: string, given: unknown): MarketAnswer {
    if (call === "token") return { status: 200, body: { token: this.#newToken() } };
    if (token !== this.#token.text || systemClock.now() > this.#token.untilMs) {
      if (this.faults.plan.tokenLifeMs > 0) this.faults.count("tokenLifeMs");
      return { status: 401, body: null };
    }
    const judged = contract[call].safeParse(given);
    if (!judged.success) {
      this.#violations.push(`${call}: ${judged.error.message}`);
      return { status: 400, body: null };
    }
    return { status: 200, body: this.#does(call, judged.data) };
  }

  #newToken(): string {
    const { tokenLifeMs } = this.faults.plan;
    this.#token = { text: `t-${this.#random()}`, untilMs: systemClock.now() + (tokenLifeMs || 3_600_000) };
    return this.#token.text;
  }

  #does(call: MarketCall, given: unknown): unknown {
    switch (call) {
      case "listings": {
        const { after } = contract.listings.parse(given);
        const rest = [...this.#shown]
          .filter(([sku]) => after === null || sku > after)
          .toSorted(([a], [b]) => (a < b ? -1 : 1));
        const page = rest.slice(0, pageMax).map(([sku, { title, units }]) => ({ sku, title, units }));
        return { listings: page, next: rest.length > pageMax ? page.at(-1)?.sku : null };
      }
      case "quantities":
        return { rows: contract.quantities.parse(given).ids.map((sku) => ({ sku, units: this.#told(sku) })) };
      case "set":
        return {
          rows: contract.set.parse(given).rows.map(({ sku, units }) => ({ sku, taken: this.#take(sku, units) })),
        };
      case "orders": {
        const { from, to } = contract.orders.parse(given);
        const within = this.#visible().filter(
          ({ changedMs }) => changedMs >= Date.parse(from) && changedMs <= Date.parse(to),
        );
        return { orders: within.map(rendered) };
      }
      case "order": {
        const { ids } = contract.order.parse(given);
        return {
          orders: this.#visible()
            .filter(({ orderId }) => ids.includes(orderId))
            .map(rendered),
        };
      }
      case "subscribe":
        this.#address = contract.subscribe.parse(given).address;
        return { address: this.#address };
      case "subscription":
        return { address: this.#address };
      case "token":
        return null;
    }
  }

  #visible(): readonly MarketOrder[] {
    const nowMs = systemClock.now();
    return this.#orders.filter(({ listedAtMs }) => listedAtMs <= nowMs);
  }

  #told(sku: string): number | null {
    const shown = this.#shown.get(sku);
    const asOfMs = systemClock.now() - this.#random() * this.faults.plan.staleReadMs;
    return shown === undefined ? null : (shown.was.find(({ untilMs }) => untilMs > asOfMs)?.units ?? shown.units);
  }

  #change(sku: string, units: number): void {
    const shown = this.#shown.get(sku);
    if (shown === undefined) throw new Error(`the market has no ${sku}`);
    shown.was.push({ untilMs: systemClock.now(), units: shown.units });
    shown.units = units;
  }

  #take(sku: string, units: number): boolean {
    const shown = this.#shown.get(sku);
    if (shown === undefined) return false;
    this.#counts.writesAccepted += 1;
    if (this.faults.happens("acceptedNotAppliedShare")) return true;
    this.#counts.pendingWrites += 1;
    const [acceptedMs, unitsWhenAccepted] = [systemClock.now(), shown.units];
    this.#timers.after(this.faults.delayMs("applyDelayMs"), () => {
      this.#counts.pendingWrites -= 1;
      const [sequence, unitsBefore] = [this.#writes.length + 1, shown.units];
      this.#change(sku, units);
      this.#writes.push({
        sequence,
        atMs: systemClock.now(),
        sku,
        unitsBefore,
        acceptedMs,
        unitsWhenAccepted,
        unitsAfter: units,
      });
    });
    return true;
  }

  #announce(order: MarketOrder): void {
    const message: MarketMessage = {
      id: `m-${order.orderId}-${order.changedMs}`,
      orderId: order.orderId,
      at: new Date(order.changedMs).toISOString(),
    };
    const body = JSON.stringify({ ...message, buyer: `canary-${order.orderId}@buyer.example` });
    const signature = createHmac("sha256", marketSecret).update(body).digest("hex");
    if (this.faults.happens("messageDropShare")) return;
    const times = this.faults.happens("messageDuplicateShare") ? 2 : 1;
    for (let time = 0; time < times; time += 1)
      this.#timers.after(
        order.listedAtMs - order.atMs + this.faults.delayMs("messageDelayMs"),
        () => void this.delivered.push({ body, signature }),
      );
  }

  seedListings(listings: readonly SeedListing[]): void {
    for (const { sku, title, units } of listings) this.#shown.set(sku, { units, title, was: [] });
  }

  sell({ reference, lines }: SaleRequest): SaleResult {
    const soldOut = lines.filter(({ sku, units }) => (this.#shown.get(sku)?.units ?? 0) < units);
    const sold = lines.filter((line) => !soldOut.includes(line));
    if (sold.length === 0) return { orderId: null, lines: [], soldOut };
    const atMs = systemClock.now();
    const order: MarketOrder = {
      orderId: `M${1_000 + this.#orders.length}`,
      reference,
      atMs,
      changedMs: atMs,
      listedAtMs: atMs + this.faults.delayMs("orderVisibilityMs"),
      lines: sold.map(({ sku, units }, at) => ({
        lineId: String(at + 1),
        sku,
        orderedUnits: units,
        cancelledUnits: 0,
        shippedUnits: 0,
        restockedUnits: 0,
      })),
    };
    for (const { sku, units } of sold) this.#change(sku, (this.#shown.get(sku)?.units ?? 0) - units);
    this.#orders.push(order);
    this.#announce(order);
    return { orderId: order.orderId, lines: order.lines, soldOut };
  }

  #edit(
    orderId: string,
    each: (line: SaleLine, units: number) => SaleLine,
    lines?: Parameters<SimulatedChannel["ship"]>[1],
  ): OrderTruth {
    const order = this.#orders.find((one) => one.orderId === orderId);
    if (order === undefined) throw new Error(`the market has no order ${orderId}`);
    order.lines = order.lines.map((line) => {
      const open = line.orderedUnits - line.cancelledUnits - line.shippedUnits;
      const units = lines === undefined ? open : (lines.find(({ lineId }) => lineId === line.lineId)?.units ?? 0);
      return each(line, Math.min(open, units));
    });
    // Two changes in one millisecond would be one to whoever asks for changes since.
    order.changedMs = Math.max(systemClock.now(), order.changedMs + 1);
    this.#announce(order);
    return order;
  }

  cancel(orderId: string, lines?: Parameters<SimulatedChannel["cancel"]>[1]): OrderTruth {
    const back = (line: SaleLine, units: number): SaleLine => {
      this.#change(line.sku, (this.#shown.get(line.sku)?.units ?? 0) + units);
      return { ...line, cancelledUnits: line.cancelledUnits + units };
    };
    return this.#edit(orderId, back, lines);
  }

  ship(orderId: string, lines?: Parameters<SimulatedChannel["ship"]>[1]): OrderTruth {
    return this.#edit(orderId, (line, units) => ({ ...line, shippedUnits: line.shippedUnits + units }), lines);
  }

  editListing(sku: string, units: number): void {
    this.#change(sku, units);
  }

  setWebhookTarget(): Promise<void> {
    return Promise.resolve();
  }

  truth(): Truth {
    const listings = [...this.#shown].map(([sku, { units }]) => ({ sku, units, fulfilledBy: "merchant" as const }));
    return { channel: "toy", listings, orders: this.#orders };
  }

  writesSince(sequence: number): readonly QuantityWrite[] {
    return this.#writes.slice(sequence);
  }

  counters(): SimulatorCounters {
    return {
      ...this.#counts,
      contractViolations: this.#violations.length,
      writesApplied: this.#writes.length,
      pendingMessages: this.#timers.pending - this.#counts.pendingWrites,
      faults: Object.fromEntries(this.faults.counts),
    };
  }

  violations(): readonly string[] {
    return this.#violations;
  }

  close(): Promise<void> {
    this.#timers.close();
    return Promise.resolve();
  }
}

const rendered = ({ orderId, atMs, changedMs, lines }: MarketOrder) => ({
  id: orderId,
  placed: new Date(atMs).toISOString(),
  changed: new Date(changedMs).toISOString(),
  buyer: { name: `Canary ${orderId}`, email: `canary-${orderId}@buyer.example` },
  lines: lines.map((line) => ({
    id: line.lineId,
    sku: line.sku,
    open: line.orderedUnits - line.cancelledUnits - line.shippedUnits,
    shipped: line.shippedUnits,
    back: line.restockedUnits,
  })),
});
