import type { OrderTruth } from "../kit/simulator.ts";

export type OrderLine = {
  readonly lineId: string;
  readonly sku: string;
  readonly channelSku: string | null;
  readonly variationId: string | undefined;
  readonly offerId: string;
  readonly listingId: string;
  readonly title: string;
  readonly priceCents: number;
  readonly orderedUnits: number;
  cancelledUnits: number;
  shippedUnits: number;
};

export type Fulfillment = { readonly fulfillmentId: string; readonly atMs: number; readonly lines: Lines };
export type Lines = readonly { readonly lineId: string; readonly units: number }[];
export type Return = {
  readonly returnId: string;
  readonly lineId: string;
  readonly units: number;
  readonly openedMs: number;
  closed: boolean;
};
type Cancellation = { readonly cancelId: string; readonly atMs: number };

export type Order = {
  readonly orderId: string;
  /** Running number from 1; names the buyer's canary texts. */
  readonly number: number;
  readonly reference: string;
  readonly createdMs: number;
  /** From when order searches find it. Reading it by its id works at once. */
  readonly visibleAtMs: number;
  /** Never before `visibleAtMs`, so that a poll that reads up to a little before now meets it. */
  modifiedMs: number;
  readonly lines: readonly OrderLine[];
  cancellation: Cancellation | undefined;
  readonly fulfillments: Fulfillment[];
  readonly returns: Return[];
};

export type FulfillmentStatus = "NOT_STARTED" | "IN_PROGRESS" | "FULFILLED";

export const openUnits = (line: OrderLine): number => line.orderedUnits - line.cancelledUnits - line.shippedUnits;

export const lineStatus = (line: OrderLine): FulfillmentStatus => {
  if (line.shippedUnits === 0) return "NOT_STARTED";
  return line.shippedUnits < line.orderedUnits ? "IN_PROGRESS" : "FULFILLED";
};

export const orderStatus = (order: Order): FulfillmentStatus => {
  const statuses = new Set(order.lines.map(lineStatus));
  const [only] = statuses;
  return statuses.size === 1 && only !== undefined ? only : "IN_PROGRESS";
};

export const lineOf = (order: Order, lineId: string): OrderLine => {
  const line = order.lines.find((candidate) => candidate.lineId === lineId);
  if (line === undefined) throw new Error(`order ${order.orderId} has no line ${lineId}`);
  return line;
};

export const orderTruth = (order: Order): OrderTruth => ({
  orderId: order.orderId,
  reference: order.reference,
  atMs: order.createdMs,
  listedAtMs: order.visibleAtMs,
  // Nothing that left comes back to sale by itself on this channel, returned or not (channel document §7).
  lines: order.lines.map(({ lineId, sku, orderedUnits, cancelledUnits, shippedUnits }) => ({
    lineId,
    sku,
    orderedUnits,
    cancelledUnits,
    shippedUnits,
    restockedUnits: 0,
  })),
});
