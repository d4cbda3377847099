import { backoffMs } from "../../core/backoff.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ConnectorDeps } from "../deps.ts";
import { unexplainedDenialCode } from "./failures.ts";
import type { AmazonOperation } from "./quotas.ts";

/** Amazon has had storms of 403 that cleared by themselves, one after 25 minutes (§1). */
const stormMsMax = 45 * 60_000;
const waitsMs = [10_000, 30_000, 60_000, 120_000, 300_000] as const;

export interface DenialWatch {
  succeeded(operation: AmazonOperation): void;
  /**
   * An unexplained 403 of an operation that has worked: `throttled` with a growing wait while it may be a storm.
   * Everything else, and one that lasts, comes back as it is.
   */
  judge(operation: AmazonOperation, error: unknown): unknown;
}

type Storm = { readonly sinceMs: number; readonly inARow: number };

/** Tells a storm from a missing role: what never worked is no storm. */
export const createDenialWatch = (deps: Pick<ConnectorDeps, "clock" | "random" | "log">): DenialWatch => {
  const hasWorked = new Set<AmazonOperation>();
  const storms = new Map<AmazonOperation, Storm>();
  return {
    succeeded(operation) {
      hasWorked.add(operation);
      storms.delete(operation);
    },
    judge(operation, error) {
      if (!(error instanceof ChannelError) || error.channelCode !== unexplainedDenialCode) return error;
      if (!hasWorked.has(operation)) return error;
      const nowMs = deps.clock.monotonicMs();
      const before = storms.get(operation);
      const storm = { sinceMs: before?.sinceMs ?? nowMs, inARow: (before?.inARow ?? 0) + 1 };
      storms.set(operation, storm);
      if (nowMs - storm.sinceMs > stormMsMax) return error;
      const retryAfterMs = backoffMs(waitsMs, storm.inARow, deps.random);
      deps.log.warn({ operation, inARow: storm.inARow, retryAfterMs }, "Amazon denies what it allowed before");
      return new ChannelError({
        kind: "throttled",
        message: `${operation} was allowed before; waiting whether it is again: ${error.message}`,
        retryAfterMs,
        channelCode: unexplainedDenialCode,
        cause: error,
      });
    },
  };
};
