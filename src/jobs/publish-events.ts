import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { claimOutbox } from "../ledger/outbox.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { markOwed } from "../sync/targets.ts";
import type { JobDeps } from "./deps.ts";

const rowsMax = 500;

/** Carries stock changes from the ledger's outbox to the listings they touch, and wakes their accounts. */
export const publishEvents = defineJob({
  name: "publish-events",
  payload: z.strictObject({}),
  coalesceBy: () => "all",
  concurrency: 1,
  async run({ drain }, deps: JobDeps): Promise<RunAgain | undefined> {
    while (!drain.aborted) {
      const { claimed, accountIds } = await inTransaction(deps.db, async (tx) => {
        const now = toIso(deps.clock.now());
        const rows = await claimOutbox(tx, rowsMax, now);
        const skus = [...new Set(rows.filter((row) => row.topic === "stock.changed").map((row) => row.subject))];
        return { claimed: rows.length, accountIds: skus.length === 0 ? [] : await markOwed(tx, skus, now) };
      });
      for (const accountId of accountIds) deps.wake("push-account", { accountId });
      if (claimed < rowsMax) return undefined;
    }
    return { againAfterMs: 0 };
  },
});
