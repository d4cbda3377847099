import type { Connector, ListingWrite, PushOutcome } from "../connectors/connector.ts";
import { ChannelError } from "../core/failure.ts";
import type { Lease } from "../sync/leases.ts";
import { beginAttempts } from "./begin-attempts.ts";
import type { JobDeps } from "./deps.ts";
import type { PlannedWrite } from "./planned.ts";
import { firstReadMs, leaveUnsent, recordOutcomes } from "./record-outcomes.ts";

/** Longest a call may take before its outcome counts as unknown. */
const callMsMax = 20_000;
/**
 * A worker that stands still for longer before it calls (paused, starved, its commit's answer late) sends nothing: the
 * lease may be another's, and its number newer. Far below the lease's time.
 */
const sendMsMax = 5_000;

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
  const batch = await beginAttempts(deps.db, lease, planned, {
    attemptKey,
    startedMs,
    effectUntilMs: startedMs + callMsMax + connector.limits.settleMs,
    nextReadMs: startedMs + firstReadMs,
    callMsMax,
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
