import { auditAccount } from "../jobs/audit-account.ts";
import { confirmPushes } from "../jobs/confirm-pushes.ts";
import type { JobDeps } from "../jobs/deps.ts";
import { drainNotifications } from "../jobs/drain-notifications.ts";
import { expireReservations } from "../jobs/expire-reservations.ts";
import { importListings } from "../jobs/import-listings.ts";
import { ingest } from "../jobs/ingest.ts";
import { pollOrders } from "../jobs/poll-orders.ts";
import { publishEvents } from "../jobs/publish-events.ts";
import { pushAccount } from "../jobs/push-account.ts";
import { sealLedger } from "../jobs/seal-ledger.ts";
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
  bindJob(auditAccount, deps),
];
