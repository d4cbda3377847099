import type { Delivery, ImportedListing, OrderSnapshot } from "../../../src/connectors/connector.ts";
import type { OrderTruth } from "../../../src/simulators/kit/simulator.ts";
import { type Opened, persist } from "./subject.ts";

/** What somebody who understands a delivery knows of the orders that it names. */
export const ordersOf = async (
  { connector, context }: Opened,
  deliveries: readonly Delivery[],
): Promise<readonly OrderSnapshot[]> => {
  const events = deliveries.flatMap((delivery) => connector.translate(asKept(delivery)));
  const told = events.flatMap((event) => (event.kind === "order" ? [event.order] : []));
  const hinted = [...new Set(events.flatMap((event) => (event.kind === "order-hint" ? event.orderRefs : [])))];
  if (hinted.length === 0) return told;
  return [...told, ...(await persist(() => connector.fetchOrders(hinted, context)))];
};

/** As the inbox gives it back. */
const asKept = (delivery: Delivery): Delivery => JSON.parse(JSON.stringify(delivery)) as Delivery;

const newer = (a: OrderSnapshot, b: OrderSnapshot): boolean =>
  a.updatedAt === b.updatedAt ? a.observedAt >= b.observedAt : a.updatedAt > b.updatedAt;

/** The newest view of each order, whatever the order in which views came. */
export const newestOf = (snapshots: readonly OrderSnapshot[]): ReadonlyMap<string, OrderSnapshot> => {
  const newest = new Map<string, OrderSnapshot>();
  for (const snapshot of snapshots) {
    const known = newest.get(snapshot.orderRef);
    if (known === undefined || newer(snapshot, known)) newest.set(snapshot.orderRef, snapshot);
  }
  return newest;
};

/** `SKU hold left back` of each line, by the listings' own names. */
export const linesOf = (snapshot: OrderSnapshot, listings: readonly ImportedListing[]): readonly string[] =>
  snapshot.lines
    .map(({ listingRefs, holdUnits, leftUnits, backUnits }) => {
      const listing = listings.find(({ ref, aliases }) =>
        listingRefs.some((name) => name === ref || aliases.includes(name)),
      );
      return `${listing?.channelSku ?? `unknown ${listingRefs.join(" ")}`} ${holdUnits} ${leftUnits} ${backUnits}`;
    })
    .toSorted();

export const linesOfTruth = (order: OrderTruth): readonly string[] =>
  order.lines
    .map(({ sku, orderedUnits, cancelledUnits, shippedUnits, restockedUnits }) => {
      const open = orderedUnits - cancelledUnits - shippedUnits;
      return `${sku} ${open} ${shippedUnits} ${restockedUnits}`;
    })
    .toSorted();
