import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { OrderLine } from "../../../../src/connectors/connector.ts";
import { createBench, failureOf, grantTokens, host } from "./harness.ts";

const ordersPath = "/sell/fulfillment/v1/order";
const searchPath = "/post-order/v2/return/search";
const order = {
  orderId: "o-1",
  creationDate: "2026-11-01T10:00:00.000Z",
  lastModifiedDate: "2026-11-02T10:00:00.000Z",
  orderFulfillmentStatus: "FULFILLED",
  orderPaymentStatus: "PARTIALLY_REFUNDED",
  lineItems: [
    { lineItemId: "1", legacyItemId: "110", sku: "A", quantity: 3 },
    { lineItemId: "2", legacyItemId: "111", legacyVariationId: "7", sku: "B", quantity: 1 },
  ],
};
const returned = (returnId: string, itemId: string, returnQuantity: number, more: object = {}) => ({
  returnId,
  orderId: "o-1",
  state: "CLOSED",
  buyerLoginName: "jane-doe",
  creationInfo: { item: { itemId, returnQuantity }, comments: { content: "ring twice" } },
  sellerTotalRefund: { actualRefundAmount: { value: 9.99, currency: "USD" } },
  ...more,
});
const members = (...rows: readonly object[]) => ({ members: rows, total: rows.length });

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const hasOrders = (...orders: readonly object[]): void => {
  nock(host).persist().get(ordersPath).query(true).reply(200, { total: orders.length, orders });
};
const hasReturns = (answer: (query: URLSearchParams) => [number, object]): URLSearchParams[] => {
  const queries: URLSearchParams[] = [];
  nock(host)
    .persist()
    .get(searchPath)
    .query(true)
    .matchHeader("authorization", /^IAF refresh_token-\d+$/)
    .reply((request: Request) => {
      const query = new URL(request.url).searchParams;
      queries.push(query);
      return answer(query);
    });
  return queries;
};
const restocking = () => createBench({ returns: "restock-when-closed" });
const linesOf = async (bench: ReturnType<typeof createBench>): Promise<readonly OrderLine[]> =>
  (await bench.connector.fetchOrders(["o-1"], bench.context))[0]?.lines ?? [];

test("by default no return is asked for and nothing comes back", async () => {
  hasOrders(order);
  const bench = createBench();
  await bench.connector.pullOrders(null, bench.context);
  expect((await linesOf(bench)).map(({ backUnits }) => backUnits)).toEqual([0, 0]);
});

test("a closed and refunded return brings its units back to the line it names, no more than have left", async () => {
  hasOrders(order);
  hasReturns(() => [
    200,
    members(
      returned("r-1", "110", 2),
      returned("r-2", "110", 9),
      returned("r-3", "111", 1, { state: "ITEM_SHIPPED" }),
      returned("r-4", "111", 1, { sellerTotalRefund: {} }),
    ),
  ]);
  expect(await linesOf(restocking())).toMatchObject([
    { lineRef: "1", leftUnits: 3, backUnits: 3, holdUnits: 0 },
    { lineRef: "2", leftUnits: 1, backUnits: 0, holdUnits: 0 },
  ]);
});

test.each([
  { why: "nothing was refunded", changes: { orderPaymentStatus: "PAID" } },
  { why: "nothing was shipped", changes: { orderFulfillmentStatus: "NOT_STARTED" } },
])("an order of which $why costs no search", async ({ changes }) => {
  hasOrders({ ...order, ...changes });
  const queries = hasReturns(() => [200, members(returned("r-1", "110", 1))]);
  expect((await linesOf(restocking())).map(({ backUnits }) => backUnits)).toEqual([0, 0]);
  expect(queries).toHaveLength(0);
});

test("polls see what came back too, and ask eBay about one order only now and then", async () => {
  hasOrders(order);
  const queries = hasReturns((query) => [200, query.has("order_id") ? members(returned("r-1", "110", 2)) : members()]);
  const { connector, context, clock } = restocking();
  const first = await connector.pullOrders(null, context);
  clock.advance(60_000);
  await connector.pullOrders(first.next, context);
  const [delivery] = first.items;
  if (delivery === undefined) throw new Error("expected a delivery");
  expect(connector.translate(delivery)).toMatchObject([{ order: { lines: [{ backUnits: 2 }, { backUnits: 0 }] } }]);
  expect(queries.filter((query) => query.has("order_id"))).toHaveLength(1);
  expect(JSON.stringify(first.items)).not.toMatch(/jane|ring twice/);
});

test("every half hour closed returns hint at their orders, once each, whatever the orders' own times", async () => {
  hasOrders();
  const queries = hasReturns(() => [
    200,
    members(returned("r-1", "110", 1), returned("r-2", "110", 1, { state: "OPEN" })),
  ]);
  const { connector, context, clock } = restocking();
  const first = await connector.pullOrders(null, context);
  expect(first.items.map(({ id }) => id)).toEqual(["return:r-1:closed"]);
  expect(first.items.flatMap((item) => connector.translate(item))).toEqual([
    { kind: "order-hint", orderRefs: ["o-1"] },
  ]);
  clock.advance(29 * 60_000);
  const second = await connector.pullOrders(first.next, context);
  expect(second.items).toEqual([]);
  clock.advance(60_000);
  expect((await connector.pullOrders(second.next, context)).items).toHaveLength(1);
  expect(queries).toHaveLength(2);
});

test("more returns than one page are found by halving the time", async () => {
  hasOrders();
  const queries = hasReturns((query) => {
    const days =
      (Date.parse(query.get("creation_date_range_to") ?? "") -
        Date.parse(query.get("creation_date_range_from") ?? "")) /
      86_400_000;
    return days > 50
      ? [200, { ...members(returned("r-1", "110", 1)), total: 300 }]
      : [200, members(returned(`r-${queries.length}`, "110", 1))];
  });
  const { connector, context } = restocking();
  expect((await connector.pullOrders(null, context)).items.map(({ id }) => id)).toEqual([
    "return:r-2:closed",
    "return:r-3:closed",
  ]);
});

test("while eBay does not tell its returns, orders go on, and an order that needs them is looked at again", async () => {
  hasOrders(order, { ...order, orderId: "o-2", orderPaymentStatus: "PAID" });
  hasReturns(() => [403, {}]);
  const { connector, context } = restocking();
  const page = await connector.pullOrders(null, context);
  expect(page.items.flatMap((item) => connector.translate(item))).toMatchObject([
    { kind: "order-hint", orderRefs: ["o-1"] },
    { kind: "order", order: { orderRef: "o-2" } },
  ]);
  expect(await failureOf(connector.fetchOrders(["o-1"], context))).toMatchObject({ kind: "permanent" });
});
