import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import type { RunAgain } from "../queue/define-job.ts";
import {
  type Followed,
  followedDue,
  nextFollowedMs,
  recordLooks,
  recordShadow,
  shadowOwed,
} from "../sync/shadow-rows.ts";
import { nextLookMs } from "../sync/shadow-waits.ts";
import { recordReadings } from "../sync/targets.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";
import { planTargets } from "./plan-batch.ts";

type Shadowed = {
  readonly connector: Connector;
  readonly plan: AccountPlan;
  readonly signal: AbortSignal;
  readonly drain: AbortSignal;
};

/** Decides as a live account would, and writes down what would have been sent. Returns how many were looked at. */
const decide = async (deps: JobDeps, { connector, plan, signal }: Shadowed): Promise<number> => {
  const { accountId } = plan;
  const owed = await shadowOwed(deps.db, accountId, connector.limits.readBatchMax, toIso(deps.clock.now()));
  if (owed.length === 0) return 0;
  const batch = await planTargets(deps, connector, plan, owed, signal);
  const nowMs = deps.clock.now();
  const versionOf = new Map(owed.map(({ listingId, version }) => [listingId, version]));
  const pushes = batch.writes.flatMap(({ listingId, reason, units, withheldUnits, shownUnits, terms }) =>
    reason === "restore"
      ? []
      : [
          {
            listingId,
            version: versionOf.get(listingId) ?? 0,
            reason,
            units,
            wantedUnits: units + withheldUnits,
            shownUnits,
            terms,
          },
        ],
  );
  const nextReadAt = toIso(nextLookMs(nowMs, 0, nowMs) ?? nowMs);
  await inTransaction(deps.db, (tx) =>
    recordShadow(tx, accountId, pushes, batch.settled.length, { now: toIso(nowMs), nextReadAt }),
  );
  for (const other of batch.waitsForOrdersOf) deps.wake("poll-orders", { accountId: other });
  return owed.length;
};

const lookAt = async (
  deps: JobDeps,
  { connector, plan, signal }: Shadowed,
  followed: readonly Followed[],
): Promise<void> => {
  const { accountId } = plan;
  const readAtMs = deps.clock.now();
  const readings = await connector.readQuantities(followed, { accountId, signal });
  const units = new Map(readings.map((reading) => [reading.ref, reading.units]));
  const looks = followed.map(({ listingId, ref, units: ours, wantedUnits, shownUnits, decidedAtMs, reads }) => {
    const shown = units.get(ref) ?? null;
    const waitMs = shown !== null && shown >= ours && shown <= wantedUnits ? readAtMs - decidedAtMs : null;
    const next = waitMs === null ? nextLookMs(decidedAtMs, reads + 1, readAtMs) : null;
    return {
      listingId,
      shownUnits: shown,
      waitMs,
      overUnits: Math.max(0, (shownUnits ?? 0) - wantedUnits),
      nextReadAt: next === null ? null : toIso(next),
    };
  });
  await inTransaction(deps.db, async (tx) => {
    const told = looks.flatMap(({ listingId, shownUnits }) =>
      shownUnits === null ? [] : [{ listingId, units: shownUnits }],
    );
    await recordReadings(tx, told, "audit", toIso(readAtMs));
    await recordLooks(tx, accountId, looks, toIso(deps.clock.now()));
  });
};

/**
 * The whole loop of a live account but for the call: what would have been sent is kept, and the channel is watched for
 * when it comes to show that number by other hands.
 */
export const shadowAccount = async (deps: JobDeps, shadowed: Shadowed): Promise<RunAgain | undefined> => {
  const { connector, plan, drain } = shadowed;
  while (!drain.aborted) {
    const looked = await decide(deps, shadowed);
    const now = toIso(deps.clock.now());
    const followed = await followedDue(deps.db, plan.accountId, connector.limits.readBatchMax, now);
    if (followed.length > 0) await lookAt(deps, shadowed, followed);
    if (looked + followed.length === 0) break;
  }
  const nextMs = await nextFollowedMs(deps.db, plan.accountId);
  return nextMs === undefined ? undefined : { againAfterMs: Math.max(500, nextMs - deps.clock.now()) };
};
