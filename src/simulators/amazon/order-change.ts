import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import { toIso } from "../../core/clock.ts";
import type { AmazonAccount } from "./account.ts";
import type { Identifiers } from "./identifiers.ts";
import { canary } from "./order-views.ts";
import { type Order, orderStatus } from "./orders.ts";
import { spelling } from "./orders-v0-api.ts";
import type { Subscription } from "./world.ts";

export type OrderChangeWriter = (order: Order, subscription: Subscription, nowMs: number) => string;

/**
 * Writes ORDER_CHANGE 1.0 messages about an order as it is now. Each is checked against Amazon's schema, and one that
 * breaks it is a fault of this simulator: it throws.
 */
export const createOrderChangeWriter = (account: AmazonAccount, identifiers: Identifiers): OrderChangeWriter => {
  const check = compileSchema();
  return (order, subscription, nowMs) => {
    const message = {
      NotificationVersion: "1.0",
      NotificationType: "ORDER_CHANGE",
      PayloadVersion: "1.0",
      EventTime: toIso(nowMs),
      Payload: { OrderChangeNotification: renderChange(order, account) },
      NotificationMetadata: {
        ApplicationId: account.clientId,
        SubscriptionId: subscription.subscriptionId,
        PublishTime: toIso(nowMs),
        NotificationId: identifiers.uuid(
          `notification:${subscription.subscriptionId}:${order.orderId}:${order.changes}`,
        ),
      },
    };
    if (!check(message)) throw new Error(`ORDER_CHANGE breaks its own schema: ${JSON.stringify(check.errors)}`);
    return JSON.stringify(message);
  };
};

const renderChange = (order: Order, account: AmazonAccount) => {
  const status = orderStatus(order);
  const known = status !== "PENDING" && status !== "CANCELLED";
  return {
    NotificationLevel: "OrderLevel",
    SellerId: account.sellerId,
    AmazonOrderId: order.orderId,
    OrderChangeType: "OrderStatusChange",
    OrderChangeTrigger: {
      TimeOfOrderChange: toIso(order.updatedMs),
      ChangeReason: status === "CANCELLED" ? "Order canceled" : "Order status change",
    },
    Summary: {
      MarketplaceId: account.marketplaceId,
      OrderStatus: spelling[status],
      PurchaseDate: toIso(order.createdMs),
      // The buyer's, and told although nobody asked: must never be kept (channel document §5).
      DestinationPostalCode: known ? `97477-${canary(order)}` : null,
      FulfillmentType: order.fulfilledBy === "channel" ? "AFN" : "MFN",
      OrderType: "StandardOrder",
      // Both are 0 while an order is pending: useless for reserving (channel document §8).
      NumberOfItemsShipped: order.items.reduce((sum, item) => sum + item.shippedUnits, 0),
      NumberOfItemsUnshipped: known
        ? order.items.reduce((sum, item) => sum + item.orderedUnits - item.cancelledUnits - item.shippedUnits, 0)
        : 0,
      OrderItems: order.items.map((item) => ({
        OrderItemId: item.lineId,
        SellerSKU: item.sku,
        SupplySourceId: null,
        // A wholly cancelled order is told with its old quantities.
        Quantity: status === "CANCELLED" ? item.orderedUnits : item.orderedUnits - item.cancelledUnits,
        QuantityShipped: item.shippedUnits,
        IsBuyerRequestedCancel: item.cancelledUnits > 0,
      })),
    },
  };
};

const schemaFile = new URL(
  "../../../contracts/amazon/schemas/notifications/OrderChangeNotification.json",
  import.meta.url,
);

const compileSchema = () => {
  // Its nested `$id`s are notes for people and clash with each other as names.
  const schema = JSON.parse(readFileSync(schemaFile, "utf8"), (key, value: unknown) =>
    key === "$id" || key === "$schema" ? undefined : value,
  ) as object;
  return new Ajv({ strict: false, allErrors: true }).compile(schema);
};
