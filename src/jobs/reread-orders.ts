import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { saveCursor } from "../sync/cursors.ts";
import { keepDeliveries } from "../sync/inbox.ts";
import type { JobDeps } from "./deps.ts";

export const orderAuditStream = "order-audit";

/**
 * Reads the whole window of orders again, from the start that a first poll would take: an order that was missing in the
 * list when the polls went by is found now. What is known already is recognised by its delivery id. Returns how many
 * deliveries were new to the inbox.
 */
export const rereadOrders = async (
  deps: JobDeps,
  connector: Connector,
  accountId: string,
  signal: AbortSignal,
): Promise<number> => {
  const startedAt = toIso(deps.clock.now());
  let cursor: string | null = null;
  let kept = 0;
  for (let done = false; !done; ) {
    const page = await connector.pullOrders(cursor, { accountId, signal });
    const deliveries = page.items.map((delivery) => ({ delivery }));
    kept += await inTransaction(deps.db, async (tx) => {
      const fresh = await keepDeliveries(tx, { accountId, door: "poll", deliveries, now: toIso(deps.clock.now()) });
      // As of when it began: what was sold meanwhile may not be in it.
      if (page.done) {
        await saveCursor(tx, {
          accountId,
          stream: orderAuditStream,
          cursor: null,
          watermark: page.watermark,
          now: startedAt,
        });
      }
      return fresh;
    });
    cursor = page.next;
    done = page.done;
  }
  if (kept > 0) {
    deps.log.info({ accountId, deliveries: kept }, "orders read again; some were new to us");
    deps.wake("ingest", { accountId });
  }
  return kept;
};
