import type { Connector, ListingWrite, PushOutcome } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { ChannelError } from "../core/failure.ts";
import { inTransaction } from "../db/transaction.ts";
import { type NewAttempt, openAttempts } from "../sync/attempts.ts";
import { forbiddenWrites } from "../sync/holds.ts";
import { holdLease, type Lease } from "../sync/leases.ts";
import type { JobDeps } from "./deps.ts";
import type { PlannedWrite } from "./plan-batch.ts";
import { firstReadMs, leaveUnsent, recordOutcomes } from "./record-outcomes.ts";

/** Longest a call may take before its outcome counts as unknown. */
const callMsMax = 20_000;
/**
 * A worker that stands still for longer before it calls (paused, starved, its commit's answer late) sends nothing: the
 * lease may be another's, and its number newer. Far below the lease's time.
 */
const sendMsMax = 5_000;

/** The lease went to somebody else: stop at once, they plan anew. */
export class LeaseLostError extends Error {
  constructor() {
    super("the account's push lease is held by another worker");
    this.name = "LeaseLostError";
  }
}

export const attemptOf = (write: PlannedWrite): NewAttempt => ({
  listingId: write.listingId,
  version: write.version,
  units: write.units,
  withheldUnits: write.withheldUnits,
  unitsBefore: write.shownUnits,
  reason: write.reason,
  terms: write.terms,
});
export const writeOf = ({ ref, details, units, shownUnits }: PlannedWrite): ListingWrite => ({
  ref,
  details,
  units,
  expectedUnits: shownUnits,
});

/** A call that failed as a whole: what that says about each listing in it. */
export const outcomesOfFailure = (batch: readonly PlannedWrite[], error: unknown): readonly PushOutcome[] => {
  const reason = (error as Error).message.slice(0, 300);
  // Only a channel's clear refusal proves that nothing was written; anything else may have taken effect.
  const certain = error instanceof ChannelError && !error.ambiguous;
  return batch.map(({ ref }) =>
    certain ? { ref, status: "refused", retry: "later", reason } : { ref, status: "unknown", reason },
  );
};

/**
 * Sends one batch: the attempts are committed first, under the lease, then the call goes out, then its answers are
 * kept. Whatever dies in between leaves open attempts that a read-back closes. Errors: `LeaseLostError`; the call's own
 * `ChannelError`, after its outcome is recorded.
 */
export const sendWrites = async (
  deps: JobDeps,
  connector: Connector,
  lease: Lease,
  planned: readonly PlannedWrite[],
  signal: AbortSignal,
): Promise<void> => {
  const { accountId } = lease;
  const attemptKey = deps.ids();
  const startedMs = deps.clock.now();
  const beganMs = deps.clock.monotonicMs();
  const batch = await inTransaction(deps.db, async (tx) => {
    if (!(await holdLease(tx, lease))) throw new LeaseLostError();
    // A hold that came since they were planned: its listings owe anew and are planned with it.
    const forbidden = await forbiddenWrites(tx, planned);
    const allowed = planned.filter(({ listingId }) => !forbidden.has(listingId));
    await openAttempts(tx, {
      accountId,
      attemptKey,
      fence: lease.fence,
      startedAt: toIso(startedMs),
      effectUntil: toIso(startedMs + callMsMax + connector.limits.settleMs),
      nextReadAt: toIso(startedMs + firstReadMs),
      attempts: allowed.map(attemptOf),
    });
    return allowed;
  });
  if (batch.length === 0) return;
  const writes = batch.map(writeOf);
  if (deps.clock.monotonicMs() - beganMs > sendMsMax) return leaveUnsent(deps, attemptKey, batch);
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(callMsMax)]);
  let outcomes: readonly PushOutcome[];
  let failure: unknown;
  try {
    outcomes = await connector.pushQuantities(writes, attemptKey, { accountId, signal: deadline });
  } catch (error) {
    failure = error;
    outcomes = outcomesOfFailure(batch, error);
  }
  await recordOutcomes(deps, connector, { accountId, attemptKey, batch, outcomes });
  if (failure !== undefined) throw failure;
};
