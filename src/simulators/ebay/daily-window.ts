import type { Clock } from "../../core/clock.ts";

const dayMs = 86_400_000;
/** The recorded rate limits reset at 07:00 UTC. */
const dayStartsMs = 7 * 3_600_000;

/** Which of the channel's (compressed) days a time lies in, as a running number. */
export const channelDay = (atMs: number, speedUp: number): number =>
  Math.floor((atMs - dayStartsMs) / (dayMs / speedUp));

/** A daily quota: so many calls until the day is over, then all of them again (channel document §3). */
export class DailyWindow {
  readonly limit: number;
  readonly #clock: Clock;
  readonly #speedUp: number;
  #day = Number.NEGATIVE_INFINITY;
  #count = 0;

  constructor(limit: number, speedUp: number, clock: Clock) {
    this.limit = limit;
    this.#speedUp = speedUp;
    this.#clock = clock;
  }

  tryTake(): boolean {
    if (this.count >= this.limit) return false;
    this.#count += 1;
    return true;
  }

  get count(): number {
    const day = channelDay(this.#clock.now(), this.#speedUp);
    if (day !== this.#day) {
      this.#day = day;
      this.#count = 0;
    }
    return this.#count;
  }

  /** Epoch milliseconds at which the count starts anew. */
  get resetsAtMs(): number {
    return (channelDay(this.#clock.now(), this.#speedUp) + 1) * this.lengthMs + dayStartsMs;
  }

  get lengthMs(): number {
    return dayMs / this.#speedUp;
  }
}
