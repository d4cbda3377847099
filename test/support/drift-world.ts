import type { OrderSnapshot } from "../../src/connectors/connector.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import type { JobBench } from "./job-bench.ts";

const minuteMs = 60_000;

/** Something that really happened to a listing, in the words of the one who did it. */
export type Deed = "our-lag" | "lost-push" | "unseen-order" | "hand-edit" | "other-app" | "channel-fault";

/**
 * People, other programs and a channel that does not always behave, acting on the toy channel and the ledger alone. They
 * know nothing of how Lockstep judges; what they did is the label.
 */
export class DriftWorld {
  readonly #bench: JobBench;
  readonly #random: Random;
  readonly refs: readonly string[];
  /** Units that are really there: received less sold, told or not. */
  readonly #truth = new Map<string, number>();
  readonly #taken = new Set<string>();
  readonly #soldTo = new Map<string, OrderSnapshot>();
  #orders = 0;

  constructor(bench: JobBench, seed: number, listings: number) {
    this.#bench = bench;
    this.#random = seededRandom(seed);
    this.refs = Array.from({ length: listings }, (_, index) => `L${String(index).padStart(4, "0")}`);
  }

  int(from: number, to: number): number {
    return from + Math.floor(this.#random() * (to - from + 1));
  }
  chance(share: number): boolean {
    return this.#random() < share;
  }

  /** Listings that nothing was done to in this episode yet. */
  take(count: number): readonly string[] {
    const free = this.refs.filter((ref) => !this.#taken.has(ref));
    const taken = Array.from({ length: Math.min(count, free.length) }, () => {
      const [ref = ""] = free.splice(this.int(0, free.length - 1), 1);
      return ref;
    });
    for (const ref of taken) this.#taken.add(ref);
    return taken;
  }
  newEpisode(): void {
    this.#taken.clear();
  }

  truth(ref: string): number {
    return this.#truth.get(ref) ?? 0;
  }
  shown(ref: string): number {
    return this.#bench.channel.shown.get(ref) ?? 0;
  }

  async open(): Promise<void> {
    for (const ref of this.refs) {
      const units = this.int(30, 90);
      this.#bench.channel.shown.set(ref, units);
      this.#truth.set(ref, units);
      await this.#bench.receive(ref, units);
    }
    await this.#bench.run("import-listings");
    await this.#bench.run("poll-orders");
    await this.run();
  }

  async receive(ref: string, units: number): Promise<void> {
    this.#truth.set(ref, this.truth(ref) + units);
    await this.#bench.receive(ref, units);
  }

  /** A buyer; `told`: the channel says so by a message, and lists it. */
  async sell(ref: string, units: number, told: boolean): Promise<void> {
    const { channel } = this.#bench;
    const order = channel.sell(`O-${(this.#orders += 1)}`, ref, units);
    this.#truth.set(ref, this.truth(ref) - units);
    this.#soldTo.set(ref, order);
    if (told) await this.#bench.deliver(channel.deliveryOf(order));
    else channel.hiddenFromPolls.add(`${order.orderRef}:${order.updatedAt}`);
  }

  /** The buyer of the last order of this listing lets it go; the channel puts the units back and tells nobody. */
  cancelUntold(ref: string): void {
    const { channel, clock } = this.#bench;
    const order = this.#soldTo.get(ref);
    if (order === undefined) throw new Error(`nothing of ${ref} was sold`);
    const units = order.lines.reduce((sum, line) => sum + line.holdUnits, 0);
    const lines = order.lines.map((line) => ({ ...line, holdUnits: 0 }));
    const cancelled = { ...order, channelState: "cancelled", updatedAt: clock.iso(), observedAt: clock.iso(), lines };
    channel.orders.push(cancelled);
    channel.hiddenFromPolls.add(`${cancelled.orderRef}:${cancelled.updatedAt}`);
    channel.shown.set(ref, this.shown(ref) + units);
    this.#truth.set(ref, this.truth(ref) + units);
  }

  set(ref: string, units: number): void {
    this.#bench.channel.shown.set(ref, units);
  }
  /** Another number than is shown. */
  other(ref: string, from: number, to: number): number {
    for (;;) {
      const units = this.int(from, to);
      if (units !== this.shown(ref)) return units;
    }
  }

  /** Time passes, and the jobs with it. */
  async run(minutes = 1): Promise<void> {
    for (let at = 0; at < minutes * minuteMs; at += 20_000) {
      this.#bench.clock.advance(20_000);
      await this.#bench.run("confirm-pushes");
      await this.#bench.run("poll-orders");
      await this.#bench.settle(60);
      await this.#bench.run("push-account");
      await this.#bench.settle(60);
    }
  }
}
