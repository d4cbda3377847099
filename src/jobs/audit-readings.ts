import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { listingsById } from "../mapping/listings.ts";
import { auditFigures, findDrift } from "../sync/drift-find.ts";
import { noteDrifts } from "../sync/drifts.ts";
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

/**
 * Reads listings, keeps the readings as the audit's, and notes those that show another number than they should. Returns
 * how many were read and how many new drifts they made.
 */
export const auditListings = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  given: {
    readonly listingIds: readonly number[];
    readonly foundHow: "rolling" | "sweep";
    readonly signal: AbortSignal;
  },
): Promise<{ readonly read: number; readonly drifts: number }> => {
  const { accountId } = plan;
  const { lagMsMax } = plan.audit ?? defaultAuditPlan;
  const { readAtMs, readings } = await readLive(deps, connector, accountId, given.listingIds, given.signal);
  const readAt = toIso(readAtMs);
  const ids = readings.map(({ listingId }) => listingId);
  const unitsOf = new Map(readings.map(({ listingId, units }) => [listingId, units]));
  const drifts = await inTransaction(deps.db, async (tx) => {
    const wanted = await wantedUnits(tx, ids, plan);
    const found = (await auditFigures(tx, ids)).flatMap((figures) => {
      const ledgerUnits = wanted.get(figures.listingId)?.units;
      // Not linked any more: nobody says what it should show.
      if (ledgerUnits === undefined) return [];
      const reading = { units: unitsOf.get(figures.listingId) ?? null, readAtMs };
      return findDrift(figures, reading, ledgerUnits, lagMsMax) ?? [];
    });
    const noted = await noteDrifts(tx, accountId, found, { foundHow: given.foundHow, observedAt: readAt });
    await recordReadings(tx, readings, "audit", readAt);
    return noted;
  });
  // It may be a sale that nobody told us of: orders come before anything else.
  if (drifts > 0) deps.wake("poll-orders", { accountId });
  return { read: readings.length, drifts };
};
