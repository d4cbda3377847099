import { backoffMs } from "../../core/backoff.ts";
import { ChannelError } from "../../core/failure.ts";
import type { Quota } from "../budget.ts";
import type { ConnectorDeps } from "../deps.ts";
import { type AmazonOperation, amazonQuotas } from "./quotas.ts";

/** Longest wait for our own bucket inside a call; beyond it the caller is told to come back. */
const quotaWaitMsMax = 10_000;

export interface Pacer {
  /** Takes the operation's quota. Throws `throttled` instead of sleeping through a long wait. */
  admit(operation: AmazonOperation, signal: AbortSignal): Promise<void>;
  /** `x-amzn-RateLimit-Limit` of a success corrects the bucket. */
  succeeded(operation: AmazonOperation, rateHeader: unknown): void;
  /** Amazon said 429: empties the bucket; answers how long to stay away, in ms. */
  throttled(operation: AmazonOperation, retryAfterMs: number | undefined): number;
}

/**
 * Pace of an account's calls. A 429 states neither rate nor wait (§0.7): we wait from once to twice the refill time of
 * one token (at least a quarter of a second), doubling while it goes on.
 */
export const createPacer = (quotas: Readonly<Record<string, Quota>>, deps: ConnectorDeps): Pacer => {
  const throttles = new Map<AmazonOperation, { readonly inARow: number; readonly untilMs: number }>();
  /** Rates as Amazon stated them last; they scale with the seller's business (§3). */
  const stated = new Map<AmazonOperation, number>();
  const rateOf = (operation: AmazonOperation): number =>
    stated.get(operation) ?? (quotas[operation] ?? amazonQuotas[operation]).ratePerSecond;

  return {
    async admit(operation, signal) {
      const blockedMs = (throttles.get(operation)?.untilMs ?? 0) - deps.clock.monotonicMs();
      const refillMs = ((1 - (await deps.budget.spare(operation))) / rateOf(operation)) * 1000;
      if (blockedMs > 0 || refillMs > quotaWaitMsMax) {
        const retryAfterMs = Math.ceil(Math.max(blockedMs, refillMs));
        throw new ChannelError({ kind: "throttled", message: `quota of ${operation} is used up`, retryAfterMs });
      }
      await deps.budget.take(operation, signal);
    },
    succeeded(operation, rateHeader) {
      throttles.delete(operation);
      const ratePerSecond = Number(rateHeader);
      if (!Number.isFinite(ratePerSecond) || ratePerSecond <= 0) return;
      stated.set(operation, ratePerSecond);
      deps.budget.observe(operation, { ratePerSecond });
    },
    throttled(operation, retryAfterMs) {
      const inARow = (throttles.get(operation)?.inARow ?? 0) + 1;
      const baseMs = Math.max(250, 1_000 / rateOf(operation));
      const waitMs = retryAfterMs ?? backoffMs([2 * baseMs, 4 * baseMs, 8 * baseMs], inARow, deps.random);
      throttles.set(operation, { inARow, untilMs: deps.clock.monotonicMs() + waitMs });
      deps.budget.throttled(operation, waitMs);
      return waitMs;
    },
  };
};
