/** Time is an argument everywhere: production passes `systemClock`, tests pass their own. */
export interface Clock {
  /** Wall clock, epoch milliseconds. For what is shown or stored. */
  now(): number;
  /** Monotonic milliseconds from an arbitrary origin. For deadlines: it never jumps. */
  monotonicMs(): number;
  /** Resolves after `delayMs`, or rejects with the signal's reason as soon as it aborts. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  sleep: (delayMs, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      const onAbort = (): void => {
        clearTimeout(timer);
        reject(signal?.reason as Error);
      };
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort);
        resolve();
      }, delayMs);
      signal?.addEventListener("abort", onAbort, { once: true });
    }),
};

let last = { epochMs: 0, text: "1970-01-01T00:00:00.000Z" };

/** ISO 8601 UTC with `Z`, the only form in which we send or store a time as text. */
export const toIso = (epochMs: number): string => {
  // Requests come by the ten in a millisecond.
  if (epochMs !== last.epochMs) last = { epochMs, text: new Date(epochMs).toISOString() };
  return last.text;
};
