import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import type { Tx } from "../db/sql.ts";
import { inTransaction } from "../db/transaction.ts";
import { listingsById } from "../mapping/listings.ts";
import { auditFigures, findDrift, laggingTargets } from "../sync/drift-find.ts";
import { noteDrifts, oweAgain } from "../sync/drifts.ts";
import { recordReadings } from "../sync/targets.ts";
import { defaultAuditPlan } from "./audit-plan.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { wantedUnits } from "./wanted.ts";

export type AuditedReading = { readonly listingId: number; readonly units: number | null };

/** Reads listings live, at most one call's worth, and keeps what they show. One that the answer left out is left out. */
export const readLive = async (
  deps: JobDeps,
  connector: Connector,
  accountId: string,
  listingIds: readonly number[],
  signal: AbortSignal,
): Promise<{ readonly readAtMs: number; readonly readings: readonly AuditedReading[] }> => {
  const listings = await listingsById(deps.db, listingIds);
  const idOfRef = new Map(listings.map(({ ref, id }) => [ref, id]));
  const readAtMs = deps.clock.now();
  const handles = listings.map(({ ref, details }) => ({ ref, details }));
  const answers = await connector.readQuantities(handles, { accountId, signal });
  const readings = answers.flatMap(({ ref, units }) => {
    const listingId = idOfRef.get(ref);
    return listingId === undefined ? [] : [{ listingId, units }];
  });
  return { readAtMs, readings };
};

type Noted = { readonly drifts: number; readonly lowered: number };

/**
 * Notes the listings that show another number than they should. What shows more than there is owes a push at once: a
 * lowering needs no cause.
 */
const noteFound = async (
  deps: JobDeps,
  tx: Tx,
  plan: AccountPlan,
  readings: readonly AuditedReading[],
  given: { readonly foundHow: "rolling" | "full"; readonly readAtMs: number },
): Promise<Noted> => {
  const ids = readings.map(({ listingId }) => listingId);
  const unitsOf = new Map(readings.map(({ listingId, units }) => [listingId, units]));
  const wanted = await wantedUnits(tx, ids, plan);
  const found = (await auditFigures(tx, ids)).flatMap((figures) => {
    const ledgerUnits = wanted.get(figures.listingId)?.units;
    // Not linked any more: nobody says what it should show.
    if (ledgerUnits === undefined) return [];
    const reading = { units: unitsOf.get(figures.listingId) ?? null, readAtMs: given.readAtMs };
    return findDrift(figures, reading, ledgerUnits, (plan.audit ?? defaultAuditPlan).lagMsMax) ?? [];
  });
  const observedAt = toIso(given.readAtMs);
  const drifts = await noteDrifts(tx, plan.accountId, found, { foundHow: given.foundHow, observedAt });
  const tooMuch = found
    .filter(({ listingId, observedUnits }) => observedUnits > (wanted.get(listingId)?.units ?? 0))
    .map(({ listingId }) => listingId);
  await oweAgain(tx, tooMuch, toIso(deps.clock.now()));
  return { drifts, lowered: tooMuch.length };
};

/** It may be a sale that nobody told us of: orders come before anything else. */
const wakeFor = (deps: JobDeps, accountId: string, { drifts, lowered }: Noted): void => {
  if (drifts > 0) deps.wake("poll-orders", { accountId });
  if (lowered > 0) deps.wake("push-account", { accountId });
};

/**
 * Reads listings, keeps the readings as the audit's, and notes what is wrong. Returns how many were read and how many new
 * drifts they made.
 */
export const auditListings = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  given: {
    readonly listingIds: readonly number[];
    readonly foundHow: "rolling" | "full";
    readonly signal: AbortSignal;
  },
): Promise<{ readonly read: number; readonly drifts: number }> => {
  const { accountId } = plan;
  const { readAtMs, readings } = await readLive(deps, connector, accountId, given.listingIds, given.signal);
  const noted = await inTransaction(deps.db, async (tx) => {
    const result = await noteFound(deps, tx, plan, readings, { foundHow: given.foundHow, readAtMs });
    await recordReadings(tx, readings, "audit", toIso(readAtMs), toIso(deps.clock.now()));
    return result;
  });
  wakeFor(deps, accountId, noted);
  return { read: readings.length, drifts: noted.drifts };
};

const laggingMax = 200;

/** Pushes owed for too long, which planning reads again and again: their last readings tell, no call is needed. */
export const auditLagging = async (deps: JobDeps, plan: AccountPlan): Promise<void> => {
  const { accountId } = plan;
  const nowMs = deps.clock.now();
  const owedBefore = toIso(nowMs - (plan.audit ?? defaultAuditPlan).lagMsMax);
  const readings = await laggingTargets(deps.db, accountId, owedBefore, laggingMax);
  if (readings.length === 0) return;
  const noted = await inTransaction(deps.db, (tx) =>
    noteFound(deps, tx, plan, readings, { foundHow: "rolling", readAtMs: nowMs }),
  );
  wakeFor(deps, accountId, noted);
};
