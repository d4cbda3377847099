import { assertNever, ChannelError } from "../../core/failure.ts";
import type { ChannelEvent, Delivery, OrderLine, OrderSnapshot } from "../connector.ts";
import type { ShopifySettings } from "../settings.ts";
import { levelRef } from "./level-ref.ts";
import { type LineProjection, type OrderProjection, Projection } from "./projection.ts";

/** The configured locations; levels of other ones are not ours. Without any the shop has only one. */
type Configured = Pick<ShopifySettings, "locationGid" | "furtherLocationGids">;

/** The meaning of a stored delivery. Pure. Throws ChannelError (permanent) for a payload this connector never wrote. */
export const translate = (delivery: Delivery, configured: Configured): readonly ChannelEvent[] => {
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
      return stockHints(payload, configured);
    case "privacy":
      return [{ kind: "privacy", topic: delivery.topic }];
    case "ignored":
      return [{ kind: "ignored", reason: payload.reason }];
    default:
      return assertNever(payload);
  }
};

/** An item as a whole (no location told) may have changed at each of ours. */
const stockHints = (
  { inventoryItemGid: itemGid, locationGid, units, at }: Extract<Projection, { kind: "stock-hint" }>,
  { locationGid: main, furtherLocationGids = [] }: Configured,
): readonly ChannelEvent[] => {
  if (main === undefined) return [{ kind: "stock-hint", listingRef: itemGid, units, at }];
  const touched = [main, ...furtherLocationGids].filter((gid) => locationGid === null || gid === locationGid);
  if (touched.length === 0) return [{ kind: "ignored", reason: "a level at another location" }];
  return touched.map((gid) => {
    const listingRef = levelRef({ itemGid, locationGid: gid }, main);
    return { kind: "stock-hint", listingRef, units, at };
  });
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
