import { toIso } from "../../core/clock.ts";
import { type Answer, invalidInput, notFound, ok } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import { canary } from "./order-views.ts";
import { type Order, type OrderItem, type OrderStatus, openUnits, orderStatus } from "./orders.ts";
import { collect, list, type OrdersDeps, upperBound } from "./orders-api.ts";
import { filtersOf, readPage, writePage } from "./page-token.ts";

const pageSizeMax = 100;
const tokenLifeMs = 24 * 3_600_000;

/** Orders v0 spells the states its own way (channel document §8). */
export const spelling: Readonly<Record<OrderStatus, string>> = {
  PENDING: "Pending",
  UNSHIPPED: "Unshipped",
  PARTIALLY_SHIPPED: "PartiallyShipped",
  SHIPPED: "Shipped",
  CANCELLED: "Canceled",
};

/** Orders v0, whose read operations end on 2027-03-27: the list, one order, and an order's items apart from it. */
export const ordersV0Handlers = (deps: OrdersDeps): Readonly<Record<string, Handler>> => ({
  "v0.getOrders": { audience: "seller", handle: (call) => getOrders(deps, call) },
  "v0.getOrder": {
    audience: "seller",
    handle: (call) => {
      const order = visible(deps, call);
      return order === undefined
        ? notFound("The requested order does not exist.")
        : ok({ payload: render(deps, order) });
    },
  },
  "v0.getOrderItems": {
    audience: "seller",
    handle: (call) => {
      const order = visible(deps, call);
      if (order === undefined) return notFound("The requested order does not exist.");
      const OrderItems = order.items.map((item) => renderItem(deps, order, item));
      return ok({ payload: { AmazonOrderId: order.orderId, OrderItems } });
    },
  },
});

const visible = (deps: OrdersDeps, call: Call): Order | undefined => {
  const order = deps.world.orders.get(call.path["orderId"] ?? "");
  return order === undefined || order.visibleAtMs > deps.nowMs() ? undefined : order;
};

const getOrders = (deps: OrdersDeps, call: Call): Answer => {
  const { query } = call;
  const by = query.has("LastUpdatedAfter") ? "LastUpdated" : "Created";
  const after = query.get(`${by}After`);
  if (after === null || (by === "LastUpdated" && (query.has("CreatedAfter") || query.has("CreatedBefore")))) {
    return invalidInput("Exactly one of CreatedAfter and LastUpdatedAfter is required");
  }
  const size = Number(query.get("MaxResultsPerPage") ?? pageSizeMax);
  if (size < 1 || size > pageSizeMax) return invalidInput("MaxResultsPerPage must be between 1 and 100");
  const bound = upperBound(deps, query.get(`${by}Before`), Date.parse(after));
  if (typeof bound !== "number") return bound;
  const filters = filtersOf(query, ["NextToken"]);
  const token = query.get("NextToken");
  const page =
    token === null ? undefined : readPage(token, { filters, nowMs: deps.nowMs(), lifeMs: tokenLifeMs / deps.speedUp });
  if (token !== null && page === undefined) return invalidInput("Invalid NextToken");
  const beforeMs = page?.beforeMs ?? bound;
  const found = collect(deps, {
    by: by === "LastUpdated" ? "lastUpdated" : "created",
    afterMs: Date.parse(after),
    beforeMs,
    size,
    page,
    wanted: wantedBy(deps, query),
  });
  const issuedAtMs = page?.issuedAtMs ?? deps.nowMs();
  return ok({
    payload: {
      Orders: found.orders.map((order) => render(deps, order)),
      [`${by}Before`]: toIso(beforeMs),
      ...(found.nextAt === undefined
        ? {}
        : { NextToken: writePage({ filters, at: found.nextAt, beforeMs, issuedAtMs }) }),
    },
  });
};

const wantedBy = (deps: OrdersDeps, query: URLSearchParams): ((order: Order) => boolean) => {
  const nowMs = deps.nowMs();
  const statuses = new Set(list(query, "OrderStatuses"));
  const channels = new Set(list(query, "FulfillmentChannels"));
  const isElsewhere = !list(query, "MarketplaceIds").includes(deps.account.marketplaceId);
  return (order) =>
    !isElsewhere &&
    order.visibleAtMs <= nowMs &&
    (statuses.size === 0 || statuses.has(spelling[orderStatus(order)])) &&
    (channels.size === 0 || channels.has(channelOf(order)));
};

const channelOf = (order: Order): "AFN" | "MFN" => (order.fulfilledBy === "channel" ? "AFN" : "MFN");

/** Without a restricted token the buyer is left out, but for one address that always comes (channel document §5). */
const render = (deps: OrdersDeps, order: Order): Record<string, unknown> => {
  const status = orderStatus(order);
  const isPending = status === "PENDING";
  return {
    AmazonOrderId: order.orderId,
    PurchaseDate: toIso(order.createdMs),
    LastUpdateDate: toIso(order.updatedMs),
    OrderStatus: spelling[status],
    FulfillmentChannel: channelOf(order),
    SalesChannel: "Amazon.com",
    MarketplaceId: deps.account.marketplaceId,
    // Both 0 while pending: useless for reserving (channel document §8).
    NumberOfItemsShipped: isPending ? 0 : order.items.reduce((sum, { shippedUnits }) => sum + shippedUnits, 0),
    NumberOfItemsUnshipped: isPending ? 0 : order.items.reduce((sum, item) => sum + openUnits(item), 0),
    DefaultShipFromLocationAddress: { Name: `Jo ${canary(order)}`, AddressLine1: `${canary(order)} Street` },
  };
};

const renderItem = (deps: OrdersDeps, order: Order, item: OrderItem): Record<string, unknown> => ({
  ASIN: deps.identifiers.asin(item.sku),
  OrderItemId: item.lineId,
  SellerSKU: item.sku,
  QuantityOrdered: item.orderedUnits - item.cancelledUnits,
  QuantityShipped: item.shippedUnits,
  BuyerRequestedCancel: {
    IsBuyerRequestedCancel: String(item.cancelledUnits > 0),
    BuyerCancelReason: `because ${canary(order)}`,
  },
});
