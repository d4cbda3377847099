import { type Answer, failed, fulfillmentError } from "./answers.ts";
import type { EbayCredentials } from "./credentials.ts";
import type { Call, Handler } from "./gate.ts";
import { type OrderFilter, parseOrderFilter } from "./order-filter.ts";
import { fulfillmentView, orderView } from "./order-views.ts";
import { type Order, orderStatus } from "./orders.ts";
import { limitAndOffset } from "./paging.ts";
import type { Store } from "./store.ts";

const orderIdsMax = 50;

/** Sell Fulfillment: reading orders. Its `offset` counts RECORDS (channel document §7). */
export const orderHandlers = (deps: {
  readonly store: Store;
  readonly credentials: EbayCredentials;
}): Readonly<Record<string, Handler>> => {
  const { store } = deps;
  const { world } = store;
  const view = (call: Call, order: Order, withRequests: boolean): unknown =>
    orderView(order, { ...deps.credentials, nowMs: store.now(), withRequests, origin: call.origin });

  const getOrders = (call: Call): Answer => {
    const refuse = (answer: Answer, what: string): Answer => {
      call.complain(what);
      return answer;
    };
    complainOfFieldGroups(call);
    const ids = call.query.get("orderIds")?.split(",");
    if (ids !== undefined) {
      if (ids.length > orderIdsMax) {
        return refuse(
          failed(400, fulfillmentError(30900, "Exceeded maximum number of order IDs.")),
          `${ids.length} orderIds`,
        );
      }
      const orders = [...new Set(ids)].flatMap((id) => world.orders.get(id) ?? []);
      return listed(
        call,
        orders.map((order) => view(call, order, false)),
        { limit: orderIdsMax, offset: 0, total: orders.length },
      );
    }
    const { limit, offset } = limitAndOffset(call.query, { limitDefault: 50, limitMax: 200 });
    if (limit === undefined)
      return refuse(failed(400, fulfillmentError(31100, "Invalid limit.")), "limit out of bounds");
    if (offset === undefined)
      return refuse(failed(400, fulfillmentError(31000, "Invalid offset.")), "offset out of bounds");
    const filter = parseOrderFilter(call.query.get("filter"), call.rawQuery, store.now());
    if (!filter.ok) return refuse(filter.answer, `filter ${call.query.get("filter")}`);
    const { orders, total } = find(filter.value, limit, offset);
    return listed(
      call,
      orders.map((order) => view(call, order, false)),
      { limit, offset, total },
    );
  };

  const find = (filter: OrderFilter, limit: number, offset: number) => {
    const nowMs = store.now();
    const index = filter.by === "creation" ? world.byCreation : world.byModification;
    const { start, end } = index.bounds(filter.fromMs, Math.min(filter.toMs, nowMs));
    // Nothing is modified before it is visible, so that this window needs no second look.
    if (filter.by === "modification" && filter.statuses === undefined) {
      return { orders: index.slice(start + offset, Math.min(start + offset + limit, end)), total: end - start };
    }
    const matching = index
      .slice(start, end)
      .filter((order) => order.visibleAtMs <= nowMs && (filter.statuses?.has(orderStatus(order)) ?? true));
    return { orders: matching.slice(offset, offset + limit), total: matching.length };
  };

  const withOrder = (answer: (call: Call, order: Order) => Answer): Handler => ({
    needs: "orders-read",
    handle: (call) => {
      const orderId = call.path["orderId"] ?? "";
      const order = world.orders.get(orderId);
      if (order === undefined) return failed(404, fulfillmentError(32100, "Invalid order ID.", orderId));
      return answer(call, order);
    },
  });

  return {
    getOrders: { needs: "orders-read", handle: getOrders },
    getOrder: withOrder((call, order) => {
      complainOfFieldGroups(call);
      return { status: 200, body: view(call, order, true) };
    }),
    getShippingFulfillments: withOrder((_call, order) => ({
      status: 200,
      body: { total: order.fulfillments.length, fulfillments: order.fulfillments.map(fulfillmentView) },
    })),
  };
};

const complainOfFieldGroups = (call: Call): void => {
  if (call.query.has("fieldGroups")) call.complain("asks for a breakdown of the buyer's taxes");
};

const listed = (
  call: Call,
  orders: readonly unknown[],
  page: { readonly limit: number; readonly offset: number; readonly total: number },
): Answer => {
  const href = (offset: number): string => {
    const query = new URLSearchParams(call.query);
    query.set("limit", String(page.limit));
    query.set("offset", String(offset));
    return `${call.origin}/sell/fulfillment/v1/order?${query.toString()}`;
  };
  const { limit, offset, total } = page;
  return {
    status: 200,
    body: {
      href: href(offset),
      total,
      limit,
      offset,
      orders,
      ...(offset + limit < total ? { next: href(offset + limit) } : {}),
      ...(offset > 0 ? { prev: href(Math.max(0, offset - limit)) } : {}),
    },
  };
};
