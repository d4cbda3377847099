import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { doorsInFlight, writesSince } from "../sync/bulk-attempts.ts";
import { maySpendRevision, nextRevisionAtMs, type RevisionFigures, utcDayOf } from "../sync/revision-budget.ts";
import { type Deferral, deferTargets } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";
import type { PlannedWrite } from "./planned.ts";

/** How a batch's writes go out; what waits is set aside already. */
export type Routed = { readonly single: readonly PlannedWrite[]; readonly bulk: readonly PlannedWrite[] };

/** While a document with the listing is worked off nothing else may be sent for it; looked at again after this. */
const documentWaitMs = 10_000;

/** Writes that are worth one of the listing's writes of the day; the others are put off to when they may be. */
const withinRevisions = async (
  deps: JobDeps,
  { limits }: Connector,
  writes: readonly PlannedWrite[],
): Promise<readonly PlannedWrite[]> => {
  const limit = limits.revisionsPerListingPerDay;
  if (limit === undefined || writes.length === 0) return writes;
  const nowMs = deps.clock.now();
  const ids = writes.map(({ listingId }) => listingId);
  const used = await writesSince(deps.db, ids, toIso(utcDayOf(nowMs).startsMs));
  const figuresOf = ({ listingId, shownUnits, units }: PlannedWrite): RevisionFigures => ({
    limit,
    used: used.get(listingId) ?? 0,
    shownUnits,
    wantedUnits: units,
    nowMs,
  });
  const heldBack = writes.filter((write) => !maySpendRevision(figuresOf(write)));
  if (heldBack.length > 0) {
    const deferrals = heldBack.map((write): Deferral => {
      return { listingId: write.listingId, notBefore: toIso(nextRevisionAtMs(figuresOf(write))), failed: false };
    });
    await deferTargets(deps.db, deferrals);
    deps.log.debug({ listings: heldBack.length }, "writes held back: the day's revisions are scarce");
  }
  return writes.filter((write) => maySpendRevision(figuresOf(write)));
};

/** Chooses each write's door: by itself, in a bulk document, or not now. */
export const routeWrites = async (
  deps: JobDeps,
  connector: Connector,
  planned: readonly PlannedWrite[],
): Promise<Routed> => {
  const writes = await withinRevisions(deps, connector, planned);
  if (connector.bulk === undefined || writes.length === 0) return { single: writes, bulk: [] };
  const inFlight = await doorsInFlight(
    deps.db,
    writes.map(({ listingId }) => listingId),
  );
  const doors = connector.bulk.doors(
    writes.map(({ ref, reason, listingId }) => ({
      ref,
      // A number that is put back never goes this way; to a door it would be a raise.
      reason: reason === "restore" ? ("raise" as const) : reason,
      urgent: reason === "lower",
      inFlight: inFlight.get(listingId) ?? "nothing",
    })),
  );
  const by = Map.groupBy(writes, ({ ref }) => doors.get(ref) ?? "single");
  const notBefore = toIso(deps.clock.now() + documentWaitMs);
  const waiting = (by.get("wait") ?? []).map(({ listingId }) => ({ listingId, notBefore, failed: false }));
  if (waiting.length > 0) await deferTargets(deps.db, waiting);
  return {
    // A batch that was read for a document may be larger than one round should send singly: the rest stays owed.
    single: (by.get("single") ?? []).slice(0, connector.limits.readBatchMax),
    bulk: by.get("bulk") ?? [],
  };
};
