import type { Clock } from "../core/clock.ts";

export type AttemptLimits = {
  readonly failuresMax: number;
  readonly windowMs: number;
  /** Addresses kept in memory; the one longest unseen is forgotten first. */
  readonly addressesMax: number;
};

type Count = { failures: number; readonly startedMs: number };

/**
 * Counts failed attempts per client address in a fixed window. In memory and per process on purpose: it slows guessing
 * down and shields the database; what makes guessing hopeless is the length of the secret.
 */
export class AttemptLimiter {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #limits: AttemptLimits;
  readonly #counts = new Map<string, Count>();

  constructor(clock: Pick<Clock, "monotonicMs">, limits: AttemptLimits) {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Milliseconds until this address may try again; 0 = now. */
  blockedForMs(address: string): number {
    const count = this.#current(address);
    if (count === undefined || count.failures < this.#limits.failuresMax) return 0;
    return Math.max(1, count.startedMs + this.#limits.windowMs - this.#clock.monotonicMs());
  }

  fail(address: string): void {
    const count = this.#current(address) ?? { failures: 0, startedMs: this.#clock.monotonicMs() };
    count.failures += 1;
    this.#counts.delete(address);
    this.#counts.set(address, count);
    const oldest = this.#counts.keys().next();
    if (this.#counts.size > this.#limits.addressesMax && oldest.done !== true) this.#counts.delete(oldest.value);
  }

  succeed(address: string): void {
    this.#counts.delete(address);
  }

  #current(address: string): Count | undefined {
    const count = this.#counts.get(address);
    if (count === undefined || this.#clock.monotonicMs() - count.startedMs < this.#limits.windowMs) return count;
    this.#counts.delete(address);
    return undefined;
  }
}
