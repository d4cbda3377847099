import { z } from "zod";
import { type Clock, toIso } from "../core/clock.ts";
import { findViolations, type Invariant } from "../db/invariant.ts";
import type { Db } from "../db/pool.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { execute, type Queryable, sql } from "../db/sql.ts";
import { ledgerChecks } from "../ledger/check.ts";
import { upkeepChecks } from "../ledger/check-upkeep.ts";
import { dueChecks, type NewResult, saveResult } from "../ledger/invariant-results.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { inboxChecks } from "../sync/check-inbox.ts";
import { pushChecks } from "../sync/check-pushes.ts";
import type { JobDeps } from "./deps.ts";

/** Everything that must hold in the database while Lockstep runs. */
export const invariants: readonly Invariant[] = [...ledgerChecks, ...upkeepChecks, ...inboxChecks, ...pushChecks];

const everyMs = 60 * 60_000;
const subjectsMax = 20;
/** One check at most; with what a run may take before it stops, below the limit of a run. */
const checkMsMax = 60_000;
const runMsMax = 45_000;

/** Runs one check on a snapshot, read-only, and keeps what it found. Never throws for a check that could not be run. */
export const runInvariant = async (
  { db, clock }: { readonly db: Db; readonly clock: Clock },
  check: Invariant,
  timeoutMs: number,
): Promise<NewResult> => {
  const ranAt = toIso(clock.now());
  const startMs = clock.monotonicMs();
  const look = inSnapshot(db, timeoutMs, async (tx) => {
    // Whole journals are sorted and hashed: with little memory that goes over the disk.
    await execute(tx, sql`select set_config('work_mem', '64MB', true)`);
    return findViolations(tx, check, subjectsMax);
  });
  const found = await look.then(
    ({ count, subjects }) => ({ violations: count, subjects, failure: null }),
    (error: Error) => ({ violations: null, subjects: [], failure: error.message }),
  );
  const result = { name: check.name, ranAt, tookMs: Math.round(clock.monotonicMs() - startMs), ...found };
  await saveResult(db, result);
  return result;
};

/** The names of the checks that are to be run now. */
export const invariantsDue = (on: Queryable, now: string): Promise<readonly string[]> =>
  dueChecks(
    on,
    invariants.map((check) => check.name),
    { now, everyMs },
  );

/**
 * Runs every check of an hour ago again. What is broken is logged and counted, and stops nothing: whoever is alerted
 * decides. A run goes on later with what it had no time for.
 */
export const checkInvariants = defineJob({
  name: "check-invariants",
  payload: z.strictObject({}),
  coalesceBy: () => "all",
  concurrency: 1,
  async run({ drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const startMs = deps.clock.monotonicMs();
    const due = new Set(await invariantsDue(deps.db, toIso(deps.clock.now())));
    for (const check of invariants.filter(({ name }) => due.has(name))) {
      if (drain.aborted || deps.clock.monotonicMs() - startMs > runMsMax) return { againAfterMs: 1_000 };
      const { violations, subjects, failure, tookMs } = await runInvariant(deps, check, checkMsMax);
      if (failure !== null)
        deps.log.warn({ check: check.name, err: failure, tookMs }, "an invariant could not be checked");
      else if (violations !== null && violations > 0)
        deps.log.error({ check: check.name, promise: check.promise, violations, subjects }, "an invariant is broken");
      progress();
    }
    return undefined;
  },
});
