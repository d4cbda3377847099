import type { Connector, ListingHandle, QuantityReading } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { assertNever } from "../core/failure.ts";
import type { Allocation } from "../mapping/allocate.ts";
import { type ListingRow, listingsById } from "../mapping/listings.ts";
import { areGuardsOff } from "../sync/accounts.ts";
import { type OpenRow, openAttemptsOf, rideAttempts } from "../sync/attempts.ts";
import { decidePush, oversellRisk } from "../sync/decide-push.ts";
import { judgeRun } from "../sync/guard.ts";
import {
  blockTargets,
  type Deferral,
  deferTargets,
  type OwedTarget,
  owedTargets,
  recordReadings,
  type Settled,
  settleTargets,
  targetCount,
  unseenOrders,
} from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { type Careful, carefulWanted, wantedUnits } from "./wanted.ts";

export type PlannedWrite = ListingHandle & {
  readonly listingId: number;
  /** The version that is done once this number shows; an older one while units are withheld. */
  readonly version: number;
  readonly units: number;
  readonly withheldUnits: number;
  readonly shownUnits: number | null;
  /** Refusals since the last success. */
  readonly failures: number;
  /** `restore`: a person puts a captured number back. */
  readonly reason: "lower" | "raise" | "restore";
  readonly terms: Allocation["terms"];
};

/** What a batch comes to: some listings need a call, the others are closed or wait. */
export type PlannedBatch = {
  readonly looked: number;
  readonly writes: readonly PlannedWrite[];
  readonly settled: readonly Settled[];
  readonly rides: readonly { readonly attemptId: number; readonly version: number }[];
  readonly deferred: readonly Deferral[];
  readonly blocked: readonly { readonly listingId: number; readonly reason: string }[];
  /** Accounts whose orders some raises wait for. */
  readonly waitsForOrdersOf: readonly string[];
};

/** A freeze that ends marks its listings owed; until then one look an hour is enough. */
const frozenMs = 60 * 60_000;
const owedMax = 10_000;
const waitMs = { "orders-not-seen": 1_000, "open-attempt": 500, selling: 1_000 } as const;
/** Raises that wait for quiet are set aside without a read; not more of them than this are looked through at once. */
const lookedThroughMax = 1_000;

/** More would change than one run may: a person must look first. */
export class GuardError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "GuardError";
  }
}

type Chosen = { readonly owed: readonly OwedTarget[]; readonly selling: readonly Deferral[] };

/**
 * The owed targets most likely to oversell, as many as one read call takes. Before that everything owed is judged as a
 * whole. Raises that would wait for their SKU to be quiet anyway are not read: a call spent on them tells nothing.
 * Errors: `GuardError`.
 */
const riskiest = async (
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
  const stopped = judgeRun(judged, await targetCount(deps.db, plan.accountId), plan.guards);
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

type Figures = {
  readonly listings: ReadonlyMap<number, ListingRow>;
  readonly readings: ReadonlyMap<number, QuantityReading>;
  readonly careful: ReadonlyMap<number, Careful>;
  readonly open: ReadonlyMap<number, readonly OpenRow[]>;
  /** Accounts whose orders are not known up to the listing's observation. */
  readonly unseen: ReadonlyMap<number, readonly { readonly accountId: string }[]>;
};

/**
 * Reads what the channel shows, and only then computes what is wanted from the ledger: an absolute number must not put
 * back on sale what the channel has sold meanwhile.
 */
const gather = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  owed: readonly OwedTarget[],
  signal: AbortSignal,
): Promise<Figures> => {
  const { accountId } = plan;
  const ids = owed.map((target) => target.listingId);
  const listings = new Map((await listingsById(deps.db, ids)).map((listing) => [listing.id, listing]));
  const idOfRef = new Map([...listings.values()].map((listing) => [listing.ref, listing.id]));
  const handles = [...listings.values()].map(({ ref, details }) => ({ ref, details }));
  const readings = new Map<number, QuantityReading>();
  for (let from = 0; from < handles.length; from += connector.limits.readBatchMax) {
    const readAt = toIso(deps.clock.now());
    const asked = handles.slice(from, from + connector.limits.readBatchMax);
    const answers = (await connector.readQuantities(asked, { accountId, signal })).flatMap((reading) => {
      const listingId = idOfRef.get(reading.ref);
      return listingId === undefined ? [] : [[listingId, reading] as const];
    });
    for (const [listingId, reading] of answers) readings.set(listingId, reading);
    const shown = answers.map(([listingId, { units }]) => ({ listingId, units }));
    await recordReadings(deps.db, shown, "before-push", readAt, toIso(deps.clock.now()));
  }
  const { comparesAndSets } = connector.limits;
  const careful = await carefulWanted(deps.db, ids, plan, { nowMs: deps.clock.now(), comparesAndSets });
  const open = Map.groupBy(await openAttemptsOf(deps.db, ids), (attempt) => attempt.listingId);
  const unseen = Map.groupBy(await unseenOrders(deps.db, ids), (row) => row.listingId);
  return { listings, readings, careful, open, unseen };
};

/** The terms of a number; where it stops at what the channel shows, that is one of them. */
const termsOf = (allocation: Allocation, units: number): Allocation["terms"] =>
  units < allocation.units ? [...allocation.terms, { term: "shown", shownUnits: units, units }] : allocation.terms;

/** What each owed listing needs, from the gathered figures. Pure. */
export const sortTargets = (owed: readonly OwedTarget[], figures: Figures, nowMs: number): PlannedBatch => {
  const writes: PlannedWrite[] = [];
  const settled: Settled[] = [];
  const rides: { attemptId: number; version: number }[] = [];
  const deferred: Deferral[] = [];
  const blocked: { listingId: number; reason: string }[] = [];
  const waitsForOrdersOf = new Set<string>();
  for (const { listingId, version, failures } of owed) {
    const listing = figures.listings.get(listingId);
    const careful = figures.careful.get(listingId);
    const reading = figures.readings.get(listingId);
    if (listing === undefined || careful === undefined) {
      blocked.push({ listingId, reason: "the listing is not linked to a SKU" });
      continue;
    }
    if (careful.wanted.frozenBy !== undefined) {
      deferred.push({ listingId, notBefore: toIso(nowMs + frozenMs), failed: false, ifVersion: version });
      continue;
    }
    const shownUnits = reading?.units ?? null;
    const wantedNow = careful.wanted.units;
    const decision = decidePush({
      wantedUnits: wantedNow,
      lowerToUnits: careful.lowerTo.units,
      raiseToUnits: careful.raiseTo.units,
      shownUnits,
      openAttempts: figures.open.get(listingId) ?? [],
      ordersSeen: !figures.unseen.has(listingId),
    });
    switch (decision.action) {
      case "settled":
        settled.push({ listingId, version, units: wantedNow, terms: careful.wanted.terms });
        break;
      case "ride":
        rides.push({ attemptId: decision.attemptId, version });
        break;
      case "write": {
        const { ref, details } = listing;
        const { reason, units } = decision;
        const terms = termsOf(reason === "lower" ? careful.lowerTo : careful.raiseTo, units);
        const withheldUnits = wantedNow - units;
        writes.push({
          listingId,
          // What is withheld is still owed: this attempt does not settle the version it was computed for.
          version: withheldUnits === 0 ? version : version - 1,
          ref,
          details,
          units,
          withheldUnits,
          shownUnits,
          failures,
          reason,
          terms,
        });
        break;
      }
      case "wait":
        if (decision.reason === "orders-not-seen") {
          for (const { accountId } of figures.unseen.get(listingId) ?? []) waitsForOrdersOf.add(accountId);
        }
        deferred.push({ listingId, notBefore: toIso(nowMs + waitMs[decision.reason]), failed: false });
        break;
      case "unreadable":
        // Left out of the answer is not "unknown to the channel": that one is asked again.
        if (reading === undefined)
          deferred.push({ listingId, notBefore: toIso(nowMs + waitMs["orders-not-seen"]), failed: true });
        else blocked.push({ listingId, reason: reading.reason ?? "the channel shows no quantity for this listing" });
        break;
      default:
        assertNever(decision);
    }
  }
  return { looked: owed.length, writes, settled, rides, deferred, blocked, waitsForOrdersOf: [...waitsForOrdersOf] };
};

/** Decides what to send next for an account, and closes everything that needs no call. */
export const planBatch = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  signal: AbortSignal,
  rowsMax = connector.limits.readBatchMax,
): Promise<PlannedBatch> => {
  const { owed, selling } = await riskiest(deps, plan, connector.limits, rowsMax);
  if (selling.length > 0) await deferTargets(deps.db, selling);
  const nothing = {
    listings: new Map(),
    readings: new Map(),
    careful: new Map(),
    open: new Map(),
    unseen: new Map(),
  };
  if (owed.length === 0) return sortTargets([], nothing, deps.clock.now());
  return planTargets(deps, connector, plan, owed, signal);
};

/** The same for targets that were chosen already, at most as many as one read takes. */
export const planTargets = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  owed: readonly OwedTarget[],
  signal: AbortSignal,
): Promise<PlannedBatch> => {
  const figures = await gather(deps, connector, plan, owed, signal);
  const batch = sortTargets(owed, figures, deps.clock.now());
  const closed = batch.settled.length === 0 ? [] : await settleTargets(deps.db, batch.settled);
  for (const owedSinceMs of closed) deps.metrics.pushLag(plan.accountId, deps.clock.now() - owedSinceMs);
  if (batch.rides.length > 0) await rideAttempts(deps.db, batch.rides);
  if (batch.deferred.length > 0) await deferTargets(deps.db, batch.deferred);
  if (batch.blocked.length > 0) await blockTargets(deps.db, batch.blocked);
  deps.metrics.pushes(plan.accountId, "already-shown", batch.settled.length);
  return batch;
};
