import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Connector, OrderPage } from "../../../../src/connectors/connector.ts";
import { requestComplaints, responseComplaints, sandboxAnswers } from "./contract.ts";
import { apiOrigin, bench, errorBody, givesTokens, restoreNetwork, uriOf, withoutNetwork } from "./harness.ts";
import { amazonOrder } from "./order-samples.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const orderV0 = (changes: object = {}) => ({
  AmazonOrderId: "111-0000001-0000001",
  PurchaseDate: "2026-09-01T09:00:00Z",
  LastUpdateDate: "2026-09-01T09:30:00Z",
  OrderStatus: "Pending",
  FulfillmentChannel: "MFN",
  SalesChannel: "Amazon.de",
  NumberOfItemsShipped: 0,
  NumberOfItemsUnshipped: 0,
  BuyerInfo: { BuyerEmail: "jane@marketplace.example" },
  DefaultShipFromLocationAddress: { Name: "Jane Doe", AddressLine1: "Main Street 1", PostalCode: "10115" },
  ...changes,
});
const itemV0 = (changes: object = {}) => ({
  ASIN: "B000000001",
  OrderItemId: "90071992547409931",
  SellerSKU: "SKU-1",
  QuantityOrdered: 3,
  QuantityShipped: 0,
  BuyerRequestedCancel: { IsBuyerRequestedCancel: "true", BuyerCancelReason: "changed my mind" },
  ...changes,
});
const listOf = (orders: readonly object[], more: object = {}) => ({
  payload: { Orders: orders, LastUpdatedBefore: "2026-09-01T09:57:00Z", ...more },
});
const itemsOf = (items: readonly object[], more: object = {}) => ({
  payload: { AmazonOrderId: "111-0000001-0000001", OrderItems: items, ...more },
});

type Reply = readonly [number, object];
const serve = (path: string | RegExp, ...replies: readonly Reply[]): { readonly uris: string[] } => {
  const uris: string[] = [];
  for (const [status, body] of replies) {
    nock(apiOrigin)
      .get((uri) => (typeof path === "string" ? uri.split("?")[0] === path : path.test(uri)))
      .reply((request: Request) => {
        uris.push(uriOf(request));
        expect(requestComplaints("GET", uriOf(request), undefined)).toEqual([]);
        return [status, body];
      });
  }
  return { uris };
};
const list2026 = "/orders/2026-01-01/orders";
const listV0 = "/orders/v0/orders";
const itemsPath = /^\/orders\/v0\/orders\/[^/]+\/orderItems/;
const v0First = { ordersApi: "v0" } as const;
const lineOf = (page: OrderPage, translate: Connector["translate"]): readonly unknown[] =>
  page.items.flatMap((delivery) =>
    translate(delivery).flatMap((event): readonly unknown[] =>
      event.kind === "order"
        ? event.order.lines.map(({ holdUnits, leftUnits }) => [holdUnits, leftUnits])
        : [event.kind],
    ),
  );

test("the answers these tests pretend are Amazon's fit its model", () => {
  expect(responseComplaints("getOrders", 200, listOf([orderV0()]))).toEqual([]);
  expect(responseComplaints("getOrderItems", 200, itemsOf([itemV0()]))).toEqual([]);
  expect(responseComplaints("getOrder", 200, { payload: orderV0() }, "ordersV0")).toEqual([]);
});

test("amazon traps 8, 9 and 10: v0 is asked by update time without an upper bound and without states, so that pending orders reserve", async () => {
  givesTokens();
  const { uris } = serve(listV0, [200, listOf([orderV0()])]);
  serve(itemsPath, [200, itemsOf([itemV0()])]);
  const { connector, context } = bench(v0First);
  const page = await connector.pullOrders(null, context);
  expect(Object.fromEntries(new URL(uris[0] ?? "", apiOrigin).searchParams)).toEqual({
    LastUpdatedAfter: "2026-08-31T09:50:00.000Z",
    MarketplaceIds: "A1PA6795UKMFR9,A13V1IB3VIYZZH",
    FulfillmentChannels: "MFN",
    MaxResultsPerPage: "30",
  });
  expect(page).toMatchObject({ done: true, watermark: "2026-09-01T09:57:00.000Z" });
  expect(lineOf(page, connector.translate)).toEqual([[3, 0]]);
  for (const word of ["Jane", "Main Street", "10115", "changed my mind"])
    expect(JSON.stringify(page)).not.toContain(word);
  expect(JSON.stringify(page)).toContain("90071992547409931");
});

test.each([
  ["Unshipped", 0, [3, 0]],
  ["PartiallyShipped", 1, [2, 1]],
  ["Shipped", 3, [0, 3]],
  ["Canceled", 0, [0, 0]],
  ["PendingAvailability", 0, [3, 0]],
] as const)(
  "a v0 order that is %s with %i shipped holds and left %j",
  async (OrderStatus, QuantityShipped, expected) => {
    givesTokens();
    serve(listV0, [200, listOf([orderV0({ OrderStatus })])]);
    serve(itemsPath, [200, itemsOf([itemV0({ QuantityShipped })])]);
    const { connector, context } = bench(v0First);
    expect(lineOf(await connector.pullOrders(null, context), connector.translate)).toEqual([expected]);
  },
);

test("amazon trap 11: the sandbox's order that stands on two pages is one delivery", async () => {
  givesTokens();
  const [, first, second] = sandboxAnswers("getOrders", 200);
  serve(listV0, [200, first as object], [200, second as object]);
  serve(itemsPath, [200, itemsOf([itemV0()])], [200, itemsOf([itemV0()])]);
  const { connector, context } = bench(v0First);
  const one = await connector.pullOrders(null, context);
  expect(one).toMatchObject({ done: false, watermark: null });
  const two = await connector.pullOrders(one.next, context);
  expect(two.done).toBe(true);
  expect(two.items.map(({ id }) => id)).toEqual(one.items.map(({ id }) => id));
});

test("an order's items are read to their last page", async () => {
  givesTokens();
  serve(listV0, [200, listOf([orderV0()])]);
  const { uris } = serve(
    itemsPath,
    [200, itemsOf([itemV0()], { NextToken: "i/1" })],
    [200, itemsOf([itemV0({ OrderItemId: "2" })])],
  );
  const { connector, context } = bench(v0First);
  expect(lineOf(await connector.pullOrders(null, context), connector.translate)).toEqual([
    [3, 0],
    [3, 0],
  ]);
  expect(uris[1]).toContain("NextToken=i%2F1");
});

test("amazon trap 26: a bad order and one whose items are refused become dead letters, and the cursor moves on", async () => {
  givesTokens();
  const odd = orderV0({ AmazonOrderId: "odd", PurchaseDate: "the day before" });
  const refused = orderV0({ AmazonOrderId: "refused" });
  const old = orderV0({ AmazonOrderId: "old", PurchaseDate: "1995-01-01T00:00:00Z" });
  serve(listV0, [200, listOf([odd, refused, old])]);
  serve("/orders/v0/orders/refused/orderItems", [400, errorBody("InvalidInput", "Invalid Input")]);
  serve("/orders/v0/orders/old/orderItems", [200, itemsOf([itemV0()])]);
  const { connector, context } = bench(v0First);
  const page = await connector.pullOrders(null, context);
  expect(page.done).toBe(true);
  const [first, second, third] = page.items;
  for (const delivery of [first, second]) {
    expect(() => delivery && connector.translate(delivery)).toThrow(expect.objectContaining({ kind: "permanent" }));
  }
  expect(JSON.stringify([first?.payload, second?.payload])).toContain("odd");
  expect(third && connector.translate(third)).toMatchObject([{ kind: "order" }]);
});

test("amazon trap 14: a list that leaves states out is read again by v0, which stands in for a day", async () => {
  givesTokens();
  const stateless = amazonOrder({ fulfillment: undefined });
  const { uris: new2026 } = serve(
    list2026,
    [200, { orders: [stateless], lastUpdatedBefore: "2026-09-01T09:57:30Z" }],
    [200, { orders: [], lastUpdatedBefore: "2026-09-02T10:20:00Z" }],
  );
  serve(listV0, [200, listOf([orderV0()])], [200, listOf([])]);
  serve(itemsPath, [200, itemsOf([itemV0()])]);
  const { connector, context, clock } = bench();
  const dropped = await connector.pullOrders(null, context);
  expect(dropped).toMatchObject({ items: [], done: false, watermark: null });
  const second = await connector.pullOrders(dropped.next, context);
  expect(second).toMatchObject({ done: true, watermark: "2026-09-01T09:57:00.000Z" });
  expect(lineOf(second, connector.translate)).toEqual([[3, 0]]);
  clock.advance(3_600_000);
  const third = await connector.pullOrders(second.next, context);
  expect(third.done).toBe(true);
  expect(new2026).toHaveLength(1);
  clock.advance(23.5 * 3_600_000);
  expect((await connector.pullOrders(third.next, context)).done).toBe(true);
  expect(new2026).toHaveLength(2);
});

test("a query that 2026-01-01 refuses is asked of v0; refused by both it is reported", async () => {
  givesTokens();
  const refusal: Reply = [400, errorBody("InvalidInput", "Invalid Input")];
  serve(list2026, refusal);
  serve(listV0, refusal);
  const { connector, context } = bench();
  const first = await connector.pullOrders(null, context);
  expect(first).toMatchObject({ items: [], done: false });
  await expect(connector.pullOrders(first.next, context)).rejects.toMatchObject({ kind: "permanent" });
});

test("an order that comes without its state by itself too is read by v0", async () => {
  givesTokens();
  serve(`${list2026}/111-0000001-0000001`, [200, { order: amazonOrder({ fulfillment: undefined }) }]);
  serve(`${listV0}/111-0000001-0000001`, [200, { payload: orderV0({ OrderStatus: "Unshipped" }) }]);
  serve(itemsPath, [200, itemsOf([itemV0()])]);
  const { connector, context } = bench();
  const [order] = await connector.fetchOrders(["111-0000001-0000001"], context);
  expect(order).toMatchObject({ channelState: "UNSHIPPED", lines: [{ holdUnits: 3, leftUnits: 0 }] });
});

test("stock that lies with Amazon and orders of other channels never touch the merchant's", async () => {
  givesTokens();
  serve(listV0, [
    200,
    listOf([orderV0({ FulfillmentChannel: "AFN" }), orderV0({ AmazonOrderId: "2", SalesChannel: "Non-Amazon US" })]),
  ]);
  serve(itemsPath, [200, itemsOf([itemV0()])], [200, itemsOf([itemV0()])]);
  const { connector, context } = bench(v0First);
  const page = await connector.pullOrders(null, context);
  expect(page.items.map(connector.translate)).toMatchObject([
    [{ order: { fulfilledBy: "channel" } }],
    [{ order: { fulfilledBy: "channel" } }],
  ]);
});
