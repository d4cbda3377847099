import { z } from "zod";
import type { PushOutcome } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { isSetAside } from "../sync/accounts.ts";
import { askBulkAgain, dueBulkRows, nextBulkAskMs } from "../sync/bulk-attempts.ts";
import type { JobDeps } from "./deps.ts";
import { recordOutcomes } from "./record-outcomes.ts";
import { documentMsMax, firstAskMs } from "./send-bulk.ts";

const askMsMax = 120_000;

/** Asked again after a quarter of its age: minutes matter for a young document, not for an old one. */
const askAfterMs = (ageMs: number): number => Math.min(askMsMax, Math.max(firstAskMs, ageMs / 4));

/** Hears what became of bulk documents; what they brought is read back like any other push. */
export const settleBulks = defineJob({
  name: "settle-bulks",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 4,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    if (connector?.bulk === undefined || (await isSetAside(deps.db, accountId))) return undefined;
    const due = await dueBulkRows(deps.db, accountId, toIso(deps.clock.now()));
    for (const [attemptKey, batch] of Map.groupBy(due, (row) => row.attemptKey)) {
      if (drain.aborted) break;
      const { receipt = "", startedAtMs = 0 } = batch[0] ?? {};
      const refs = batch.map(({ ref }) => ref);
      const told = await connector.bulk.settle(receipt, refs, { accountId, signal });
      const nowMs = deps.clock.now();
      const ageMs = nowMs - startedAtMs;
      if (told === "pending" && ageMs < documentMsMax) {
        await askBulkAgain(deps.db, attemptKey, toIso(nowMs + askAfterMs(ageMs)));
        continue;
      }
      const reason = `document ${receipt} was not worked off within a day`;
      const outcomes: readonly PushOutcome[] =
        told === "pending" ? refs.map((ref) => ({ ref, status: "unknown", reason })) : told;
      await recordOutcomes(deps, connector, { accountId, attemptKey, batch, outcomes });
      deps.log.info({ accountId, attemptKey, listings: refs.length, ageMs }, "bulk document settled");
      progress();
      deps.wake("push-account", { accountId });
    }
    const nextMs = await nextBulkAskMs(deps.db, accountId);
    return nextMs === undefined ? undefined : { againAfterMs: Math.max(50, nextMs - deps.clock.now()) };
  },
});
