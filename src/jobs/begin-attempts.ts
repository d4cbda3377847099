import { toIso } from "../core/clock.ts";
import type { Db } from "../db/pool.ts";
import { inTransaction } from "../db/transaction.ts";
import { openAttempts } from "../sync/attempts.ts";
import { forbiddenWrites } from "../sync/holds.ts";
import { holdLease, type Lease } from "../sync/leases.ts";
import type { PlannedWrite } from "./planned.ts";

/** The lease went to somebody else: stop at once, they plan anew. */
export class LeaseLostError extends Error {
  constructor() {
    super("the account's push lease is held by another worker");
    this.name = "LeaseLostError";
  }
}

const leaseMarginMs = 5_000;

/**
 * Commits the attempts before anything is sent, under the lease; answers the writes that may go. A hold that came since
 * they were planned takes its listings out: they owe anew and are planned with it. Errors: `LeaseLostError`.
 */
export const beginAttempts = (
  db: Db,
  lease: Lease,
  planned: readonly PlannedWrite[],
  given: {
    readonly attemptKey: string;
    readonly startedMs: number;
    /** Until then the channel may still act on them. */
    readonly effectUntilMs: number;
    readonly nextReadMs: number;
    /** The longest that the call may take: the lease outlives it. */
    readonly callMsMax: number;
  },
): Promise<readonly PlannedWrite[]> =>
  inTransaction(db, async (tx) => {
    // Sent together, done in this order.
    const [isHeld, forbidden] = await Promise.all([
      holdLease(tx, lease, given.callMsMax + leaseMarginMs),
      forbiddenWrites(tx, planned),
    ]);
    if (!isHeld) throw new LeaseLostError();
    const allowed = planned.filter(({ listingId }) => !forbidden.has(listingId));
    await openAttempts(tx, {
      accountId: lease.accountId,
      attemptKey: given.attemptKey,
      fence: lease.fence,
      startedAt: toIso(given.startedMs),
      effectUntil: toIso(given.effectUntilMs),
      nextReadAt: toIso(given.nextReadMs),
      attempts: allowed.map(({ listingId, version, units, withheldUnits, shownUnits, reason, terms }) => ({
        listingId,
        version,
        units,
        withheldUnits,
        unitsBefore: shownUnits,
        reason,
        terms,
      })),
    });
    return allowed;
  });
