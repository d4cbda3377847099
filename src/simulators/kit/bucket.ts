import type { Clock } from "../../core/clock.ts";

/** The channel's side of a quota: a token bucket that says no. `speedUp` compresses time: 60 = a minute's refill a second. */
export class QuotaBucket {
  readonly #ratePerMs: number;
  readonly #burst: number;
  readonly #clock: Clock;
  #tokens: number;
  #at: number;

  constructor(
    options: { readonly ratePerSecond: number; readonly burst: number; readonly speedUp: number },
    clock: Clock,
  ) {
    this.#ratePerMs = (options.ratePerSecond * options.speedUp) / 1000;
    this.#burst = options.burst;
    this.#clock = clock;
    this.#tokens = this.#burst;
    this.#at = clock.monotonicMs();
  }

  /** Takes `cost` tokens if they are there. */
  tryTake(cost = 1): boolean {
    const available = this.available();
    if (available < cost) return false;
    this.#tokens = available - cost;
    return true;
  }

  /** Gives tokens back (a query that cost less than asked for). */
  refund(cost: number): void {
    this.#tokens = Math.min(this.#burst, this.available() + cost);
  }

  available(): number {
    const now = this.#clock.monotonicMs();
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) * this.#ratePerMs);
    this.#at = now;
    return this.#tokens;
  }

  get burst(): number {
    return this.#burst;
  }

  get ratePerSecond(): number {
    return this.#ratePerMs * 1000;
  }
}
