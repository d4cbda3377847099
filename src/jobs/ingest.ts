import { z } from "zod";
import type { ChannelEvent, Connector, Delivery, OrderSnapshot } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { isSetAside } from "../sync/accounts.ts";
import { deferDelivery, type InboxRow, openDeliveries, type Settlement, settleDeliveries } from "../sync/inbox.ts";
import { applyDeliveries, type ReadDelivery } from "./apply-deliveries.ts";
import type { JobDeps } from "./deps.ts";
import { fetchHintedOrders, type HintedDelivery } from "./fetch-hinted-orders.ts";
import { StoredSnapshot, snapshotTopic } from "./order-snapshot.ts";

const batchMax = 100;
const attemptsMax = 8;

const asDelivery = (row: InboxRow): Delivery => ({
  id: row.deliveryId,
  topic: row.topic,
  payload: row.payload,
  sourceAt: row.sourceAt,
});

const eventsOf = (row: InboxRow, connector: Connector): readonly ChannelEvent[] =>
  row.topic === snapshotTopic
    ? [{ kind: "order", order: StoredSnapshot.parse(row.payload) satisfies OrderSnapshot }]
    : connector.translate(asDelivery(row));

type Sorted = {
  readonly readable: readonly ReadDelivery[];
  readonly hinted: readonly HintedDelivery[];
  readonly dead: readonly Settlement[];
};

/** What each delivery means. One that has no meaning is a dead letter with the reason, and holds up nobody else. */
const sortDeliveries = (rows: readonly InboxRow[], connector: Connector): Sorted => {
  const readable: ReadDelivery[] = [];
  const hinted: HintedDelivery[] = [];
  const dead: Settlement[] = [];
  for (const row of rows) {
    let events: readonly ChannelEvent[];
    try {
      events = eventsOf(row, connector);
    } catch (error) {
      dead.push({ id: row.id, state: "dead", reason: `not understood: ${(error as Error).message}`.slice(0, 500) });
      continue;
    }
    const orderRefs = events.flatMap((event) => (event.kind === "order-hint" ? event.orderRefs : []));
    if (orderRefs.length > 0) hinted.push({ id: row.id, attempts: row.attempts, orderRefs });
    else readable.push({ id: row.id, events });
  }
  return { readable, hinted, dead };
};

/** A batch that cannot be applied as a whole is applied one by one: a poisonous delivery must not hold up its neighbours. */
const applyOneByOne = async (deps: JobDeps, accountId: string, deliveries: readonly ReadDelivery[]): Promise<void> => {
  for (const delivery of deliveries) {
    try {
      await applyDeliveries(deps, accountId, [delivery]);
    } catch (error) {
      deps.log.error({ accountId, inboxId: delivery.id, err: (error as Error).message }, "delivery not applied");
      const now = deps.clock.now();
      await deferDelivery(deps.db, {
        id: delivery.id,
        reason: (error as Error).message.slice(0, 500),
        notBefore: toIso(now + 2_000),
        attemptsMax,
        now: toIso(now),
      });
    }
  }
};

/** Turns what came in into what it means for stock: translate, resolve, apply; each delivery's end commits with its effect. */
export const ingest = defineJob({
  name: "ingest",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 8,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const connector = deps.connectorFor(accountId);
    if (connector === undefined) return undefined;
    while (!drain.aborted) {
      const rows = await openDeliveries(deps.db, accountId, batchMax, toIso(deps.clock.now()));
      if (rows.length === 0) return undefined;
      const { readable, hinted, dead } = sortDeliveries(rows, connector);
      if (dead.length > 0) {
        await inTransaction(deps.db, (tx) => settleDeliveries(tx, dead, toIso(deps.clock.now())));
        deps.metrics.deliveriesSettled(accountId, "dead", dead.length);
        deps.log.warn({ accountId, dead: dead.length, reason: dead[0]?.reason }, "deliveries not understood");
      }
      if (readable.length > 0) {
        try {
          await applyDeliveries(deps, accountId, readable);
          progress();
        } catch (error) {
          deps.log.warn(
            { accountId, deliveries: readable.length, err: (error as Error).message },
            "batch not applied as a whole",
          );
          await applyOneByOne(deps, accountId, readable);
        }
      }
      // What the messages say themselves still counts; what must be asked for waits until the credentials work.
      if (hinted.length > 0 && (await isSetAside(deps.db, accountId))) return undefined;
      if (hinted.length > 0) await fetchHintedOrders(deps, accountId, connector, hinted, signal);
    }
    return { againAfterMs: 0 };
  },
});
