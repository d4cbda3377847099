import { toIso } from "../core/clock.ts";
import { assertNever, ChannelError } from "../core/failure.ts";
import { disownSentAttempts } from "../sync/attempts.ts";
import { holdLease } from "../sync/leases.ts";
import { type PlanRow, planById } from "../sync/plan-rows.ts";
import { movePlan } from "../sync/plan-work.ts";
import { takeTurn } from "./account-turn.ts";
import { applyStep, checkStep } from "./apply-plan.ts";
import { LeaseLostError } from "./begin-attempts.ts";
import type { JobDeps } from "./deps.ts";
import { advanceReading } from "./make-plan.ts";
import type { AtWork, PlanStep } from "./plan-step.ts";
import { restoreStep } from "./restore-plan.ts";

const leaseMs = 25_000;
const holderWaitMs = 1_000;
const failureWaitMs = 2_000;

export type PlanRun = {
  /** Aborts the call under way. */
  readonly signal: AbortSignal;
  /** Begin nothing new. */
  readonly drain: AbortSignal;
  /** How long this stretch may take. */
  readonly forMs: number;
};

const stepOf = async (work: AtWork): Promise<PlanStep> => {
  const { deps, connector, plan, row, signal } = work;
  switch (row.state) {
    case "reading":
      return { ended: await advanceReading(deps, connector, plan, row, signal), waitMs: 0 };
    case "checking":
      return checkStep(work);
    case "canary":
    case "applying":
      return applyStep(work);
    case "restoring":
      return restoreStep(work);
    case "proposed":
    case "applied":
    case "stopped":
    case "restored":
      return { ended: true, waitMs: 0 };
    default:
      return assertNever(row.state);
  }
};

/** A failed call: what may pass is waited for, anything else stops the plan, with the reason. */
const afterFailure = async (deps: JobDeps, row: PlanRow, error: unknown): Promise<PlanStep> => {
  if (error instanceof LeaseLostError) return { ended: false, waitMs: holderWaitMs };
  if (!(error instanceof ChannelError)) throw error;
  if (error.kind !== "auth" && error.kind !== "permanent")
    return { ended: false, waitMs: error.retryAfterMs ?? failureWaitMs };
  const now = toIso(deps.clock.now());
  await movePlan(deps.db, { planId: row.id, from: [row.state], to: "stopped", reason: error.message, now });
  return { ended: true, waitMs: 0 };
};

/**
 * Goes on with a plan for a while, from whatever state it is in. Everything is in Postgres: this may die at any line and
 * be called again, by anybody. `waitMs`: before the next call, when it has not ended. Errors: what is nobody's failure.
 */
export const workPlan = async (deps: JobDeps, planId: number, run: PlanRun): Promise<PlanStep> => {
  const first = await planById(deps.db, planId);
  const connector = first && deps.connectorFor(first.accountId);
  const plan = first && deps.planFor(first.accountId);
  if (first === undefined || connector === undefined || plan === undefined) return { ended: true, waitMs: 0 };
  const purpose = first.state === "reading" ? "plan" : "push";
  const wanted = { accountId: first.accountId, purpose, holder: deps.holder, lifeMs: leaseMs };
  const turn = await takeTurn(deps, wanted);
  if (turn === undefined) return { ended: false, waitMs: holderWaitMs, busy: true };
  const { lease } = turn;
  const endsAt = deps.clock.monotonicMs() + run.forMs;
  const underWay: AtWork["underWay"] = { ids: null };
  let row = first;
  try {
    if (purpose === "push") await disownSentAttempts(deps.db, row.accountId);
    while (!run.drain.aborted && deps.clock.monotonicMs() < endsAt) {
      if (!(await holdLease(deps.db, lease, leaseMs))) throw new LeaseLostError();
      const next = await planById(deps.db, planId);
      if (next === undefined) return { ended: true, waitMs: 0 };
      row = next;
      const step = await stepOf({ deps, connector, plan, row, lease, signal: run.signal, underWay });
      if (step.ended) return step;
      if (step.waitMs > 0) await deps.clock.sleep(step.waitMs, run.drain).catch(() => undefined);
    }
    return { ended: false, waitMs: 0 };
  } catch (error) {
    return await afterFailure(deps, row, error);
  } finally {
    await turn.end();
  }
};
