import { auditAccount } from "../jobs/audit-account.ts";
import { checkInvariants } from "../jobs/check-invariants.ts";
import { confirmPushes } from "../jobs/confirm-pushes.ts";
import type { JobDeps } from "../jobs/deps.ts";
import { drainNotifications } from "../jobs/drain-notifications.ts";
import { dropCalls } from "../jobs/drop-calls.ts";
import { ensureSubscriptions } from "../jobs/ensure-subscriptions.ts";
import { expireReservations } from "../jobs/expire-reservations.ts";
import { importListings } from "../jobs/import-listings.ts";
import { ingest } from "../jobs/ingest.ts";
import { pollOrders } from "../jobs/poll-orders.ts";
import { publishEvents } from "../jobs/publish-events.ts";
import { pushAccount } from "../jobs/push-account.ts";
import { readChannelStock } from "../jobs/read-channel-stock.ts";
import { sealLedger } from "../jobs/seal-ledger.ts";
import { settleBulks } from "../jobs/settle-bulks.ts";
import { workPlans } from "../jobs/work-plans.ts";
import { type BoundJob, bindJob } from "../queue/define-job.ts";

/** Every queue there is; processes that only enqueue open them too. */
export const jobDefinitions = [
  ingest,
  publishEvents,
  pushAccount,
  confirmPushes,
  pollOrders,
  drainNotifications,
  importListings,
  expireReservations,
  sealLedger,
  checkInvariants,
  settleBulks,
  dropCalls,
  ensureSubscriptions,
  readChannelStock,
  workPlans,
  auditAccount,
] as const;

export const bindJobs = (deps: JobDeps): readonly BoundJob[] => [
  bindJob(ingest, deps),
  bindJob(publishEvents, deps),
  bindJob(pushAccount, deps),
  bindJob(confirmPushes, deps),
  bindJob(pollOrders, deps),
  bindJob(drainNotifications, deps),
  bindJob(importListings, deps),
  bindJob(expireReservations, deps),
  bindJob(sealLedger, deps),
  bindJob(checkInvariants, deps),
  bindJob(settleBulks, deps),
  bindJob(dropCalls, deps),
  bindJob(ensureSubscriptions, deps),
  bindJob(readChannelStock, deps),
  bindJob(workPlans, deps),
  bindJob(auditAccount, deps),
];
