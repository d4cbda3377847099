import { z } from "zod";
import { fingerprint, type Json } from "../../core/digest.ts";
import type { Delivery } from "../connector.ts";
import { Order } from "./schemas.ts";

export const polledOrderTopic = "poll:order";

/** A polled order as the inbox keeps it. */
export const PolledOrder = z.object({ order: Order, observedAt: z.string() });

/** An order in a shape we do not know: kept for a person, by its number and what is wrong with it. */
export const UnreadableOrder = z.object({ orderId: z.string(), unreadable: z.string() });

/** Plain JSON of a parsed value: absent optional keys vanish. */
export const asJson = (value: object): Json => z.json().parse(JSON.parse(JSON.stringify(value)));

/**
 * An order row of Amazon's as a delivery. The same view always has the same id, so overlapping polls are absorbed:
 * `observedAt` (ISO, when we asked) is kept beside the order and not part of it.
 */
export const deliveryOf = (row: unknown, observedAt: string): Delivery => {
  const parsed = Order.safeParse(row);
  if (parsed.success) {
    const order = parsed.data;
    const id = `order:${order.orderId}:${order.lastUpdatedTime}:${fingerprint(order).slice(0, 16)}`;
    return { id, topic: polledOrderTopic, payload: asJson({ order, observedAt }), sourceAt: order.lastUpdatedTime };
  }
  return unreadableOrder(row, parsed.error.issues.map(({ path, code }) => `${path.join(".")} (${code})`).join(", "));
};

const NamedRow = z.union([
  z.object({ orderId: z.string() }).transform(({ orderId }) => orderId),
  z.object({ AmazonOrderId: z.string() }).transform(({ AmazonOrderId }) => AmazonOrderId),
]);

/** A row that nobody understood, for a person: its number and what is wrong with it, never its text. */
export const unreadableOrder = (row: unknown, unreadable: string): Delivery => {
  const orderId = NamedRow.safeParse(row).data ?? "unknown";
  const id = `order:${orderId}:unreadable:${fingerprint(row).slice(0, 16)}`;
  return { id, topic: polledOrderTopic, payload: { orderId, unreadable }, sourceAt: null };
};
