import { z } from "zod";
import { ChannelError } from "../../core/failure.ts";
import type { ChannelEvent, Delivery, OrderLine, OrderSnapshot } from "../connector.ts";
import { itemAlias, skuRef } from "./details.ts";
import { variationRef } from "./legacy-details.ts";
import { isoUtc, type OrderProjection, PolledOrder, pollTopic, updatedAtOf } from "./order-projection.ts";
import { orderTopics, privacyTopic, returnTopic } from "./topics.ts";

/** A stored delivery's meaning, from its projection alone. Throws `ChannelError` (permanent) when it has none. */
export const translate = (delivery: Delivery): readonly ChannelEvent[] => {
  if (delivery.topic === pollTopic) return [polledOrder(delivery)];
  if (orderTopics.has(delivery.topic) || delivery.topic === returnTopic) return [orderHint(delivery)];
  if (delivery.topic === privacyTopic) return [{ kind: "privacy", topic: delivery.topic }];
  return [{ kind: "ignored", reason: `nothing about stock follows from ${delivery.topic}` }];
};

const polledOrder = (delivery: Delivery): ChannelEvent => {
  const payload = PolledOrder.safeParse(delivery.payload).data;
  if (payload === undefined) throw meaningless(delivery, "its stored projection cannot be read");
  if ("unreadable" in payload) throw meaningless(delivery, `the order cannot be read at ${payload.unreadable}`);
  return { kind: "order", order: snapshotOf(payload.order, payload.observedAt) };
};

const OrderRefs = z.object({ orderRefs: z.array(z.string()) });

/** These messages name orders without SKUs and without their state; the orders must be re-read (§9.2). */
const orderHint = (delivery: Delivery): ChannelEvent => {
  const payload = OrderRefs.safeParse(delivery.payload).data;
  if (payload === undefined) throw meaningless(delivery, "its stored projection cannot be read");
  if (payload.orderRefs.length === 0) return { kind: "ignored", reason: `this ${delivery.topic} names no order` };
  return { kind: "order-hint", orderRefs: payload.orderRefs };
};

/** `observedAt`: ISO, when the request that showed this order was sent. */
export const snapshotOf = (order: OrderProjection, observedAt: string): OrderSnapshot => ({
  orderRef: order.orderId,
  fulfilledBy: "merchant",
  channelState: `${order.orderFulfillmentStatus}, ${order.orderPaymentStatus}, ${cancelWords(order)}`,
  createdAt: isoUtc(order.creationDate),
  updatedAt: updatedAtOf(order),
  observedAt,
  lines: withReturns(
    order.lineItems.map((line) => ({ item: line, line: lineOf(line, order) })),
    order.returned ?? [],
  ),
});

const cancelStateOf = (order: OrderProjection): string => order.cancelStatus?.cancelState ?? "NONE_REQUESTED";

/** The state, and that of each request where eBay tells them. */
const cancelWords = (order: OrderProjection): string => {
  const requests = (order.cancelStatus?.cancelRequests ?? []).flatMap((request) => request.cancelRequestState ?? []);
  return `cancel ${cancelStateOf(order)}${requests.length === 0 ? "" : ` (requests: ${requests.join(", ")})`}`;
};

/**
 * - FULFILLED: the whole line has left; eBay says so as soon as any of its units ships, and no count is told.
 *   It outranks a cancellation: what has left does not come back by itself, and a restock is the merchant's to record.
 * - CANCELED: released. Only whole orders can be cancelled. A cancellation merely requested still holds.
 * - everything else holds, paid or not: eBay took the units off the listing at checkout (§7).
 * Refunds say nothing about stock.
 */
const lineOf = (line: OrderProjection["lineItems"][number], order: OrderProjection): OrderLine => {
  const hasLeft = (line.lineItemFulfillmentStatus ?? order.orderFulfillmentStatus) === "FULFILLED";
  const isReleased = hasLeft || cancelStateOf(order) === "CANCELED";
  return {
    lineRef: line.lineItemId,
    listingRefs: listingRefsOf(line),
    channelSku: line.sku ?? null,
    holdUnits: isReleased ? 0 : line.quantity,
    leftUnits: hasLeft ? line.quantity : 0,
    backUnits: 0,
  };
};

type Lines = readonly { readonly item: OrderProjection["lineItems"][number]; readonly line: OrderLine }[];

/** Returns name item and variation, not the line: units go to the lines that match, no more than have left. */
const withReturns = (lines: Lines, returned: NonNullable<OrderProjection["returned"]>): readonly OrderLine[] => {
  const backUnits = lines.map(() => 0);
  for (const { legacyItemId, legacyVariationId, units } of returned) {
    let open = units;
    for (const [at, { item, line }] of lines.entries()) {
      const isSame =
        item.legacyItemId === legacyItemId &&
        (legacyVariationId === undefined || (item.legacyVariationId ?? legacyVariationId) === legacyVariationId);
      const taken = isSame ? Math.min(open, line.leftUnits - (backUnits[at] ?? 0)) : 0;
      backUnits[at] = (backUnits[at] ?? 0) + taken;
      open -= taken;
    }
  }
  return lines.map(({ line }, at) => ({ ...line, backUnits: backUnits[at] ?? 0 }));
};

/**
 * The SKU first; a line of a listing without SKU is known by its item id, and variation if it has one. A variation that
 * Trading made is known by item and SKU (§10).
 */
const listingRefsOf = ({
  sku,
  legacyItemId,
  legacyVariationId,
}: OrderProjection["lineItems"][number]): readonly string[] => [
  ...(sku ? [skuRef(sku)] : []),
  ...(sku && legacyItemId && legacyVariationId ? [variationRef(legacyItemId, sku)] : []),
  ...(legacyItemId ? [itemAlias(legacyItemId, legacyVariationId ?? undefined)] : []),
];

const meaningless = (delivery: Delivery, reason: string): ChannelError =>
  new ChannelError({ kind: "permanent", message: `delivery ${delivery.id}: ${reason}` });
