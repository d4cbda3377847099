import type { OrderSnapshot } from "../../src/connectors/connector.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { seededRandom } from "../../src/core/random.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import type { AccountPlan } from "../../src/jobs/deps.ts";
import type { Command } from "../../src/ledger/commands.ts";
import { setAccountState } from "../../src/sync/accounts.ts";
import { type Door, keepDeliveries } from "../../src/sync/inbox.ts";
import type { TestDatabase } from "./database.ts";
import { accountId, JobBench } from "./job-bench.ts";
import type { ToyChannel } from "./toy-channel.ts";

export const [here, elsewhere, quiet] = [accountId, "elsewhere", "quiet"] as const;
export type Place = typeof here | typeof elsewhere | typeof quiet;

/**
 * Three accounts that sell the same SKUs, all in step: `here` and `elsewhere` get messages, `quiet` is only polled. Jobs
 * run when a deed lets them.
 */
export class OversellStage {
  readonly bench: JobBench;
  readonly #random: ReturnType<typeof seededRandom>;
  readonly #channels: Readonly<Record<Place, ToyChannel>>;
  #orders = 0;

  private constructor(bench: JobBench, channels: Readonly<Record<Place, ToyChannel>>, seed: number) {
    this.bench = bench;
    this.#channels = channels;
    this.#random = seededRandom(seed);
  }

  /** `skus`: how many units there are of each. `settings`: of `here`, from the start. */
  static async open(
    skus: ReadonlyMap<string, number>,
    seed: number,
    given: { readonly database?: TestDatabase; readonly settings?: Partial<AccountPlan> } = {},
  ): Promise<OversellStage> {
    const bench = await JobBench.open(given.database);
    bench.settings.set(here, given.settings ?? {});
    const channels = {
      [here]: bench.channel,
      [elsewhere]: await bench.addAccount(elsewhere),
      [quiet]: await bench.addAccount(quiet),
    };
    const stage = new OversellStage(bench, channels, seed);
    for (const [sku, units] of [["noise", 100] as const, ...skus]) {
      for (const place of [here, elsewhere, quiet] as const) channels[place].shown.set(sku, units);
      await bench.receive(sku, units);
    }
    await bench.run("publish-events");
    for (const place of [here, elsewhere, quiet] as const)
      for (const job of ["import-listings", "poll-orders", "push-account"] as const) await bench.run(job, place);
    for (const place of [here, elsewhere] as const) await stage.tell(place, stage.sell(place, "noise", 1));
    await stage.work();
    return stage;
  }

  close(): Promise<void> {
    return this.bench.close();
  }
  channel(place: Place): ToyChannel {
    return this.#channels[place];
  }
  int(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }
  /** Time passes in which nobody works. */
  pass(msFrom: number, msTo = msFrom): void {
    this.bench.clock.advance(this.int(msFrom, msTo));
  }

  /** A buyer takes units; nobody is told yet. */
  sell(place: Place, sku: string, units: number): OrderSnapshot {
    return this.channel(place).sell(`${place}-${(this.#orders += 1)}`, sku, units);
  }
  /** A buyer takes so many, or as many as are shown. */
  buy(place: Place, sku: string, units: number): OrderSnapshot {
    return this.sell(place, sku, Math.min(units, Math.max(0, this.channel(place).shown.get(sku) ?? 0)));
  }
  /** The order comes in, and is kept. */
  async keep(place: Place, order: OrderSnapshot, door: Door = "webhook"): Promise<void> {
    const delivery = this.channel(place).deliveryOf(order);
    const now = this.bench.clock.iso();
    await keepDeliveries(this.bench.database.db, { accountId: place, door, deliveries: [{ delivery }], now });
  }
  /** The order comes in and reaches the ledger. */
  async tell(place: Place, order: OrderSnapshot): Promise<void> {
    await this.keep(place, order);
    await this.ingest(place);
  }
  async ingest(place: Place): Promise<void> {
    this.bench.clock.advance(this.int(20, 120));
    await this.bench.run("ingest", place);
  }
  async poll(place: Place): Promise<void> {
    await this.bench.run("poll-orders", place);
    await this.ingest(place);
  }
  /** What is owed is pushed and read back, on these accounts. */
  async work(...places: readonly Place[]): Promise<void> {
    await this.bench.run("publish-events");
    for (const place of places.length === 0 ? ([here, elsewhere, quiet] as const) : places) {
      this.bench.clock.advance(this.int(50, 200));
      await this.bench.run("push-account", place);
      this.bench.clock.advance(this.int(200, 400));
      await this.bench.run("confirm-pushes", place);
    }
  }
  /** Another setting of an account, from now on. */
  configure(place: Place, change: Partial<AccountPlan>): void {
    this.bench.settings.set(place, { ...this.bench.settings.get(place), ...change });
  }
  async setState(place: Place, state: "live" | "paused"): Promise<void> {
    const now = this.bench.clock.iso();
    await setAccountState(this.bench.database.db, { accountId: place, state, reason: "a test", now });
  }
  submit(command: Command): Promise<{ readonly status: string }> {
    return this.bench.deps.ledger.submit(command);
  }
  /** Units come in, when all orders up to now are known. */
  async receive(sku: string, units: number): Promise<void> {
    this.pass(30_000);
    await this.bench.receive(sku, units);
    for (const place of [here, elsewhere, quiet] as const) await this.poll(place);
  }
  /** Somebody corrects the shelf by hand. */
  async adjust(sku: string, units: number): Promise<void> {
    const at = this.bench.clock.iso();
    await this.bench.database.setClock(at);
    await this.submit({
      kind: "adjust",
      key: `adjust:${(this.#orders += 1)}`,
      actor: "cli:olga",
      occurredAt: at,
      sku: Sku.parse(sku),
      locationId: LocationId.parse("main"),
      units,
      reason: "broken",
    });
  }
  /** A checkout of the merchant's own shop takes units. */
  async reserve(sku: string, units: number): Promise<void> {
    const at = this.bench.clock.iso();
    await this.bench.database.setClock(at);
    const id = `cart-${(this.#orders += 1)}`;
    await this.submit({
      kind: "reserve",
      key: `reserve:${id}`,
      actor: "api:shop",
      occurredAt: at,
      reservationId: id,
      reference: null,
      ttlMs: null,
      mode: "all",
      lines: [{ sku: Sku.parse(sku), locationId: LocationId.parse("main"), units }],
    });
  }
  inTransaction<Result>(work: Parameters<typeof inTransaction<Result>>[1]): Promise<Result> {
    return inTransaction(this.bench.database.db, work);
  }
}
