import type { Connector, ListingHandle } from "../connectors/connector.ts";
import { assertNever } from "../core/failure.ts";
import type { Json } from "../core/digest.ts";
import { toIso } from "../core/clock.ts";
import type { Allocation } from "../mapping/allocate.ts";
import { listingsById } from "../mapping/listings.ts";
import { openAttemptsOf, rideAttempts } from "../sync/attempts.ts";
import { decidePush, oversellRisk } from "../sync/decide-push.ts";
import {
  blockTargets,
  deferTargets,
  listingsWithOrdersSeen,
  type OwedTarget,
  owedTargets,
  recordReadings,
  settleTargets,
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

export type PlannedBatch = {
  readonly looked: number;
  readonly writes: readonly PlannedWrite[];
  /** Some raises wait until the orders up to their observation are known. */
  readonly waitsForOrders: boolean;
};

const owedMax = 2_000;
const raiseWaitMs = 1_000;
const openAttemptWaitMs = 500;

/** The owed targets most likely to oversell, as many as one read call takes. */
const riskiest = async (deps: JobDeps, plan: AccountPlan, count: number): Promise<readonly OwedTarget[]> => {
  const owed = await owedTargets(deps.db, plan.accountId, owedMax, toIso(deps.clock.now()));
  if (owed.length <= count) return owed;
  const wanted = await wantedUnits(
    deps.db,
    owed.map((target) => target.listingId),
    plan.policy,
  );
  const risk = (target: OwedTarget): number =>
    oversellRisk({ wantedUnits: wanted.get(target.listingId)?.units ?? 0, shownUnits: target.shownUnits });
  return owed.toSorted((a, b) => risk(b) - risk(a)).slice(0, count);
};

/**
 * Decides what to send next: takes the riskiest owed listings, reads what the channel shows, computes what is wanted
 * from the ledger *after* that read, and closes everything that needs no call. Reading first keeps an absolute number
 * from putting back on sale what the channel has sold meanwhile.
 */
export const planBatch = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  signal: AbortSignal,
): Promise<PlannedBatch> => {
  const { accountId } = plan;
  const owed = await riskiest(deps, plan, connector.limits.readBatchMax);
  if (owed.length === 0) return { looked: 0, writes: [], waitsForOrders: false };
  const ids = owed.map((target) => target.listingId);
  const listings = new Map((await listingsById(deps.db, ids)).map((listing) => [listing.id, listing]));
  const idOfRef = new Map([...listings.values()].map((listing) => [listing.ref, listing.id]));
  const handles = [...listings.values()].map(({ ref, details }) => ({ ref, details: details as Json }));

  const readAt = toIso(deps.clock.now());
  const readings = await connector.readQuantities(handles, { accountId, signal });
  const shown = new Map(readings.flatMap((reading) => {
    const listingId = idOfRef.get(reading.ref);
    return listingId === undefined ? [] : [[listingId, reading] as const];
  }));
  await recordReadings(
    deps.db,
    [...shown].map(([listingId, reading]) => ({ listingId, units: reading.units })),
    "before-push",
    readAt,
  );

  const wanted = await wantedUnits(deps.db, ids, plan.policy);
  const open = Map.groupBy(await openAttemptsOf(deps.db, ids), (attempt) => attempt.listingId);
  const seen = await listingsWithOrdersSeen(deps.db, accountId, ids);

  const writes: PlannedWrite[] = [];
  const settled: { listingId: number; version: number; units: number }[] = [];
  const rides: { attemptId: number; version: number }[] = [];
  const deferred: { listingId: number; notBefore: string; failed: boolean }[] = [];
  const blocked: { listingId: number; reason: string }[] = [];
  let waitsForOrders = false;
  for (const target of owed) {
    const { listingId, version } = target;
    const listing = listings.get(listingId);
    const allocation = wanted.get(listingId);
    const reading = shown.get(listingId);
    if (listing === undefined || allocation === undefined) {
      blocked.push({ listingId, reason: "the listing is not linked to a SKU" });
      continue;
    }
    const decision = decidePush({
      wantedUnits: allocation.units,
      shownUnits: reading?.units ?? null,
      openAttempts: open.get(listingId) ?? [],
      ordersSeen: seen.has(listingId),
    });
    switch (decision.action) {
      case "settled":
        settled.push({ listingId, version, units: allocation.units });
        break;
      case "ride":
        rides.push({ attemptId: decision.attemptId, version });
        break;
      case "write":
        writes.push({
          listingId,
          version,
          ref: listing.ref,
          details: listing.details as Json,
          units: allocation.units,
          shownUnits: reading?.units ?? null,
          failures: target.failures,
          reason: decision.reason,
          terms: allocation.terms,
        });
        break;
      case "wait": {
        if (decision.reason === "orders-not-seen") waitsForOrders = true;
        const waitMs = decision.reason === "orders-not-seen" ? raiseWaitMs : openAttemptWaitMs;
        deferred.push({ listingId, notBefore: toIso(deps.clock.now() + waitMs), failed: false });
        break;
      }
      case "unreadable":
        blocked.push({ listingId, reason: reading?.reason ?? "the channel did not answer for this listing" });
        break;
      default:
        assertNever(decision);
    }
  }
  const closed = settled.length === 0 ? [] : await settleTargets(deps.db, settled);
  for (const owedSinceMs of closed) deps.metrics.pushLag(accountId, deps.clock.now() - owedSinceMs);
  if (rides.length > 0) await rideAttempts(deps.db, rides);
  if (deferred.length > 0) await deferTargets(deps.db, deferred);
  if (blocked.length > 0) await blockTargets(deps.db, blocked);
  deps.metrics.pushes(accountId, "already-shown", settled.length);
  return { looked: owed.length, writes, waitsForOrders };
};
