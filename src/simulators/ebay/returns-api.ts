import { toIso } from "../../core/clock.ts";
import type { Answer } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import { money } from "./inventory-views.ts";
import { lineOf, type Order, type Return } from "./orders.ts";
import type { Store } from "./store.ts";

const limitDefault = 25;
const historyMs = 90 * 86_400_000;

/** Post-Order's return search: by order, or by the time of opening within 90 days; `offset` counts pages from 1. */
export const returnHandlers = ({ store }: { readonly store: Store }): Readonly<Record<string, Handler>> => {
  const search = ({ query }: Call): Answer => {
    const toMs = Date.parse(query.get("creation_date_range_to") ?? toIso(store.now()));
    const fromMs = Date.parse(query.get("creation_date_range_from") ?? toIso(toMs - historyMs));
    const orderId = query.get("order_id");
    const all = [...store.world.orders.values()]
      .filter((order) => orderId === null || order.orderId === orderId)
      .flatMap((order) => order.returns.map((one) => ({ order, one })))
      .filter(({ one }) => orderId !== null || (one.openedMs >= fromMs && one.openedMs <= toMs));
    const limit = Number(query.get("limit") ?? limitDefault);
    const page = Number(query.get("offset") ?? 1);
    const rows = all.slice((page - 1) * limit, page * limit);
    return {
      status: 200,
      body: {
        members: rows.map(({ order, one }) => returnView(order, one)),
        total: all.length,
        paginationOutput: { limit, offset: page, totalEntries: all.length, totalPages: Math.ceil(all.length / limit) },
      },
    };
  };
  return { searchReturns: { needs: "returns", handle: search } };
};

const returnView = (order: Order, { returnId, lineId, units, openedMs, closed }: Return): unknown => {
  const line = lineOf(order, lineId);
  const amount = { value: (line.priceCents * units) / 100, currency: money(0).currency };
  return {
    returnId,
    orderId: order.orderId,
    buyerLoginName: `buyer-canary-${order.number}`,
    state: closed ? "CLOSED" : "ITEM_SHIPPED",
    status: closed ? "CLOSED" : "ITEM_SHIPPED",
    creationInfo: {
      creationDate: { value: toIso(openedMs) },
      reason: "NO_LONGER_NEED_ITEM",
      comments: { content: `It was for canary-${order.number}` },
      item: {
        itemId: line.listingId,
        transactionId: lineId.slice(0, 13),
        returnQuantity: units,
        ...(line.variationId === undefined ? {} : { variationId: line.variationId }),
      },
    },
    sellerTotalRefund: { estimatedRefundAmount: amount, ...(closed ? { actualRefundAmount: amount } : {}) },
  };
};
