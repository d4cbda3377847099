import { setTimeout as sleep } from "node:timers/promises";
import type { Clock } from "../../src/core/clock.ts";

const realMs = 200;

/** Time that stands still until it is told to move. */
export class TestClock implements Clock {
  #nowMs = Date.parse("2026-11-20T10:00:00.000Z");
  now(): number {
    return this.#nowMs;
  }
  monotonicMs(): number {
    return this.#nowMs;
  }
  /** A wait that can be called off is a limit: what it limits gets a moment of real time first. */
  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal !== undefined) await sleep(realMs, undefined, { signal });
    this.#nowMs += delayMs;
  }
  advance(ms: number): void {
    this.#nowMs += ms;
  }
  iso(offsetMs = 0): string {
    return new Date(this.#nowMs + offsetMs).toISOString();
  }
}
