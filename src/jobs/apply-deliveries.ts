import type { ChannelEvent, OrderSnapshot } from "../connectors/connector.ts";
import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { post } from "../ledger/post.ts";
import { resolveNames } from "../mapping/links.ts";
import { noteUnmapped, type Settlement, settleDeliveries, type UnmappedLine } from "../sync/inbox.ts";
import { noteToldOrders } from "../sync/inbox-orders.ts";
import { noteStockHints } from "../sync/stock-hints.ts";
import type { JobDeps } from "./deps.ts";
import { type Meaning, orderCommands } from "./order-commands.ts";

export type ReadDelivery = { readonly id: number; readonly events: readonly ChannelEvent[] };

const ordersOf = (delivery: ReadDelivery): readonly OrderSnapshot[] =>
  delivery.events.flatMap((event) => (event.kind === "order" ? [event.order] : []));

const settlementOf = (delivery: ReadDelivery, unmapped: readonly UnmappedLine[]): Settlement => {
  if (unmapped.length > 0) {
    const named = unmapped.map((line) => line.channelSku ?? line.name);
    return {
      id: delivery.id,
      state: "parked",
      reason: `no SKU linked to ${[...new Set(named)].slice(0, 5).join(", ")}`,
    };
  }
  const ignored = delivery.events.flatMap((event) => (event.kind === "ignored" ? [event.reason] : []));
  if (ignored.length === delivery.events.length)
    return { id: delivery.id, state: "ignored", reason: ignored[0] ?? "no event" };
  if (delivery.events.every((event) => event.kind === "privacy")) {
    return { id: delivery.id, state: "ignored", reason: "no personal data is held; nothing to tell or erase" };
  }
  return { id: delivery.id, state: "applied", reason: null };
};

/**
 * A line that was let go may be news to us: sold and cancelled between two looks, it never moved our stock, but the
 * channel took its units off and need not have put them back (eBay §7). So its listings are looked at again.
 */
const letGoHints = (orders: readonly OrderSnapshot[]): readonly { listingRef: string; units: null }[] =>
  orders.flatMap((order) =>
    order.lines
      .filter(({ holdUnits, leftUnits }) => holdUnits === 0 && leftUnits === 0)
      .flatMap(({ listingRefs }) => listingRefs.map((listingRef) => ({ listingRef, units: null }))),
  );

const meanings = (rows: Awaited<ReturnType<typeof resolveNames>>): ReadonlyMap<string, readonly Meaning[]> =>
  Map.groupBy(rows, (row) => row.name);

/**
 * One transaction: what the deliveries do to stock, what stays unmapped, and that they are settled. Applying a delivery
 * twice changes nothing, because orders are targets.
 */
export const applyDeliveries = async (
  deps: JobDeps,
  accountId: string,
  deliveries: readonly ReadDelivery[],
): Promise<void> => {
  const plan = deps.planFor(accountId);
  if (plan === undefined) return;
  const names = [
    ...new Set(deliveries.flatMap(ordersOf).flatMap((order) => order.lines.flatMap((line) => line.listingRefs))),
  ];
  const { settlements, hinted } = await inTransaction(deps.db, async (tx) => {
    const now = toIso(deps.clock.now());
    const meaningOf = meanings(await resolveNames(tx, accountId, names));
    const commands = [];
    const unmapped: UnmappedLine[] = [];
    const settled: Settlement[] = [];
    for (const delivery of deliveries) {
      const waiting: UnmappedLine[] = [];
      for (const order of ordersOf(delivery)) {
        const result = orderCommands(order, { accountId, locationId: plan.locationId }, (name) => meaningOf.get(name));
        commands.push(...result.commands);
        for (const { names: lineNames, ...line } of result.unmapped) {
          // A line without any name can only wait for a person.
          const waitsFor = lineNames.length === 0 ? [""] : lineNames;
          waiting.push(...waitsFor.map((name) => ({ ...line, name, inboxId: delivery.id })));
        }
      }
      unmapped.push(...waiting);
      settled.push(settlementOf(delivery, waiting));
    }
    await post(tx, commands);
    await noteUnmapped(tx, accountId, unmapped);
    const told = deliveries.flatMap((one) => ordersOf(one).map(({ orderRef }) => ({ inboxId: one.id, orderRef })));
    await noteToldOrders(tx, accountId, told);
    const hints = deliveries.flatMap((delivery) =>
      delivery.events.flatMap((event) => (event.kind === "stock-hint" ? [event] : [])),
    );
    const allHints = [...hints, ...letGoHints(deliveries.flatMap(ordersOf))];
    await noteStockHints(tx, accountId, allHints, now);
    await settleDeliveries(tx, settled, now);
    return { settlements: settled, hinted: allHints.length > 0 };
  });
  for (const [state, rows] of Map.groupBy(settlements, (row) => row.state)) {
    deps.metrics.deliveriesSettled(accountId, state, rows.length);
  }
  deps.wake("publish-events", {});
  // Hints raise versions by themselves, without a movement that would be published.
  if (hinted) deps.wake("push-account", { accountId });
};
