import { assertNever, ChannelError } from "../../core/failure.ts";
import type { ChannelEvent, Delivery, OrderLine, OrderSnapshot } from "../connector.ts";
import { type LineProjection, type OrderProjection, Projection } from "./projection.ts";

/**
 * The meaning of a stored delivery. Pure. `locationGid`: the configured location; levels of other ones are not ours.
 * Throws ChannelError (permanent) for a payload this connector never wrote.
 */
export const translate = (delivery: Delivery, locationGid: string | undefined): readonly ChannelEvent[] => {
  const parsed = Projection.safeParse(delivery.payload);
  if (!parsed.success) {
    throw new ChannelError({ kind: "permanent", message: `a ${delivery.topic} delivery without a known projection` });
  }
  const payload = parsed.data;
  switch (payload.kind) {
    case "order":
      return [{ kind: "order", order: snapshotOf(payload) }];
    case "order-hint":
      return [{ kind: "order-hint", orderRefs: payload.orderRefs }];
    case "stock-hint":
      if (locationGid !== undefined && payload.locationGid !== null && payload.locationGid !== locationGid) {
        return [{ kind: "ignored", reason: "a level at another location" }];
      }
      return [{ kind: "stock-hint", listingRef: payload.inventoryItemGid, units: payload.units, at: payload.at }];
    case "privacy":
      return [{ kind: "privacy", topic: delivery.topic }];
    case "ignored":
      return [{ kind: "ignored", reason: payload.reason }];
    default:
      return assertNever(payload);
  }
};

export const snapshotOf = (order: OrderProjection): OrderSnapshot => ({
  orderRef: order.orderRef,
  fulfilledBy: "merchant",
  channelState: order.state,
  createdAt: order.createdAt,
  updatedAt: order.updatedAt,
  observedAt: order.observedAt,
  lines: order.lines.map((line) => orderLineOf(line, order.cancelled)),
});

/**
 * Cumulative truth of a line (channel document §6). `current` leaves out what was refunded or removed, so of it the
 * unfulfilled part is still held and the rest has left. Refunded units left too, unless they were cancelled before
 * leaving; those restocked after leaving came back. An order edit shows in `current` alone. A refund without restock
 * counts as left even before shipping: the merchant said the units are not for sale, and Shopify does not sell them.
 * `cancelledAt` only ends the holding; what came back is told by the restocks.
 */
const orderLineOf = (line: LineProjection, cancelled: boolean): OrderLine => {
  const openUnits = Math.min(line.unfulfilledUnits, line.currentUnits);
  const holdUnits = cancelled ? 0 : openUnits;
  const goneUnits = line.currentUnits - openUnits + line.returnedUnits + line.unrestockedUnits;
  const leftUnits = Math.min(goneUnits, line.orderedUnits - holdUnits);
  return {
    lineRef: line.lineRef,
    listingRefs: line.listingRefs,
    channelSku: line.sku,
    holdUnits,
    leftUnits,
    backUnits: Math.min(line.returnedUnits, leftUnits),
  };
};
