import type { Clock } from "../core/clock.ts";

export type Patience = { readonly clock: Clock; readonly timeoutMs: number; readonly everyMs: number };

/** Asks until the answer is true, or the time is over. Returns the last answer; asks at least once. */
export const waitUntil = async (
  isDone: () => boolean | Promise<boolean>,
  { clock, timeoutMs, everyMs }: Patience,
): Promise<boolean> => {
  const deadline = clock.monotonicMs() + timeoutMs;
  for (;;) {
    if (await isDone()) return true;
    if (clock.monotonicMs() >= deadline) return false;
    await clock.sleep(everyMs);
  }
};
