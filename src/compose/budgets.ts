import { watchStore } from "../connectors/bucket-store.ts";
import { arrivalMsUsual, createBudget } from "../connectors/budget.ts";
import type { Log } from "../connectors/deps.ts";
import { createSharedBudget } from "../connectors/shared-budget.ts";
import type { Clock } from "../core/clock.ts";
import { sha256Hex } from "../core/digest.ts";
import type { QueueBackend } from "../queue/backend.ts";
import { openBucketStore } from "../queue/bucket-store.ts";
import type { MakeBudget } from "./app-budgets.ts";

export type Budgets = { readonly make: MakeBudget; close(): void };

/** With the queue on Redis every quota is one bucket there for all processes; without Redis each process has its own. */
export const openBudgets = (
  backend: QueueBackend,
  deps: { readonly clock: Clock; readonly log: Log; readonly process: string },
): Budgets => {
  const { clock, log } = deps;
  if (backend.kind !== "redis") {
    return {
      make: (_key, quotas, capped) => createBudget(quotas, clock, capped, arrivalMsUsual),
      close: () => undefined,
    };
  }
  const buckets = openBucketStore(backend.url, log);
  const store = watchStore(buckets, { clock, log });
  return {
    // Whose quotas they are is nobody's business who looks into Redis.
    make: (key, quotas, capped) => createSharedBudget(sha256Hex(key).slice(0, 24), quotas, { ...deps, store }, capped),
    close: () => buckets.close(),
  };
};
