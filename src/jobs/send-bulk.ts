import type { Bulk, Connector, PushOutcome } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { recordReceipt } from "../sync/bulk-attempts.ts";
import type { Lease } from "../sync/leases.ts";
import { beginAttempts } from "./begin-attempts.ts";
import type { JobDeps } from "./deps.ts";
import type { PlannedWrite } from "./planned.ts";
import { recordOutcomes } from "./record-outcomes.ts";
import { outcomesOfFailure, writeOf } from "./send-writes.ts";

/** Upload and submission together. */
const submitMsMax = 60_000;
/** When nobody knows whether the document was taken, so long it may still be worked off. */
const doubtMs = 3_600_000;
/** The longest that a document was seen to lie; after that its listings are looked at all the same. */
export const documentMsMax = 86_400_000;
const firstReadMs = 60_000;
export const firstAskMs = 10_000;

/**
 * Sends one bulk document: the attempts are committed first, under the lease, then it is submitted. What went along stays
 * `sent` with the receipt until `settle-bulks` has heard what became of it. Errors: `LeaseLostError`; the submission's
 * own `ChannelError`, after its outcome is recorded.
 */
export const sendBulk = async (
  deps: JobDeps,
  connector: Connector & { readonly bulk: Bulk },
  lease: Lease,
  planned: readonly PlannedWrite[],
  signal: AbortSignal,
): Promise<void> => {
  const { accountId } = lease;
  const attemptKey = deps.ids();
  const startedMs = deps.clock.now();
  const batch = await beginAttempts(deps.db, lease, planned, {
    attemptKey,
    startedMs,
    effectUntilMs: startedMs + doubtMs,
    nextReadMs: startedMs + firstReadMs,
    callMsMax: submitMsMax,
  });
  if (batch.length === 0) return;
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(submitMsMax)]);
  let outcomes: readonly PushOutcome[];
  let receipt: string | null = null;
  let failure: unknown;
  try {
    ({ receipt, outcomes } = await connector.bulk.submit(batch.map(writeOf), attemptKey, {
      accountId,
      signal: deadline,
    }));
  } catch (error) {
    failure = error;
    outcomes = outcomesOfFailure(batch, error);
  }
  const told = new Set(outcomes.map(({ ref }) => ref));
  if (receipt !== null) {
    const nowMs = deps.clock.now();
    const listingIds = batch.filter(({ ref }) => !told.has(ref)).map(({ listingId }) => listingId);
    const effectUntil = toIso(nowMs + documentMsMax + connector.limits.settleMs);
    await recordReceipt(deps.db, attemptKey, { listingIds, receipt, effectUntil, askAt: toIso(nowMs + firstAskMs) });
    deps.metrics.pushes(accountId, "in-document", listingIds.length);
    deps.wake("settle-bulks", { accountId }, { delayMs: firstAskMs });
  }
  const judged = receipt === null ? batch : batch.filter(({ ref }) => told.has(ref));
  if (judged.length > 0) await recordOutcomes(deps, connector, { accountId, attemptKey, batch: judged, outcomes });
  if (failure !== undefined) throw failure;
};
