import { z } from "zod";
import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import type { Json } from "../core/digest.ts";
import { inTransaction } from "../db/transaction.ts";
import { listingsById } from "../mapping/listings.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { isSetAside } from "../sync/accounts.ts";
import { listingsToReadBack, nextReadBackMs, openAttemptsOf, recordVerdicts } from "../sync/attempts.ts";
import { judgeReadBack } from "../sync/judge-read-back.ts";
import { beginReadingsAnew, recordReadings, settleTargets } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";

const readWaitMsMax = 60_000;

/** Reads again after 0.2, 0.4, 0.8 … s, and never later than when the channel's time is up. */
const nextRead = (readAtMs: number, reads: number, effectUntilMs: number): number =>
  Math.max(readAtMs + 50, Math.min(readAtMs + Math.min(readWaitMsMax, 200 * 2 ** reads), effectUntilMs + 1));

const readBack = async (
  deps: JobDeps,
  connector: Connector,
  accountId: string,
  listingIds: readonly number[],
  signal: AbortSignal,
): Promise<void> => {
  const listings = await listingsById(deps.db, listingIds);
  const readAtMs = deps.clock.now();
  const handles = listings.map(({ ref, details }) => ({ ref, details: details as Json }));
  const readings = await connector.readQuantities(handles, { accountId, signal });
  const unitsOfRef = new Map(readings.map((reading) => [reading.ref, reading.units]));
  // A listing that the answer left out was not told: that says nothing about its attempts, and it is asked again.
  const idToUnits = new Map(
    listings.flatMap((listing) => {
      const units = unitsOfRef.get(listing.ref);
      return units === undefined ? [] : [[listing.id, units] as const];
    }),
  );
  const appliedIds: number[] = [];
  const lostIds: number[] = [];
  const doubtedIds: number[] = [];
  const waiting: { id: number; nextReadAt: string }[] = [];
  const settled: { listingId: number; version: number; units: number }[] = [];
  // Only what was open before the read can be judged by it.
  const attempts = (await openAttemptsOf(deps.db, listingIds)).filter((attempt) => attempt.startedAtMs <= readAtMs);
  for (const [listingId, open] of Map.groupBy(attempts, (attempt) => attempt.listingId)) {
    const units = idToUnits.get(listingId);
    if (units === undefined) {
      for (const { id, reads } of open)
        waiting.push({ id, nextReadAt: toIso(readAtMs + 200 * 2 ** Math.min(5, reads)) });
      continue;
    }
    const verdict = judgeReadBack(open, units, readAtMs);
    if (verdict.appliedId !== null) appliedIds.push(verdict.appliedId);
    lostIds.push(...verdict.lostIds);
    // Sales can only have brought it down to what it shows.
    const lostRaise = open.some((attempt) => verdict.lostIds.includes(attempt.id) && attempt.units > (units ?? 0));
    if (lostRaise) doubtedIds.push(listingId);
    for (const attempt of open.filter(({ id }) => verdict.stillOpenIds.includes(id))) {
      waiting.push({ id: attempt.id, nextReadAt: toIso(nextRead(readAtMs, attempt.reads, attempt.effectUntilMs)) });
    }
    const applied = open.find(({ id }) => id === verdict.appliedId);
    if (verdict.settledVersion !== null && applied !== undefined) {
      settled.push({ listingId, version: verdict.settledVersion, units: applied.units });
    }
  }
  const now = toIso(deps.clock.now());
  await inTransaction(deps.db, async (tx) => {
    const seen = [...idToUnits].map(([listingId, units]) => ({ listingId, units }));
    await recordReadings(tx, seen, "read-back", toIso(readAtMs), now);
    await beginReadingsAnew(tx, doubtedIds, now);
    await recordVerdicts(tx, { appliedIds, lostIds, waiting }, now);
    const lags = await settleTargets(tx, settled);
    for (const owedSinceMs of lags) deps.metrics.pushLag(accountId, deps.clock.now() - owedSinceMs);
  });
  deps.metrics.pushes(accountId, "applied", appliedIds.length);
  if (lostIds.length > 0) {
    deps.metrics.pushes(accountId, "lost", lostIds.length);
    deps.log.warn({ accountId, lost: lostIds.length }, "pushes never showed; they are planned again");
  }
};

/** A push has succeeded when the channel was read back: does that, again and again, until each attempt is seen or given up. */
export const confirmPushes = defineJob({
  name: "confirm-pushes",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 8,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    if (connector === undefined || (await isSetAside(deps.db, accountId))) return undefined;
    let worked = false;
    while (!drain.aborted) {
      const due = await listingsToReadBack(deps.db, accountId, connector.limits.readBatchMax, toIso(deps.clock.now()));
      if (due.length === 0) break;
      await readBack(deps, connector, accountId, due, signal);
      worked = true;
      progress();
    }
    if (worked) deps.wake("push-account", { accountId });
    const nextMs = await nextReadBackMs(deps.db, accountId);
    return nextMs === undefined ? undefined : { againAfterMs: Math.max(50, nextMs - deps.clock.now()) };
  },
});
