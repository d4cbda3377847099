import type { Connector, QuantityReading } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { type ListingRow, listingsById } from "../mapping/listings.ts";
import { openAttemptsOf, rideAttempts } from "../sync/attempts.ts";
import { bothEvidence, needsLook, raiseEvidence } from "../sync/raise-evidence.ts";
import { blockTargets, deferTargets, type OwedTarget, recordReadings, settleTargets } from "../sync/targets.ts";
import { riskiest } from "./choose-targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { lookAtOrders } from "./look-at-orders.ts";
import type { PlannedBatch } from "./planned.ts";
import { type Figures, sortTargets } from "./sort-targets.ts";
import { carefulWanted } from "./wanted.ts";

/** What is planned for: an account's listings, through its connector. */
type Planned = {
  readonly deps: JobDeps;
  readonly connector: Connector;
  readonly plan: AccountPlan;
  readonly signal: AbortSignal;
};

type Shown = {
  readonly listings: ReadonlyMap<number, ListingRow>;
  readonly readings: ReadonlyMap<number, QuantityReading>;
  readonly readAtMs: number;
};

const readShown = async ({ deps, connector, plan, signal }: Planned, ids: readonly number[]): Promise<Shown> => {
  const { accountId } = plan;
  const readAtMs = deps.clock.monotonicMs();
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
  return { listings, readings, readAtMs };
};

/** After the read, so that no number is computed from what the ledger said before it. */
const withLedger = async (
  { deps, connector, plan }: Planned,
  ids: readonly number[],
  shown: Shown,
): Promise<Figures> => {
  const { comparesAndSets } = connector.limits;
  // Evidence before the ledger: an order that is booked between the two would count as seen and be missing from the number.
  const [attempts, before] = await Promise.all([openAttemptsOf(deps.db, ids), raiseEvidence(deps.db, ids)]);
  const careful = await carefulWanted(deps.db, ids, plan, { nowMs: deps.clock.now(), comparesAndSets });
  // And after it: an account that could not be asked may have come back meanwhile, with orders that are not booked yet.
  const raises = ids.filter((id) => {
    const units = shown.readings.get(id)?.units ?? null;
    return units !== null && (careful.get(id)?.wanted.units ?? 0) > units;
  });
  const after = raises.length === 0 ? [] : await raiseEvidence(deps.db, raises);
  const open = Map.groupBy(attempts, (attempt) => attempt.listingId);
  const evidence = Map.groupBy(bothEvidence(before, after), (row) => row.listingId);
  return { ...shown, careful, open, evidence };
};

/**
 * Which accounts' orders must be read before the raises of a batch go, by listing. Where the channel allows so few reads
 * that the regular polls would go short, those and the messages must do.
 */
const looksNeeded = async (
  deps: JobDeps,
  batch: PlannedBatch,
  { evidence }: Figures,
): Promise<ReadonlyMap<number, readonly string[]>> => {
  const needs = batch.writes.flatMap(({ listingId, reason }) =>
    reason === "raise"
      ? (evidence.get(listingId) ?? []).filter((one) => needsLook(one, deps.planFor(one.accountId), deps.clock.now()))
      : [],
  );
  const short = new Set<string>();
  for (const accountId of new Set(needs.map((one) => one.accountId))) {
    const spare = await deps.connectorFor(accountId)?.spareOrderReads?.();
    if (spare !== undefined && spare < 1) short.add(accountId);
  }
  const looks = needs.filter(({ accountId }) => !short.has(accountId));
  return new Map(
    [...Map.groupBy(looks, ({ listingId }) => listingId)].map(([listingId, rows]) => [
      listingId,
      rows.map(({ accountId }) => accountId),
    ]),
  );
};

const without = (batch: PlannedBatch, listings: ReadonlyMap<number, unknown>): PlannedBatch => ({
  ...batch,
  writes: batch.writes.filter(({ listingId }) => !listings.has(listingId)),
});

/**
 * Reads what the channel shows, and only then computes what is wanted from the ledger: an absolute number must not put
 * back on sale what the channel has sold meanwhile. Nor what another has: before a raise goes, the orders of all others
 * that sell the same are read once more. Lower numbers do not wait for that; raises beside them stay for the next round.
 */
const planCarefully = async (planned: Planned, owed: readonly OwedTarget[]): Promise<PlannedBatch> => {
  const { deps, connector, signal } = planned;
  const { readBatchMax, readingLifeMs } = connector.limits;
  const ids = owed.map((target) => target.listingId);
  let shown = await readShown(planned, ids);
  let figures = await withLedger(planned, ids, shown);
  let batch = sortTargets(owed, figures, deps.clock.now());
  const looks = await looksNeeded(deps, batch, figures);
  if (looks.size === 0) return batch;
  // One document for thousands is worth waiting for.
  const isBulk = owed.length > readBatchMax;
  if (!isBulk && batch.writes.length > looks.size) return without(batch, looks);
  await lookAtOrders(deps, [...new Set([...looks.values()].flat())], signal);
  // A number that would be written without any comparison must not be older for it.
  const isOld = readingLifeMs !== undefined && deps.clock.monotonicMs() - shown.readAtMs > readingLifeMs;
  if (isOld && !isBulk) shown = await readShown(planned, ids);
  figures = await withLedger(planned, ids, shown);
  batch = sortTargets(owed, figures, deps.clock.now());
  const unread = await looksNeeded(deps, batch, figures);
  if (unread.size === 0) return batch;
  return {
    ...without(batch, unread),
    deferred: [
      ...batch.deferred,
      ...[...unread.keys()].map((listingId) => ({
        listingId,
        notBefore: toIso(deps.clock.now() + askAgainMs),
        failed: false,
      })),
    ],
    waitsForOrdersOf: [...new Set([...batch.waitsForOrdersOf, ...[...unread.values()].flat()])],
  };
};

/** An account whose orders could not be read just now is asked again. */
const askAgainMs = 1_000;

const nothing: Figures = {
  listings: new Map(),
  readings: new Map(),
  careful: new Map(),
  open: new Map(),
  evidence: new Map(),
};

/** Decides what to send next for an account, and closes everything that needs no call. Errors: `GuardError`. */
export const planBatch = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  signal: AbortSignal,
  rowsMax = connector.limits.readBatchMax,
): Promise<PlannedBatch> => {
  const { owed, selling } = await riskiest(deps, plan, connector.limits, rowsMax);
  if (selling.length > 0) await deferTargets(deps.db, selling);
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
  const batch = await planCarefully({ deps, connector, plan, signal }, owed);
  const closed = batch.settled.length === 0 ? [] : await settleTargets(deps.db, batch.settled);
  for (const owedSinceMs of closed) deps.metrics.pushLag(plan.accountId, deps.clock.now() - owedSinceMs);
  if (batch.rides.length > 0) await rideAttempts(deps.db, batch.rides);
  if (batch.deferred.length > 0) await deferTargets(deps.db, batch.deferred);
  if (batch.blocked.length > 0) await blockTargets(deps.db, batch.blocked);
  deps.metrics.pushes(plan.accountId, "already-shown", batch.settled.length);
  return batch;
};
