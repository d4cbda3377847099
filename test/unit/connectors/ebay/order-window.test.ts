import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { endingEarlier, placeOf } from "../../../../src/connectors/ebay/order-window.ts";
import { createBench, errorRow, failureOf, grantTokens, host, nowMs } from "./harness.ts";

const path = "/sell/fulfillment/v1/order";
const timing = { orderLagMs: 60_000, orderOverlapMs: 20 * 60_000 };
const order = {
  orderId: "12-12345-67890",
  creationDate: "2026-11-20T10:15:00.000Z",
  lastModifiedDate: "2026-11-20T10:15:05.000Z",
  orderFulfillmentStatus: "NOT_STARTED",
  orderPaymentStatus: "PAID",
  lineItems: [{ lineItemId: "1", legacyItemId: "110", sku: "A", quantity: 2 }],
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const filtersOf = (answer: (filter: string) => [number, object]): string[] => {
  const filters: string[] = [];
  nock(host)
    .persist()
    .get(path)
    .query(true)
    .reply((request: Request) => {
      const filter = new URL(request.url).searchParams.get("filter") ?? "";
      filters.push(filter);
      return answer(filter);
    });
  return filters;
};

test("ebay section 7: once a day the poll reaches two days back, and in between only as far as the overlap", async () => {
  const filters = filtersOf(() => [200, { total: 0, orders: [] }]);
  const { connector, context, clock } = createBench();
  let { next } = await connector.pullOrders(null, context);
  clock.advance(23 * 3_600_000);
  ({ next } = await connector.pullOrders(next, context));
  clock.advance(3_600_000);
  await connector.pullOrders(next, context);
  expect(filters.slice(1)).toEqual([
    "lastmodifieddate:[2026-11-20T10:09:00.000Z..2026-11-21T09:30:00.000Z]",
    "lastmodifieddate:[2026-11-19T09:29:00.000Z..2026-11-21T10:30:00.000Z]",
  ]);
});

test("a watermark of years ago asks for no more than eBay keeps (30830)", () => {
  const old = JSON.stringify({ watermark: "2019-01-01T00:00:00.000Z" });
  const { window } = placeOf(old, nowMs, timing);
  expect(Date.parse(window.from)).toBeGreaterThan(nowMs - 730 * 86_400_000);
});

test("a window that eBay calls the future (30850) ends earlier, and the watermark stays with what was seen", async () => {
  const filters = filtersOf((filter) =>
    /\.\.2026-11-20T10:(30|29)/.test(filter)
      ? [400, { errors: [{ ...errorRow(30850), category: "REQUEST" }] }]
      : [200, { total: 0, orders: [] }],
  );
  const { connector, context } = createBench();
  const page = await connector.pullOrders(null, context);
  expect(page.watermark).toBe("2026-11-20T10:18:00.000Z");
  expect(filters).toHaveLength(3);
});

test("a clock that is ahead by days is a person's matter, with a sentence about it", async () => {
  filtersOf(() => [400, { errors: [{ ...errorRow(30850), category: "REQUEST" }] }]);
  const { connector, context } = createBench();
  const cursor = JSON.stringify({ watermark: "2026-11-20T10:20:00.000Z", wideAt: "2026-11-20T10:00:00.000Z" });
  const failure = await failureOf(connector.pullOrders(cursor, context));
  expect(failure).toMatchObject({ kind: "permanent", message: expect.stringContaining("synchronise") });
});

test("a window in the middle of its pages is never moved", () => {
  const window = { from: "2026-11-20T00:00:00.000Z", to: "2026-11-20T10:00:00.000Z", offset: 200, total: 300 };
  expect(endingEarlier({ watermark: null, window }, nowMs, 60_000)).toBeUndefined();
});

test("ebay section 7: an order with a cancellation is read by itself, where its requests are told", async () => {
  const cancelled = { ...order, cancelStatus: { cancelState: "CANCELED", cancelRequests: [] } };
  filtersOf(() => [200, { total: 2, orders: [cancelled, { ...order, orderId: "other" }] }]);
  const requests = [{ cancelRequestId: "5", cancelInitiator: "Buyer", cancelRequestState: "COMPLETED" }];
  const own = nock(host)
    .get(`${path}/12-12345-67890`)
    .reply(200, { ...cancelled, cancelStatus: { cancelState: "CANCELED", cancelRequests: requests } });
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  expect(own.isDone()).toBe(true);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([
    {
      order: {
        channelState: "NOT_STARTED, PAID, cancel CANCELED (requests: COMPLETED)",
        lines: [{ holdUnits: 0, leftUnits: 0 }],
      },
    },
    { order: { orderRef: "other", lines: [{ holdUnits: 2 }] } },
  ]);
});

test("a cancelled order's requests are asked for once for each of its changes, not with every poll", async () => {
  const cancelStatus = { cancelState: "CANCELED" };
  let lastModifiedDate = order.lastModifiedDate;
  filtersOf(() => [200, { total: 1, orders: [{ ...order, cancelStatus, lastModifiedDate }] }]);
  let reads = 0;
  nock(host)
    .persist()
    .get(`${path}/12-12345-67890`)
    .reply(() => {
      reads += 1;
      return [
        200,
        { ...order, cancelStatus: { ...cancelStatus, cancelRequests: [{ cancelReason: "Jane's secret" }] } },
      ];
    });
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  await connector.pullOrders(null, context);
  expect(reads).toBe(1);
  expect(JSON.stringify(items)).not.toContain("Jane");
  lastModifiedDate = "2026-11-20T10:20:00.000Z";
  await connector.pullOrders(null, context);
  expect(reads).toBe(2);
});

test.each([
  { why: "unknown", status: 400, body: { errors: [errorRow(32100)] } },
  { why: "in trouble", status: 500, body: {} },
  { why: "throttled", status: 429, body: {} },
])("a cancelled order that cannot be read by itself ($why) counts as listed", async ({ status, body }) => {
  filtersOf(() => [200, { total: 1, orders: [{ ...order, cancelStatus: { cancelState: "CANCELED" } }] }]);
  nock(host)
    .persist()
    .get(/rate_limit/)
    .reply(404);
  nock(host).persist().get(`${path}/12-12345-67890`).reply(status, body);
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([{ order: { lines: [{ holdUnits: 0 }] } }]);
});

test.each(["12-12345-67890", "1100123!9000001", "230045006", "a/b c"])("an order id is opaque: %s", async (orderId) => {
  const uris: string[] = [];
  filtersOf(() => [400, {}]);
  nock(host)
    .get(/\/order\//)
    .reply((request: Request) => {
      uris.push(new URL(request.url).pathname);
      return [200, { ...order, orderId }];
    });
  const { connector, context } = createBench();
  expect((await connector.fetchOrders([orderId], context)).map(({ orderRef }) => orderRef)).toEqual([orderId]);
  expect(uris).toEqual([`${path}/${encodeURIComponent(orderId)}`]);
});
