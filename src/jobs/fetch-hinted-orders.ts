import type { Connector } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { deferDelivery, keepDeliveries, type Settlement, settleDeliveries } from "../sync/inbox.ts";
import { noteToldOrders } from "../sync/inbox-orders.ts";
import type { JobDeps } from "./deps.ts";
import { snapshotDelivery } from "./order-snapshot.ts";

export type HintedDelivery = { readonly id: number; readonly attempts: number; readonly orderRefs: readonly string[] };

/** A message often outruns the order list it speaks of. */
const notFoundWaitsMs = [300, 700, 1_500, 3_000, 10_000, 30_000] as const;

/** Re-reads the orders that messages only hint at; what was read goes through the inbox like everything else. */
export const fetchHintedOrders = async (
  deps: JobDeps,
  accountId: string,
  connector: Connector,
  hinted: readonly HintedDelivery[],
  signal: AbortSignal,
): Promise<void> => {
  const wanted = [...new Set(hinted.flatMap((delivery) => delivery.orderRefs))];
  const orders = await connector.fetchOrders(wanted, { accountId, signal });
  const found = new Set(orders.map((order) => order.orderRef));
  const now = deps.clock.now();
  const settled: Settlement[] = [];
  const early: HintedDelivery[] = [];
  for (const delivery of hinted) {
    const missing = delivery.orderRefs.filter((ref) => !found.has(ref));
    if (missing.length === 0) settled.push({ id: delivery.id, state: "applied", reason: null });
    else if (delivery.attempts < notFoundWaitsMs.length) early.push(delivery);
    else
      settled.push({
        id: delivery.id,
        state: "ignored",
        reason: `the channel does not know order ${missing[0]}; polls repair it`,
      });
  }
  await inTransaction(deps.db, async (tx) => {
    const deliveries = orders.map((order) => ({ delivery: snapshotDelivery(order) }));
    await keepDeliveries(tx, { accountId, door: "read", deliveries, now: toIso(now) });
    await settleDeliveries(tx, settled, toIso(now));
    const told = hinted.flatMap(({ id, orderRefs }) => orderRefs.map((orderRef) => ({ inboxId: id, orderRef })));
    await noteToldOrders(tx, accountId, told);
  });
  for (const delivery of early) {
    const waitMs = notFoundWaitsMs[delivery.attempts] ?? 30_000;
    await deferDelivery(deps.db, {
      id: delivery.id,
      reason: "the channel does not show this order yet",
      notBefore: toIso(now + waitMs),
      attemptsMax: notFoundWaitsMs.length + 2,
      now: toIso(now),
    });
    deps.wake("ingest", { accountId }, { delayMs: waitMs });
  }
};
