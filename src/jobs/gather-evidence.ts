import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { orderMovesOf } from "../ledger/order-moves.ts";
import { linksOf } from "../mapping/links.ts";
import type { DriftEvidence } from "../sync/drift-cause.ts";
import { earlierMoves, lastWrites, type Suspect } from "../sync/drift-evidence.ts";
import { recordReadings } from "../sync/targets.ts";
import { readLive } from "./audit-readings.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { wantedUnits } from "./wanted.ts";

const alone = { listings: 1, olderNumbers: 0, sameUnits: 0 };
/** Where the channel was never seen to be right, orders of a day are looked at. */
const lookBackMs = 24 * 60 * 60_000;

const readAgain = async (
  deps: JobDeps,
  connector: Connector,
  accountId: string,
  listingIds: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, number | null>> => {
  const shown = new Map<number, number | null>();
  const { readBatchMax } = connector.limits;
  for (let from = 0; from < listingIds.length; from += readBatchMax) {
    const ids = listingIds.slice(from, from + readBatchMax);
    const { readAtMs, readings } = await readLive(deps, connector, accountId, ids, signal);
    await recordReadings(deps.db, readings, "audit", toIso(readAtMs));
    for (const { listingId, units } of readings) shown.set(listingId, units);
  }
  return shown;
};

/** Figures for each suspected drift. First the channel is read, then the ledger: as before a push. */
export const gatherEvidence = async (
  deps: JobDeps,
  connector: Connector,
  plan: AccountPlan,
  found: readonly Suspect[],
  ordersSeen: (suspect: Suspect) => boolean,
  signal: AbortSignal,
): Promise<readonly { readonly suspect: Suspect; readonly evidence: DriftEvidence }[]> => {
  const { accountId } = plan;
  const ids = found.map(({ listingId }) => listingId);
  const shown = await readAgain(deps, connector, accountId, ids, signal);
  const wanted = await wantedUnits(deps.db, ids, plan);
  // A component stands for the whole kit: an order moves all of them alike.
  const links = new Map((await linksOf(deps.db, ids)).toReversed().map((link) => [link.listingId, link]));
  const oldestMs = Math.min(...found.map(sinceMs));
  const skus = [...new Set([...links.values()].map(({ sku }) => sku))];
  const moves = Map.groupBy(await orderMovesOf(deps.db, accountId, skus, toIso(oldestMs)), ({ sku }) => sku);
  const writes = Map.groupBy(await lastWrites(deps.db, ids), ({ listingId }) => listingId);
  const earlier = await earlierMoves(
    deps.db,
    found.map(({ id }) => id),
  );
  return found.flatMap((suspect) => {
    const { listingId, observedAtMs, rightAt } = suspect;
    const link = links.get(listingId);
    const wantedNow = wanted.get(listingId);
    if (link === undefined || wantedNow === undefined) return [];
    const past = writes.get(listingId) ?? [];
    const late = (moves.get(link.sku) ?? []).filter(
      (move) => move.recordedAtMs > sinceMs(suspect) && move.occurredAtMs <= observedAtMs,
    );
    const since = past.filter(({ startedAtMs, state }) => startedAtMs > observedAtMs && state !== "refused");
    const evidence: DriftEvidence = {
      expectedUnits: suspect.expectedUnits,
      observedUnits: suspect.observedUnits,
      shownUnits: shown.get(listingId) ?? null,
      wantedUnits: wantedNow.units,
      wasOwed: suspect.wasOwed,
      wasRight: rightAt !== null,
      lateOrders: late.map((move) => move.units / link.units),
      ordersKnownAfterMs: late.length === 0 ? null : Math.max(...late.map((move) => move.recordedAtMs)) - observedAtMs,
      ordersSeen: ordersSeen(suspect),
      writes: past
        .filter(({ startedAtMs }) => startedAtMs <= observedAtMs)
        .map(({ units, unitsBefore, state, startedAtMs }) => ({
          units,
          unitsBefore,
          state,
          ageMs: observedAtMs - startedAtMs,
        })),
      wroteSince: since.length > 0,
      slowToShow: since.some(
        ({ state, answeredAtMs, appliedAtMs }) =>
          state === "lost" ||
          (state !== "unknown" &&
            answeredAtMs !== null &&
            (appliedAtMs ?? deps.clock.now()) - answeredAtMs > connector.limits.settleMs),
      ),
      earlierMoves: earlier.get(suspect.id) ?? 0,
      movedTogether: alone,
    };
    return [{ suspect, evidence }];
  });
};

const sinceMs = ({ rightAt, observedAtMs }: Suspect): number =>
  rightAt === null ? observedAtMs - lookBackMs : Date.parse(rightAt);
