import type { Connector, PushOutcome } from "../connectors/connector.ts";
import { backoffMs } from "../core/backoff.ts";
import { toIso } from "../core/clock.ts";
import { assertNever, ChannelError } from "../core/failure.ts";
import { inTransaction } from "../db/transaction.ts";
import { type AttemptAnswer, openAttempts, recordAnswers } from "../sync/attempts.ts";
import { holdLease, type Lease } from "../sync/leases.ts";
import { blockTargets, type Deferral, deferTargets } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";
import type { PlannedWrite } from "./plan-batch.ts";

/** Longest a call may take before its outcome counts as unknown. */
const callMsMax = 20_000;
/**
 * A worker that stands still for longer before it calls (paused, starved, its commit's answer late) sends nothing: the
 * lease may be another's, and its number newer. Far below the lease's time.
 */
const sendMsMax = 5_000;
const firstReadMs = 100;
const refusedWaitsMs = [500, 1_000, 3_000, 10_000, 60_000] as const;
/** Somebody else writes too: read again at once, but do not race them for ever. */
const conflictWaitsMs = [50, 200, 1_000, 5_000] as const;

/** The lease went to somebody else: stop at once, they plan anew. */
export class LeaseLostError extends Error {
  constructor() {
    super("the account's push lease is held by another worker");
    this.name = "LeaseLostError";
  }
}

/** A call that failed as a whole: what that says about each listing in it. */
const outcomesOfFailure = (batch: readonly PlannedWrite[], error: unknown): readonly PushOutcome[] => {
  const reason = (error as Error).message.slice(0, 300);
  // Only a channel's clear refusal proves that nothing was written; anything else may have taken effect.
  const certain = error instanceof ChannelError && !error.ambiguous;
  return batch.map(({ ref }) =>
    certain ? { ref, status: "refused", retry: "later", reason } : { ref, status: "unknown", reason },
  );
};

type Recorded = {
  readonly answers: AttemptAnswer[];
  readonly deferrals: Deferral[];
  readonly blocked: { listingId: number; reason: string }[];
};

const sortOutcomes = (deps: JobDeps, batch: readonly PlannedWrite[], outcomes: readonly PushOutcome[]): Recorded => {
  const byRef = new Map(outcomes.map((outcome) => [outcome.ref, outcome]));
  const deferral = (listingId: number, failures: number, waitsMs: readonly number[]): Deferral => ({
    listingId,
    notBefore: toIso(deps.clock.now() + backoffMs(waitsMs, failures + 1, deps.random)),
    failed: true,
  });
  const recorded: Recorded = { answers: [], deferrals: [], blocked: [] };
  for (const { ref, listingId, failures } of batch) {
    // No word about a listing that was sent is not a refusal.
    const outcome = byRef.get(ref) ?? { ref, status: "unknown", reason: "the channel's answer left this listing out" };
    switch (outcome.status) {
      case "accepted":
        recorded.answers.push({ listingId, state: "accepted", receipt: outcome.receipt, detail: null });
        break;
      case "unknown":
        recorded.answers.push({ listingId, state: "unknown", receipt: null, detail: outcome.reason });
        break;
      case "conflict":
        recorded.answers.push({ listingId, state: "refused", receipt: null, detail: `conflict: ${outcome.reason}` });
        recorded.deferrals.push(deferral(listingId, failures, conflictWaitsMs));
        break;
      case "refused":
        recorded.answers.push({ listingId, state: "refused", receipt: null, detail: outcome.reason });
        if (outcome.retry === "never") recorded.blocked.push({ listingId, reason: outcome.reason });
        else recorded.deferrals.push(deferral(listingId, failures, refusedWaitsMs));
        break;
      default:
        assertNever(outcome);
    }
  }
  return recorded;
};

/** Nothing went out, for certain: the attempts are closed, and their targets planned anew. */
const leaveUnsent = async (deps: JobDeps, attemptKey: string, batch: readonly PlannedWrite[]): Promise<void> => {
  const detail = "not sent: the worker stood still before the call";
  const answers = batch.map(({ listingId }) => ({ listingId, state: "refused", receipt: null, detail }) as const);
  const now = toIso(deps.clock.now());
  await recordAnswers(deps.db, attemptKey, answers, { now, effectUntil: now });
  deps.log.warn({ attemptKey, listings: batch.length }, "pushes not sent: the worker stood still before the call");
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
  batch: readonly PlannedWrite[],
  signal: AbortSignal,
): Promise<void> => {
  const { accountId } = lease;
  const attemptKey = deps.ids();
  const startedMs = deps.clock.now();
  const beganMs = deps.clock.monotonicMs();
  await inTransaction(deps.db, async (tx) => {
    if (!(await holdLease(tx, lease))) throw new LeaseLostError();
    await openAttempts(tx, {
      accountId,
      attemptKey,
      fence: lease.fence,
      startedAt: toIso(startedMs),
      effectUntil: toIso(startedMs + callMsMax + connector.limits.settleMs),
      nextReadAt: toIso(startedMs + firstReadMs),
      attempts: batch.map((write) => ({
        listingId: write.listingId,
        version: write.version,
        units: write.units,
        withheldUnits: write.withheldUnits,
        unitsBefore: write.shownUnits,
        reason: write.reason,
        terms: write.terms,
      })),
    });
  });
  const writes = batch.map(({ ref, details, units, shownUnits }) => ({
    ref,
    details,
    units,
    expectedUnits: shownUnits,
  }));
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
  const { answers, deferrals, blocked } = sortOutcomes(deps, batch, outcomes);
  const answeredMs = deps.clock.now();
  const times = { now: toIso(answeredMs), effectUntil: toIso(answeredMs + connector.limits.settleMs) };
  await recordAnswers(deps.db, attemptKey, answers, times);
  if (deferrals.length > 0) await deferTargets(deps.db, deferrals);
  if (blocked.length > 0) await blockTargets(deps.db, blocked);
  for (const [state, rows] of Map.groupBy(answers, (answer) => answer.state))
    deps.metrics.pushes(accountId, state, rows.length);
  deps.wake("confirm-pushes", { accountId }, { delayMs: firstReadMs });
  if (failure !== undefined) throw failure;
};
