import type { Connector, PushOutcome } from "../connectors/connector.ts";
import { backoffMs } from "../core/backoff.ts";
import { toIso } from "../core/clock.ts";
import { assertNever } from "../core/failure.ts";
import { type AttemptAnswer, recordAnswers } from "../sync/attempts.ts";
import { blockTargets, type Deferral, deferTargets } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";

export const firstReadMs = 100;
const refusedWaitsMs = [500, 1_000, 3_000, 10_000, 60_000] as const;
/** Somebody else writes too: read again at once, but do not race them for ever. */
const conflictWaitsMs = [50, 200, 1_000, 5_000] as const;

/** A listing that was sent; `failures`: refusals since the last success. */
type Sent = { readonly ref: string; readonly listingId: number; readonly failures: number };

type Sorted = {
  readonly answers: AttemptAnswer[];
  readonly deferrals: Deferral[];
  readonly blocked: { listingId: number; reason: string }[];
};

/** Not before the channel's own time, where it named one: until then it refuses surely, and that is no failure of ours. */
const untilTold = (deferral: Deferral, notBefore: string | undefined): Deferral =>
  notBefore !== undefined && Date.parse(notBefore) > Date.parse(deferral.notBefore)
    ? { ...deferral, notBefore, failed: false }
    : deferral;

const sortOutcomes = (
  deps: Pick<JobDeps, "clock" | "random">,
  batch: readonly Sent[],
  outcomes: readonly PushOutcome[],
): Sorted => {
  const byRef = new Map(outcomes.map((outcome) => [outcome.ref, outcome]));
  const deferral = (listingId: number, failures: number, waitsMs: readonly number[]): Deferral => ({
    listingId,
    notBefore: toIso(deps.clock.now() + backoffMs(waitsMs, failures + 1, deps.random)),
    failed: true,
  });
  const sorted: Sorted = { answers: [], deferrals: [], blocked: [] };
  for (const { ref, listingId, failures } of batch) {
    // No word about a listing that was sent is not a refusal.
    const outcome = byRef.get(ref) ?? { ref, status: "unknown", reason: "the channel's answer left this listing out" };
    switch (outcome.status) {
      case "accepted":
        sorted.answers.push({ listingId, state: "accepted", receipt: outcome.receipt, detail: null });
        break;
      case "unknown":
        sorted.answers.push({ listingId, state: "unknown", receipt: null, detail: outcome.reason });
        break;
      case "conflict":
        sorted.answers.push({ listingId, state: "refused", receipt: null, detail: `conflict: ${outcome.reason}` });
        sorted.deferrals.push(deferral(listingId, failures, conflictWaitsMs));
        break;
      case "refused":
        sorted.answers.push({ listingId, state: "refused", receipt: null, detail: outcome.reason });
        if (outcome.retry === "never") sorted.blocked.push({ listingId, reason: outcome.reason });
        else sorted.deferrals.push(untilTold(deferral(listingId, failures, refusedWaitsMs), outcome.notBefore));
        break;
      default:
        assertNever(outcome);
    }
  }
  return sorted;
};

/** Keeps what the channel said of each listing that was sent, and wakes the read-back. */
export const recordOutcomes = async (
  deps: JobDeps,
  connector: Connector,
  {
    accountId,
    attemptKey,
    batch,
    outcomes,
  }: {
    readonly accountId: string;
    readonly attemptKey: string;
    readonly batch: readonly Sent[];
    readonly outcomes: readonly PushOutcome[];
  },
): Promise<void> => {
  const { answers, deferrals, blocked } = sortOutcomes(deps, batch, outcomes);
  const answeredMs = deps.clock.now();
  const times = { now: toIso(answeredMs), effectUntil: toIso(answeredMs + connector.limits.settleMs) };
  await recordAnswers(deps.db, attemptKey, answers, times);
  if (deferrals.length > 0) await deferTargets(deps.db, deferrals);
  if (blocked.length > 0) await blockTargets(deps.db, blocked);
  for (const [state, rows] of Map.groupBy(answers, (answer) => answer.state))
    deps.metrics.pushes(accountId, state, rows.length);
  deps.wake("confirm-pushes", { accountId }, { delayMs: firstReadMs });
};

/** Nothing went out, for certain: the attempts are closed, and their targets planned anew. */
export const leaveUnsent = async (
  deps: Pick<JobDeps, "clock" | "db" | "log">,
  attemptKey: string,
  batch: readonly { readonly listingId: number }[],
): Promise<void> => {
  const detail = "not sent: the worker stood still before the call";
  const answers = batch.map(({ listingId }) => ({ listingId, state: "refused", receipt: null, detail }) as const);
  const now = toIso(deps.clock.now());
  await recordAnswers(deps.db, attemptKey, answers, { now, effectUntil: now });
  deps.log.warn({ attemptKey, listings: batch.length }, "pushes not sent: the worker stood still before the call");
};
