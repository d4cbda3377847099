import { ChannelError } from "../../core/failure.ts";
import type { Delivery } from "../connector.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { listedState, type StatedOrder } from "./order-lines.ts";
import { deliveryOf, unreadableOrder } from "./polled-order.ts";
import { OrderAnswerV0, OrderItemsV0, type OrderItemV0, OrdersPageV0, OrderV0 } from "./schemas.ts";

/** The older Orders API, as the fallback of 2026-01-01: every order's items cost a call of their own. */
export const ordersPathV0 = "/orders/v0/orders";

/** As many orders as the quota of their items lets through at once. */
const pageSize = 30;
/** An order with more pages of items than this is a token that goes round in circles. */
const itemPagesMax = 50;

const itemsOf = async (client: AmazonClient, orderId: string, signal: AbortSignal): Promise<readonly OrderItemV0[]> => {
  const items: OrderItemV0[] = [];
  let token: string | undefined;
  for (let page = 0; page < itemPagesMax; page += 1) {
    const path = `${ordersPathV0}/${encodeURIComponent(orderId)}/orderItems`;
    const answer = await client.call(
      { operation: "getOrderItems", method: "GET", path, query: { NextToken: token } },
      signal,
    );
    const { payload } = parseAnswer(OrderItemsV0, answer.data, "getOrderItems");
    items.push(...payload.OrderItems);
    token = payload.NextToken;
    if (token === undefined || token === "") return items;
  }
  throw new ChannelError({ kind: "permanent", message: `the items of order ${orderId} have no last page` });
};

/** The order in the shape of the newer list, so that one rule decides about both. Nothing about the buyer is taken. */
const asListed = (order: OrderV0, items: readonly OrderItemV0[]): StatedOrder => ({
  orderId: order.AmazonOrderId,
  createdTime: order.PurchaseDate,
  lastUpdatedTime: order.LastUpdateDate,
  salesChannel: { channelName: /^non-amazon/i.test(order.SalesChannel ?? "") ? "NON_AMAZON" : "AMAZON" },
  fulfillment: {
    fulfillmentStatus: listedState(order.OrderStatus),
    ...(order.FulfillmentChannel === undefined
      ? {}
      : { fulfilledBy: order.FulfillmentChannel === "AFN" ? "AMAZON" : "MERCHANT" }),
  },
  orderItems: items.map((item) => ({
    orderItemId: item.OrderItemId,
    quantityOrdered: item.QuantityOrdered,
    product: item.SellerSKU === undefined ? {} : { sellerSku: item.SellerSKU },
    ...(item.QuantityShipped === undefined ? {} : { fulfillment: { quantityFulfilled: item.QuantityShipped } }),
  })),
});

/** A row of the list with its items. One that cannot be read is kept for a person and holds up nobody (§13.26). */
const deliveryOfRow = async (
  client: AmazonClient,
  row: unknown,
  observedAt: string,
  signal: AbortSignal,
): Promise<Delivery> => {
  const parsed = OrderV0.safeParse(row);
  if (!parsed.success) {
    return unreadableOrder(row, parsed.error.issues.map(({ path, code }) => `${path.join(".")} (${code})`).join(", "));
  }
  try {
    return deliveryOf(asListed(parsed.data, await itemsOf(client, parsed.data.AmazonOrderId, signal)), observedAt);
  } catch (error) {
    if (!(error instanceof ChannelError) || error.kind !== "permanent") throw error;
    return unreadableOrder(row, `its items: ${error.message}`);
  }
};

export type OrdersQueryV0 = {
  readonly lastUpdatedAfter: string;
  readonly marketplaceIds: readonly string[];
  readonly token: string | undefined;
};

/**
 * One page of orders changed since then, with their items. No upper bound is sent: Amazon's own clock sets it (§13.9).
 * Errors: `ChannelError`.
 */
export const searchOrdersV0 = async (client: AmazonClient, query: OrdersQueryV0, signal: AbortSignal) => {
  const answer = await client.call(
    {
      operation: "getOrders",
      method: "GET",
      path: ordersPathV0,
      query: {
        LastUpdatedAfter: query.lastUpdatedAfter,
        MarketplaceIds: query.marketplaceIds,
        FulfillmentChannels: ["MFN"],
        MaxResultsPerPage: String(pageSize),
        NextToken: query.token,
      },
    },
    signal,
  );
  const { payload } = parseAnswer(OrdersPageV0, answer.data, "getOrders");
  const items: Delivery[] = [];
  for (const row of payload.Orders) items.push(await deliveryOfRow(client, row, answer.sentAt, signal));
  return { items, token: payload.NextToken, lastUpdatedBefore: payload.LastUpdatedBefore, sentAt: answer.sentAt };
};

/** One order as it is now. Errors: `ChannelError`; permanent NotFound when Amazon does not know it. */
export const fetchOrderV0 = async (
  client: AmazonClient,
  orderId: string,
  signal: AbortSignal,
): Promise<{ readonly order: StatedOrder; readonly observedAt: string }> => {
  const path = `${ordersPathV0}/${encodeURIComponent(orderId)}`;
  const answer = await client.call({ operation: "getOrderV0", method: "GET", path }, signal);
  const order = parseAnswer(OrderV0, parseAnswer(OrderAnswerV0, answer.data, "getOrder").payload, "getOrder");
  return { order: asListed(order, await itemsOf(client, orderId, signal)), observedAt: answer.sentAt };
};
