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
  settleTargets,
  targetCount,
  unseenOrders,
} from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { wantedUnits } from "./wanted.ts";

export type PlannedWrite = ListingHandle & {
  readonly listingId: number;
  readonly version: number;
  readonly units: number;
  readonly shownUnits: number | null;
  /** Refusals since the last success. */
  readonly failures: number;
  readonly reason: "lower" | "raise";
  readonly terms: Allocation["terms"];
};

/** What a batch comes to: some listings need a call, the others are closed or wait. */
export type PlannedBatch = {
  readonly looked: number;
  readonly writes: readonly PlannedWrite[];
  readonly settled: readonly { readonly listingId: number; readonly version: number; readonly units: number }[];
  readonly rides: readonly { readonly attemptId: number; readonly version: number }[];
  readonly deferred: readonly Deferral[];
  readonly blocked: readonly { readonly listingId: number; readonly reason: string }[];
  /** Accounts whose orders some raises wait for. */
  readonly waitsForOrdersOf: readonly string[];
};

const owedMax = 10_000;
/** No raise of a SKU that sold more recently than this: on some channel another sale may be on its way to us. */
const raiseQuietMs = 4_000;
const waitMs = { "orders-not-seen": 1_000, "open-attempt": 500 } as const;

/** More would change than one run may: a person must look first. */
export class GuardError extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = "GuardError";
  }
}

/**
 * The owed targets most likely to oversell, as many as one read call takes. Before that everything owed is judged as a
 * whole. Errors: `GuardError`.
 */
const riskiest = async (deps: JobDeps, plan: AccountPlan, count: number): Promise<readonly OwedTarget[]> => {
  const owed = await owedTargets(deps.db, plan.accountId, owedMax, toIso(deps.clock.now()));
  if (owed.length === 0) return owed;
  const ids = owed.map((target) => target.listingId);
  const wanted = await wantedUnits(deps.db, ids, plan);
  const changes = owed.map((target) => ({
    target,
    wantedUnits: wanted.get(target.listingId)?.units ?? 0,
    shownUnits: target.shownUnits,
  }));
  const stopped = judgeRun(changes, await targetCount(deps.db, plan.accountId), plan.guards);
  if (stopped !== undefined && !(await areGuardsOff(deps.db, plan.accountId, toIso(deps.clock.now()))))
    throw new GuardError(stopped);
  return changes
    .toSorted((a, b) => oversellRisk(b) - oversellRisk(a))
    .slice(0, count)
    .map(({ target }) => target);
};

type Figures = {
  readonly listings: ReadonlyMap<number, ListingRow>;
  readonly readings: ReadonlyMap<number, QuantityReading>;
  readonly wanted: ReadonlyMap<number, Allocation>;
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
  const readAt = toIso(deps.clock.now());
  const answers = await connector.readQuantities(handles, { accountId, signal });
  const readings = new Map(
    answers.flatMap((reading) => {
      const listingId = idOfRef.get(reading.ref);
      return listingId === undefined ? [] : [[listingId, reading] as const];
    }),
  );
  const shown = [...readings].map(([listingId, { units }]) => ({ listingId, units }));
  await recordReadings(deps.db, shown, "before-push", readAt);
  const wanted = await wantedUnits(deps.db, ids, plan);
  const open = Map.groupBy(await openAttemptsOf(deps.db, ids), (attempt) => attempt.listingId);
  const unseen = Map.groupBy(
    await unseenOrders(deps.db, ids, toIso(deps.clock.now() - raiseQuietMs)),
    (row) => row.listingId,
  );
  return { listings, readings, wanted, open, unseen };
};

/** What each owed listing needs, from the gathered figures. Pure. */
export const sortTargets = (owed: readonly OwedTarget[], figures: Figures, nowMs: number): PlannedBatch => {
  const writes: PlannedWrite[] = [];
  const settled: { listingId: number; version: number; units: number }[] = [];
  const rides: { attemptId: number; version: number }[] = [];
  const deferred: Deferral[] = [];
  const blocked: { listingId: number; reason: string }[] = [];
  const waitsForOrdersOf = new Set<string>();
  for (const { listingId, version, failures } of owed) {
    const listing = figures.listings.get(listingId);
    const allocation = figures.wanted.get(listingId);
    const reading = figures.readings.get(listingId);
    if (listing === undefined || allocation === undefined) {
      blocked.push({ listingId, reason: "the listing is not linked to a SKU" });
      continue;
    }
    const shownUnits = reading?.units ?? null;
    const { units, terms } = allocation;
    const decision = decidePush({
      wantedUnits: units,
      shownUnits,
      openAttempts: figures.open.get(listingId) ?? [],
      ordersSeen: !figures.unseen.has(listingId),
    });
    switch (decision.action) {
      case "settled":
        settled.push({ listingId, version, units });
        break;
      case "ride":
        rides.push({ attemptId: decision.attemptId, version });
        break;
      case "write": {
        const { ref, details } = listing;
        writes.push({ listingId, version, ref, details, units, shownUnits, failures, reason: decision.reason, terms });
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
): Promise<PlannedBatch> => {
  const owed = await riskiest(deps, plan, connector.limits.readBatchMax);
  const nothing = {
    listings: new Map(),
    readings: new Map(),
    wanted: new Map(),
    open: new Map(),
    unseen: new Map(),
  };
  if (owed.length === 0) return sortTargets([], nothing, deps.clock.now());
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
