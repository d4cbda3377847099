import type { Clock } from "../../../src/core/clock.ts";

/** A clock that moves only when told. Sleeps last until aborted. */
export const fakeClock = (startMs = Date.parse("2026-03-01T09:00:00Z")): Clock & { advance(byMs: number): void } => {
  let nowMs = startMs;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs - startMs,
    sleep: (_delayMs, signal) =>
      new Promise((_resolve, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true }),
      ),
    advance: (byMs) => {
      nowMs += byMs;
    },
  };
};
