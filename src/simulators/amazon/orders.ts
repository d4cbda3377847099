import type { OrderTruth, SaleLine } from "../kit/simulator.ts";

export type OrderStatus = "PENDING" | "UNSHIPPED" | "PARTIALLY_SHIPPED" | "SHIPPED" | "CANCELLED";

export type OrderItem = {
  readonly lineId: string;
  readonly sku: string;
  readonly orderedUnits: number;
  cancelledUnits: number;
  shippedUnits: number;
};

export type Order = {
  readonly orderId: string;
  /** Running number from 1; names the buyer's canary texts. */
  readonly number: number;
  readonly reference: string;
  readonly fulfilledBy: "merchant" | "channel";
  readonly createdMs: number;
  /** From when the order list and getOrder show it. */
  readonly visibleAtMs: number;
  readonly items: readonly OrderItem[];
  updatedMs: number;
  /** The payment has cleared. */
  paid: boolean;
  /** How often it has changed; names its notifications. */
  changes: number;
};

export const openUnits = (item: OrderItem): number => item.orderedUnits - item.cancelledUnits - item.shippedUnits;

export const orderStatus = (order: Order): OrderStatus => {
  const open = order.items.reduce((sum, item) => sum + openUnits(item), 0);
  const shipped = order.items.reduce((sum, item) => sum + item.shippedUnits, 0);
  if (open === 0) return shipped === 0 ? "CANCELLED" : "SHIPPED";
  if (shipped > 0) return "PARTIALLY_SHIPPED";
  return order.paid ? "UNSHIPPED" : "PENDING";
};

/** Amazon never puts a return back on sale by itself: nothing is ever restocked here (channel document §8). */
export const saleLines = (order: Order): readonly SaleLine[] =>
  order.items.map(({ lineId, sku, orderedUnits, cancelledUnits, shippedUnits }) => ({
    lineId,
    sku,
    orderedUnits,
    cancelledUnits,
    shippedUnits,
    restockedUnits: 0,
  }));

export const orderTruth = (order: Order): OrderTruth => ({
  orderId: order.orderId,
  reference: order.reference,
  atMs: order.createdMs,
  listedAtMs: order.visibleAtMs,
  lines: saleLines(order),
});
