import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { resumeAccount } from "../sync/accounts.ts";
import { noteTry, readCursor, saveCursor } from "../sync/cursors.ts";
import { keepDeliveries } from "../sync/inbox.ts";
import type { JobDeps } from "./deps.ts";

export const ordersStream = "orders";

/** Repairs what messages missed: each page's rows and its cursor commit together, so nothing is skipped. */
export const pollOrders = defineJob({
  name: "poll-orders",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 8,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    if (connector === undefined) return undefined;
    await noteTry(deps.db, accountId, ordersStream, toIso(deps.clock.now()));
    let { cursor } = await readCursor(deps.db, accountId, ordersStream);
    while (!drain.aborted) {
      const page = await connector.pullOrders(cursor, { accountId, signal });
      const now = toIso(deps.clock.now());
      const fresh = await inTransaction(deps.db, async (tx) => {
        const deliveries = page.items.map((delivery) => ({ delivery }));
        const kept = await keepDeliveries(tx, { accountId, door: "poll", deliveries, now });
        const watermark = page.done ? page.watermark : null;
        await saveCursor(tx, { accountId, stream: ordersStream, cursor: page.next, watermark, now });
        return kept;
      });
      progress();
      if (fresh > 0) deps.wake("ingest", { accountId });
      cursor = page.next;
      if (page.done) {
        if (await resumeAccount(deps.db, accountId, now)) {
          deps.log.info({ accountId }, "the account's credentials work again");
          // Messages that failed meanwhile may have cost the account its subscriptions.
          deps.wake("ensure-subscriptions", { accountId });
        }
        // A raise may have waited for this watermark.
        deps.wake("push-account", { accountId });
        return undefined;
      }
    }
    return { againAfterMs: 0 };
  },
});
