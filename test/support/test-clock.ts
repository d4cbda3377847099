import type { Clock } from "../../src/core/clock.ts";

/** Time that stands still until it is told to move. */
export class TestClock implements Clock {
  #nowMs = Date.parse("2026-11-20T10:00:00.000Z");
  now(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  sleep(delayMs: number): Promise<void> {
    this.#nowMs += delayMs;
    return Promise.resolve();
  }
  advance(ms: number): void {
    this.#nowMs += ms;
  }
  iso(offsetMs = 0): string {
    return new Date(this.#nowMs + offsetMs).toISOString();
  }
}
