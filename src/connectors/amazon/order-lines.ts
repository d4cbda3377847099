import type { OrderLine, OrderSnapshot } from "../connector.ts";
import { amazonAlias, listingRef, merchantAlias, merchantCode } from "./refs.ts";
import type { Order, OrderItem } from "./schemas.ts";

/** An order whose state is known. */
export type StatedOrder = Order & { readonly fulfillment: NonNullable<Order["fulfillment"]> };

export const isStated = (order: Order): order is StatedOrder => order.fulfillment !== undefined;

/** `PartiallyShipped` → `PARTIALLY_SHIPPED`; v0's and notifications' `Canceled` → the order list's `CANCELLED` (§8). */
export const listedState = (state: string): string => {
  const listed = state.replace(/(?<=[a-z])(?=[A-Z])/g, "_").toUpperCase();
  return listed === "CANCELED" ? "CANCELLED" : listed;
};

/**
 * What an item should have done to stock by now (§8). Everything sold and neither gone nor cancelled holds, a pending
 * order too, because Amazon has taken it off the listing already (§0.4); an unknown state holds as well.
 */
const unitsOf = (state: string, item: OrderItem): Pick<OrderLine, "holdUnits" | "leftUnits"> => {
  const ordered = item.quantityOrdered;
  const fulfilled = item.fulfillment?.quantityFulfilled;
  switch (state) {
    case "CANCELLED":
    case "UNFULFILLABLE":
      return { holdUnits: 0, leftUnits: Math.min(fulfilled ?? 0, ordered) };
    case "SHIPPED":
      return { holdUnits: 0, leftUnits: Math.min(fulfilled ?? ordered, ordered) };
    default: {
      const leftUnits = Math.min(fulfilled ?? 0, ordered);
      return { holdUnits: Math.min(ordered - leftUnits, unfulfilledOf(state, item)), leftUnits };
    }
  }
};

/**
 * Units still to ship as far as Amazon counts them: below `ordered − fulfilled` when a part was cancelled. Pending
 * orders are not counted yet (zeros), so zeros mean "cancelled" only next to an executed cancellation.
 */
const unfulfilledOf = (state: string, item: OrderItem): number => {
  const { quantityFulfilled = 0, quantityUnfulfilled } = item.fulfillment ?? {};
  const isCounted =
    !state.startsWith("PENDING") &&
    quantityUnfulfilled !== undefined &&
    (quantityFulfilled + quantityUnfulfilled > 0 || item.cancellation?.cancellationExecution !== undefined);
  return isCounted ? quantityUnfulfilled : item.quantityOrdered;
};

/**
 * `AMAZON`: out of Amazon's warehouses. `NON_AMAZON`: Amazon delivers an order of another channel, which reports it
 * itself; ours would count it twice (§8).
 */
const isChannelStock = (order: StatedOrder): boolean =>
  order.fulfillment.fulfilledBy === "AMAZON" || order.salesChannel.channelName === "NON_AMAZON";

/** The order in our words. `observedAt` (ISO): when Amazon showed it so. Returned units are not told here (§8 Returns). */
export const snapshotOf = (order: StatedOrder, observedAt: string): OrderSnapshot => {
  const isOurs = !isChannelStock(order);
  const lines = order.orderItems.map((item): OrderLine => {
    const sku = item.product.sellerSku;
    const names = (known: string): readonly string[] =>
      isOurs ? [listingRef(known, merchantCode), merchantAlias(known)] : [amazonAlias(known)];
    return {
      lineRef: item.orderItemId,
      listingRefs: sku === undefined ? [] : names(sku),
      channelSku: sku ?? null,
      ...unitsOf(order.fulfillment.fulfillmentStatus, item),
      backUnits: 0,
    };
  });
  return {
    orderRef: order.orderId,
    fulfilledBy: isOurs ? "merchant" : "channel",
    channelState: order.fulfillment.fulfillmentStatus,
    createdAt: order.createdTime,
    updatedAt: order.lastUpdatedTime,
    observedAt,
    lines,
  };
};
