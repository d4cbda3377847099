import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { areGuardsOff } from "../sync/accounts.ts";
import { oversellRisk } from "../sync/decide-push.ts";
import { judgeRun } from "../sync/guard.ts";
import { type Deferral, type OwedTarget, owedTargets, targetCount } from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { carefulWanted, wantedUnits } from "./wanted.ts";

const owedMax = 10_000;
/** Raises that wait for quiet are set aside without a read; not more of them than this are looked through at once. */
const lookedThroughMax = 1_000;

/** More would change than one run may: a person must look first. */
export class GuardError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "GuardError";
  }
}

export type Chosen = { readonly owed: readonly OwedTarget[]; readonly selling: readonly Deferral[] };

/**
 * The owed targets most likely to oversell, as many as one read call takes. Before that everything owed is judged as a
 * whole. Raises that would wait for their SKU to be quiet anyway are not read: a call spent on them tells nothing.
 * Errors: `GuardError`.
 */
export const riskiest = async (
  deps: JobDeps,
  plan: AccountPlan,
  limits: Connector["limits"],
  rowsMax: number,
): Promise<Chosen> => {
  const nowMs = deps.clock.now();
  const owed = await owedTargets(deps.db, plan.accountId, owedMax, toIso(nowMs));
  if (owed.length === 0) return { owed, selling: [] };
  const ids = owed.map((target) => target.listingId);
  const wanted = await wantedUnits(deps.db, ids, plan);
  const isFrozen = ({ listingId }: OwedTarget): boolean => wanted.get(listingId)?.frozenBy !== undefined;
  const changes = owed
    .filter((target) => !isFrozen(target))
    .map((target) => ({
      target,
      wantedUnits: wanted.get(target.listingId)?.units ?? 0,
      shownUnits: target.shownUnits,
      // Coming back from a hold is no raise to ask about.
      withheldUnits: target.released ? Number.POSITIVE_INFINITY : target.withheldUnits,
    }));
  // Neither is what a person has set to 0 by a hold.
  const judged = changes.filter(({ target }) => wanted.get(target.listingId)?.isHeldAtZero !== true);
  // Limits only grow with the account: what an account without listings may do, none need be counted for.
  const isSmall = judgeRun(judged, 0, plan.guards) === undefined;
  const stopped = isSmall ? undefined : judgeRun(judged, await targetCount(deps.db, plan.accountId), plan.guards);
  if (stopped !== undefined && !(await areGuardsOff(deps.db, plan.accountId, toIso(nowMs))))
    throw new GuardError(stopped);
  const sorted = changes
    .toSorted((a, b) => oversellRisk(b) - oversellRisk(a))
    .slice(0, Math.max(lookedThroughMax, rowsMax));
  const raises = sorted.filter(({ wantedUnits: units, shownUnits }) => shownUnits !== null && units > shownUnits);
  const careful = await carefulWanted(
    deps.db,
    raises.map(({ target }) => target.listingId),
    plan,
    { nowMs, comparesAndSets: limits.comparesAndSets },
  );
  const waits = new Map<number, number>();
  for (const { target, shownUnits } of raises) {
    const limit = careful.get(target.listingId);
    if (limit !== undefined && limit.raiseTo.units <= (shownUnits ?? 0) && limit.quietAtMs > nowMs)
      waits.set(target.listingId, limit.quietAtMs);
  }
  return {
    // What is frozen is looked at when there is room, so that we know what it shows: buyers go on lowering it.
    owed: [...sorted.map(({ target }) => target), ...owed.filter(isFrozen)]
      .filter(({ listingId }) => !waits.has(listingId))
      .slice(0, rowsMax),
    selling: [...waits].map(([listingId, atMs]) => ({ listingId, notBefore: toIso(atMs), failed: false })),
  };
};
