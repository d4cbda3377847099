import { userInfo } from "node:os";
import type { JobDeps } from "../jobs/deps.ts";
import { workPlan } from "../jobs/work-plan.ts";
import { type MadePlan, type PlanProgress, planByHash, planById, planProgress } from "../sync/plan-rows.ts";
import { ExitError } from "./context.ts";

const stretchMs = 3_000;
const never = new AbortController().signal;

export const actor = (): string => `cli:${userInfo().username}`;

/** The plan that was named. Errors: `ExitError`. */
export const planNamed = async (deps: Pick<JobDeps, "db">, hash: string): Promise<MadePlan> => {
  if (!/^[0-9a-f]{8,64}$/.test(hash))
    throw new ExitError(1, "--plan takes the hash that `lockstep plan` prints, or its first eight digits or more");
  const plan = await planByHash(deps.db, hash);
  if (plan === "ambiguous") throw new ExitError(1, `several plans begin with ${hash}: give more of the hash`);
  if (plan === undefined) throw new ExitError(1, `there is no plan ${hash}; see \`lockstep plans\``);
  return plan;
};

const number = (value: number): string => value.toLocaleString("en-US");

/** One line of progress; undefined = nothing to tell. */
const progressLine = (state: string, of: PlanProgress): string | undefined => {
  switch (state) {
    case "checking":
      return "reading the channel again";
    case "canary":
      return `canary: ${number(of.canaryDone)} of ${number(of.canaryTotal)} listings show it`;
    case "applying":
      return `applying: ${number(of.done)} of ${number(of.total)} listings show it${of.refused > 0 ? `, ${number(of.refused)} refused` : ""}`;
    case "restoring":
      return `putting back: ${number(of.restoreDone)} of ${number(of.restoreTotal)} listings`;
    default:
      return undefined;
  }
};

/**
 * Works on a plan in this process until it has ended, and tells how far it is on stderr. A signal ends it between two
 * calls; the plan stays as it is, and the same command goes on with it.
 */
export const drivePlan = async (deps: JobDeps, planId: number, drain: AbortSignal): Promise<void> => {
  let told = "";
  for (;;) {
    const { ended, waitMs, busy } = await workPlan(deps, planId, { signal: never, drain, forMs: stretchMs });
    const row = await planById(deps.db, planId);
    const progress = row && progressLine(row.state, await planProgress(deps.db, planId));
    const line = busy === true ? "another process works on this account, or died within the last minute" : progress;
    if (line !== undefined && line !== told) process.stderr.write(`${line}\n`);
    told = line ?? told;
    if (ended) return;
    if (drain.aborted) throw new ExitError(1, "stopped on the way; the same command goes on with it");
    if (waitMs > 0) await deps.clock.sleep(waitMs, drain).catch(() => undefined);
  }
};
