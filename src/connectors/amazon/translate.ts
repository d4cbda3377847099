import type { z } from "zod";
import type { Json } from "../../core/digest.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ChannelEvent, Delivery } from "../connector.ts";
import {
  feedDoneTopic,
  ListingChange,
  listingChangeTopics,
  OrderChange,
  orderChangeTopic,
  QuantityChange,
  quantityChangeTopic,
  reportDoneTopic,
  WorkDone,
} from "./envelope.ts";
import { isKnownType } from "./notification-types.ts";
import { isStated, listedState, type StatedOrder, snapshotOf } from "./order-lines.ts";
import { PolledOrder, polledOrderTopic, UnreadableOrder } from "./polled-order.ts";
import { listingRef, merchantCode } from "./refs.ts";

const stored = <Schema extends z.ZodType>(schema: Schema, payload: Json, topic: string): z.output<Schema> => {
  const parsed = schema.safeParse(payload);
  if (parsed.success) return parsed.data;
  throw new ChannelError({
    kind: "permanent",
    message: `a stored ${topic} delivery is not in the shape that was kept`,
  });
};

const translatePolled = (payload: Json): readonly ChannelEvent[] => {
  const odd = UnreadableOrder.safeParse(payload);
  if (odd.success) {
    const { orderId, unreadable } = odd.data;
    throw new ChannelError({ kind: "permanent", message: `order ${orderId} is not as documented: ${unreadable}` });
  }
  const { order, observedAt } = stored(PolledOrder, payload, polledOrderTopic);
  // Without its state an order must not count as pending (§13.14): ask for it by itself.
  if (!isStated(order)) return [{ kind: "order-hint", orderRefs: [order.orderId] }];
  return [{ kind: "order", order: snapshotOf(order, observedAt) }];
};

/** The notification in the shape of the order list, so that one rule decides about both. */
const asListed = (change: OrderChange): StatedOrder => ({
  orderId: change.orderId,
  createdTime: change.purchasedAt ?? change.changedAt ?? change.eventAt,
  lastUpdatedTime: change.changedAt ?? change.eventAt,
  salesChannel: { channelName: "AMAZON" },
  fulfillment: {
    fulfillmentStatus: listedState(change.state),
    fulfilledBy: change.fulfillmentType === "MFN" ? "MERCHANT" : "AMAZON",
  },
  orderItems: change.items.map((item) => ({
    orderItemId: item.itemId,
    quantityOrdered: item.units,
    product: item.sku === null ? {} : { sellerSku: item.sku },
    ...(item.shippedUnits === null ? {} : { fulfillment: { quantityFulfilled: item.shippedUnits } }),
  })),
});

const translateOrderChange = (payload: Json): readonly ChannelEvent[] => {
  const change = stored(OrderChange, payload, orderChangeTopic);
  const order = asListed(change);
  const isWhole = change.level === "OrderLevel";
  // Which units have gone is not told by every partial shipment.
  const isVague =
    order.fulfillment.fulfillmentStatus === "PARTIALLY_SHIPPED" &&
    change.items.some((item) => item.shippedUnits === null);
  if (!isWhole || isVague) return [{ kind: "order-hint", orderRefs: [change.orderId] }];
  return [{ kind: "order", order: snapshotOf(order, change.eventAt) }];
};

const translateQuantityChange = (payload: Json): readonly ChannelEvent[] => {
  // Also echoes our own writes and Amazon's decrement for a sale (§11): a reason to look, never to write.
  const { sku, channelCode, units, eventAt } = stored(QuantityChange, payload, quantityChangeTopic);
  return [{ kind: "stock-hint", listingRef: listingRef(sku, channelCode), units, at: eventAt }];
};

/**
 * A stored delivery's meaning. Pure.
 * Errors: `ChannelError` (permanent) for an order that could not be read, a payload that is not ours, and a type that
 * nobody knows: all dead letters, which hold up nobody else.
 */
export const translate = (delivery: Delivery): readonly ChannelEvent[] => {
  switch (delivery.topic) {
    case polledOrderTopic:
      return translatePolled(delivery.payload);
    case orderChangeTopic:
      return translateOrderChange(delivery.payload);
    case quantityChangeTopic:
      return translateQuantityChange(delivery.payload);
    case feedDoneTopic:
    case reportDoneTopic: {
      const { id, state } = stored(WorkDone, delivery.payload, delivery.topic);
      return [{ kind: "ignored", reason: `${id} is ${state}: it is read when it is next asked for` }];
    }
    case "FBA_INVENTORY_AVAILABILITY_CHANGES":
      return [{ kind: "ignored", reason: "stock that lies with Amazon is read as a whole" }];
    default:
      return translateOther(delivery);
  }
};

const translateOther = ({ topic, payload }: Delivery): readonly ChannelEvent[] => {
  if (listingChangeTopics.has(topic)) {
    const { sku, eventAt } = stored(ListingChange, payload, topic);
    return [{ kind: "stock-hint", listingRef: listingRef(sku, merchantCode), units: null, at: eventAt }];
  }
  if (isKnownType(topic)) {
    return [{ kind: "ignored", reason: `${topic} says nothing about orders or merchant stock` }];
  }
  // Amazon adds types; somebody has subscribed to this one, and a person should know why (§13.24).
  throw new ChannelError({ kind: "permanent", message: `notification type ${topic} is not known` });
};
