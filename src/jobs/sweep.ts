import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { queryOne, sql } from "../db/sql.ts";
import { inTransaction } from "../db/transaction.ts";
import { dueReservations } from "../ledger/due-reservations.ts";
import { isSealDue } from "../ledger/log/seal.ts";
import { outboxWaiting } from "../ledger/outbox.ts";
import { makeMovementMonths } from "../ledger/partitions.ts";
import { accountsToAutoLink } from "../mapping/links.ts";
import { listAccounts } from "../sync/accounts.ts";
import { accountsWithDueBulks } from "../sync/bulk-attempts.ts";
import { readCursor } from "../sync/cursors.ts";
import { endHolds, expiredBy } from "../sync/holds.ts";
import { owedWork } from "../sync/owed-work.ts";
import { accountsWithPlanWork } from "../sync/plan-work.ts";
import { auditStream, isAudited } from "./audit-account.ts";
import { invariantsDue } from "./check-invariants.ts";
import type { JobDeps } from "./deps.ts";
import { areCallsOverdue } from "./drop-calls.ts";
import { lookEveryMs, subscriptionsStream } from "./ensure-subscriptions.ts";
import { listingsStream } from "./import-listings.ts";
import { linkListings } from "./link-listings.ts";
import { ordersStream } from "./poll-orders.ts";
import { channelStockEveryMs, channelStockStream } from "./read-channel-stock.ts";

/** Any number of schedulers may run: the one that gets this lock sweeps, the others skip the turn. */
const sweepLock = 4_711_001;

/** A read that fails is not tried again at every sweep. */
const triesEveryMs = 5_000;
/** A look costs a dozen calls of small quotas. */
const lookTriesEveryMs = 10 * 60_000;

const isOlder = (at: string | null, ageMs: number, nowMs: number): boolean =>
  at === null || nowMs - Date.parse(at) >= ageMs;

/**
 * Finds in Postgres whatever is owed and wakes the job for it. This alone rebuilds all queued work after a lost Redis;
 * it is also what makes polls and imports happen on time. Returns false when another process has the turn.
 */
export const sweep = async (deps: JobDeps): Promise<boolean> => {
  const nowMs = deps.clock.now();
  const found = await inTransaction(deps.db, async (tx) => {
    const lock = await queryOne(
      tx,
      z.object({ mine: z.boolean() }),
      sql`select pg_try_advisory_xact_lock(${sweepLock}) as mine`,
    );
    if (lock?.mine !== true) return undefined;
    const endedHolds = await endHolds(tx, { id: null, by: expiredBy, now: toIso(nowMs) });
    return {
      endedHolds,
      work: await owedWork(tx, toIso(nowMs)),
      accounts: await listAccounts(tx),
      outbox: await outboxWaiting(tx),
      expired: await dueReservations(tx, 1),
      monthsMade: await makeMovementMonths(tx),
      sealIsDue: await isSealDue(tx, toIso(nowMs)),
      checksDue: await invariantsDue(tx, toIso(nowMs)),
      dueBulks: await accountsWithDueBulks(tx, toIso(nowMs)),
      callsOverdue: await areCallsOverdue(tx, nowMs),
    };
  });
  if (found === undefined) return false;
  if (found.endedHolds.ids.length > 0) {
    const { ids, reach } = found.endedHolds;
    deps.log.info({ holds: ids, listings: reach.listings }, "holds expired; what they braked follows the ledger again");
  }
  if (found.outbox > 0) deps.wake("publish-events", {});
  if (found.expired.length > 0) deps.wake("expire-reservations", {});
  if (found.monthsMade > 0) deps.log.info({ months: found.monthsMade }, "partitions of the journal made");
  if (found.sealIsDue) deps.wake("seal-ledger", {});
  if (found.checksDue.length > 0) deps.wake("check-invariants", {});
  for (const accountId of found.dueBulks) deps.wake("settle-bulks", { accountId });
  if (found.callsOverdue) deps.wake("drop-calls", {});
  for (const work of found.work) {
    const { accountId } = work;
    if (work.openDeliveries > 0) deps.wake("ingest", { accountId });
    if (work.dueReadBacks > 0) deps.wake("confirm-pushes", { accountId });
    if (work.owedTargets > 0) deps.wake("push-account", { accountId });
  }
  for (const account of found.accounts) {
    const connector = deps.connectorFor(account.id);
    const plan = deps.planFor(account.id);
    if (connector === undefined || plan === undefined) continue;
    // A paused account is not pushed to, but its sales still count.
    const orders = await readCursor(deps.db, account.id, ordersStream);
    const failing = account.state === "needs-attention";
    // Credentials that failed are tried at the polls' pace: the first try that works ends the pause.
    const tryMs = failing ? plan.ordersEveryMs : Math.min(triesEveryMs, plan.ordersEveryMs);
    if (isOlder(orders.polledAt, plan.ordersEveryMs, nowMs) && isOlder(orders.triedAt, tryMs, nowMs)) {
      deps.wake("poll-orders", { accountId: account.id });
    }
    if (failing) continue;
    const looked = await readCursor(deps.db, account.id, subscriptionsStream);
    if (isOlder(looked.watermark, lookEveryMs, nowMs) && isOlder(looked.triedAt, lookTriesEveryMs, nowMs)) {
      deps.wake("ensure-subscriptions", { accountId: account.id });
    }
    if (connector.channelStock !== undefined && plan.channelStockLocationId !== undefined) {
      const counted = await readCursor(deps.db, account.id, channelStockStream);
      if (isOlder(counted.watermark, channelStockEveryMs, nowMs) && isOlder(counted.triedAt, triesEveryMs, nowMs))
        deps.wake("read-channel-stock", { accountId: account.id });
    }
    if (connector.notifications !== undefined) deps.wake("drain-notifications", { accountId: account.id });
    const listings = await readCursor(deps.db, account.id, listingsStream);
    if (isOlder(listings.watermark, plan.listingsEveryMs, nowMs) && isOlder(listings.triedAt, triesEveryMs, nowMs)) {
      deps.wake("import-listings", { accountId: account.id });
    }
    const { cursor: auditNext } = await readCursor(deps.db, account.id, auditStream);
    if (isAudited(account.state) && (auditNext === null || Date.parse(auditNext) <= nowMs)) {
      deps.wake("audit-account", { accountId: account.id });
    }
  }
  for (const accountId of await accountsToAutoLink(deps.db)) await linkListings(deps, accountId);
  for (const accountId of await accountsWithPlanWork(deps.db)) deps.wake("work-plans", { accountId });
  return true;
};
