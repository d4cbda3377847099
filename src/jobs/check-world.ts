import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { checkedLines, linesToCheck, recordChecked, unplannedListings } from "../sync/plan-check.ts";
import { guardSentence, judgePlan } from "../sync/plan-guards.ts";
import { policyVersionOf } from "../sync/plan-hash.ts";
import type { PlanRow } from "../sync/plan-rows.ts";
import { judgeWorld, type WorldVerdict } from "../sync/plan-world.ts";
import { recordReadings } from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { judgeLines } from "./make-plan.ts";

/** Reads the next lines that would be written again. False: all are read. */
export const checkSome = async (
  deps: JobDeps,
  connector: Connector,
  { id, accountId }: PlanRow,
  signal: AbortSignal,
): Promise<boolean> => {
  const lines = await linesToCheck(deps.db, id, connector.limits.readBatchMax);
  if (lines.length === 0) return false;
  const readAt = toIso(deps.clock.now());
  const handles = lines.map(({ ref, details }) => ({ ref, details }));
  const answers = await connector.readQuantities(handles, { accountId, signal });
  const units = new Map(answers.map((reading) => [reading.ref, reading.units]));
  const read = lines.map(({ listingId, ref }) => ({ listingId, units: units.get(ref) ?? null }));
  await inTransaction(deps.db, async (tx) => {
    await recordChecked(tx, id, read, readAt);
    const told = read.filter((reading) => reading.units !== null);
    await recordReadings(tx, told, "audit", readAt);
  });
  return true;
};

const movedSentence = (verdict: WorldVerdict): string =>
  `${verdict.movedListings} listings have moved since the plan was made (${verdict.movedLimit} may), ${verdict.worseListings} of them would be set to 0 or raised against the plan (${verdict.worseLimit} may); for example ${verdict.examples.join(", ")}. Make a new plan.`;

/** Why the plan is not to be applied to the world as it is now; undefined = it still fits. All lines are read again by now. */
export const worldRefusal = async (
  deps: JobDeps,
  plan: AccountPlan,
  row: PlanRow,
): Promise<{ readonly reason: string | undefined; readonly verdict: WorldVerdict }> => {
  const checked = await checkedLines(deps.db, row.id);
  const judged = await judgeLines(
    deps,
    plan,
    checked.map(({ listingId, ref, shownUnits }) => ({ listingId, ref, shownUnits, linked: true })),
  );
  const now = new Map(judged.map((line) => [line.listingId, line]));
  const lines = checked.flatMap(({ listingId, ref, group, plannedShownUnits, plannedUnits }) => {
    const line = now.get(listingId);
    const planned = { group, shownUnits: plannedShownUnits, wantedUnits: plannedUnits };
    return line === undefined ? [] : [{ ref, planned, now: line }];
  });
  const verdict = judgeWorld(lines, await unplannedListings(deps.db, row.id));
  if (row.policyVersion !== policyVersionOf(plan))
    return { reason: "the account's policy or location has changed since the plan was made", verdict };
  if (verdict.moved) return { reason: movedSentence(verdict), verdict };
  const exceeded = row.overrideReason === null ? judgePlan(judged, plan.guards).find((one) => one.exceeded) : undefined;
  return { reason: exceeded && guardSentence(exceeded), verdict };
};
