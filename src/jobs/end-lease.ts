import { isTransient } from "../db/transaction.ts";
import { type Lease, releaseLease } from "../sync/leases.ts";
import type { JobDeps } from "./deps.ts";

/** Some seven seconds in all: a database that restarts is back by then. */
const waitsMs = [200, 500, 1_000, 2_000, 3_000] as const;

/**
 * Lets go of a lease, also when the connection is lost just now: what had failed may have failed because of that, and a
 * lease that is left behind keeps the account from every other worker until its time is over. Never throws.
 */
export const endLease = async (deps: Pick<JobDeps, "db" | "clock" | "log">, lease: Lease): Promise<void> => {
  for (const waitMs of [...waitsMs, undefined]) {
    try {
      return await releaseLease(deps.db, lease);
    } catch (error) {
      const { accountId, purpose } = lease;
      if (waitMs === undefined || !isTransient(error)) {
        deps.log.warn({ accountId, purpose, err: (error as Error).message }, "a lease is left to its time");
        return;
      }
      await deps.clock.sleep(waitMs);
    }
  }
};
