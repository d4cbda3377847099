import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { requestComplaints, responseComplaints, sandboxAnswers } from "./contract.ts";
import {
  apiOrigin,
  bench,
  errorBody,
  givesTokens,
  quotaExceeded,
  restoreNetwork,
  uriOf,
  withoutNetwork,
} from "./harness.ts";
import { amazonOrder, buyerWords, orderItem } from "./order-samples.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const path = "/orders/2026-01-01/orders";
type Reply = readonly [number, object];
const answers = (...replies: readonly Reply[]): { readonly uris: string[] } => {
  const uris: string[] = [];
  for (const [status, body] of replies) {
    nock(apiOrigin)
      .get(path)
      .query(true)
      .reply((request: Request) => {
        uris.push(uriOf(request));
        return [status, body];
      });
  }
  return { uris };
};
const queryOf = (uri: string | undefined): URLSearchParams => new URL(uri ?? "", apiOrigin).searchParams;

test("amazon traps 9, 10 and 25: a first poll looks back a day and asks for nothing about buyers", async () => {
  givesTokens();
  const body = { orders: [amazonOrder()], lastUpdatedBefore: "2026-09-01T09:57:30Z" };
  expect(responseComplaints("searchOrders", 200, body)).toEqual([]);
  const { uris } = answers([200, body]);
  const { connector, context } = bench();
  const page = await connector.pullOrders(null, context);
  expect(requestComplaints("GET", uris[0] ?? "", undefined)).toEqual([]);
  expect(Object.fromEntries(queryOf(uris[0]))).toEqual({
    lastUpdatedAfter: "2026-08-31T09:50:00.000Z",
    marketplaceIds: "A1PA6795UKMFR9,A13V1IB3VIYZZH",
    fulfilledBy: "MERCHANT",
    includedData: "FULFILLMENT,CANCELLATION",
    maxResultsPerPage: "100",
  });
  expect(page).toMatchObject({ done: true, watermark: "2026-09-01T09:57:30.000Z" });
  expect(page.items).toHaveLength(1);
});

test("a delivery keeps nothing of the buyer, and ids beyond 2^53 stay whole", async () => {
  givesTokens();
  answers([200, { orders: [amazonOrder()], lastUpdatedBefore: "2026-09-01T09:57:30Z" }]);
  const { connector, context, logged } = bench();
  const page = await connector.pullOrders(null, context);
  const kept = JSON.stringify([page, logged]);
  for (const word of buyerWords) expect(kept).not.toContain(word);
  expect(page.items[0]?.payload).toEqual({
    order: {
      orderId: "111-0000001-0000001",
      createdTime: "2026-09-01T09:00:00.000Z",
      lastUpdatedTime: "2026-09-01T09:30:00.000Z",
      salesChannel: { channelName: "AMAZON" },
      fulfillment: { fulfillmentStatus: "UNSHIPPED", fulfilledBy: "MERCHANT" },
      orderItems: [
        {
          orderItemId: "90071992547409931",
          quantityOrdered: 3,
          product: { sellerSku: "SKU-1" },
          fulfillment: { quantityFulfilled: 0, quantityUnfulfilled: 3 },
          cancellation: {},
        },
      ],
    },
    observedAt: "2026-09-01T10:00:00.000Z",
  });
});

test("the same view of an order has the same id in every poll, another view another one", async () => {
  givesTokens();
  const seen = (order: object): Reply => [200, { orders: [order], lastUpdatedBefore: "2026-09-01T09:57:30Z" }];
  answers(
    seen(amazonOrder()),
    seen(amazonOrder()),
    seen(amazonOrder({ orderItems: [orderItem({ quantityOrdered: 2 })] })),
  );
  const { connector, context, clock } = bench();
  const ids: (string | undefined)[] = [];
  for (const _ of [1, 2, 3]) {
    ids.push((await connector.pullOrders(null, context)).items[0]?.id);
    clock.advance(60_000);
  }
  expect(ids[0]).toMatch(/^order:111-0000001-0000001:2026-09-01T09:30:00\.000Z:[0-9a-f]{16}$/);
  expect(ids[1]).toBe(ids[0]);
  expect(ids[2]).not.toBe(ids[0]);
});

test("amazon trap 15: the watermark moves after the last page only, to the bound of the first, with the filters unchanged between", async () => {
  givesTokens();
  const { uris } = answers(
    [200, { orders: [amazonOrder()], pagination: { nextToken: "t/1+=" }, lastUpdatedBefore: "2026-09-01T09:57:00Z" }],
    [200, { orders: [], pagination: { nextToken: "t2" }, lastUpdatedBefore: "2026-09-01T09:58:00Z" }],
    [200, { orders: [amazonOrder()], lastUpdatedBefore: "2026-09-01T09:58:00Z" }],
    [200, { orders: [], lastUpdatedBefore: "2026-09-01T10:03:00Z" }],
  );
  const { connector, context, clock } = bench();
  const first = await connector.pullOrders(null, context);
  expect(first).toMatchObject({ done: false, watermark: null });
  clock.advance(60_000);
  const second = await connector.pullOrders(first.next, context);
  expect(second).toMatchObject({ done: false, watermark: null, items: [] });
  const third = await connector.pullOrders(second.next, context);
  expect(third).toMatchObject({ done: true, watermark: "2026-09-01T09:57:00.000Z" });
  clock.advance(300_000);
  const fourth = await connector.pullOrders(third.next, context);
  expect(fourth).toMatchObject({ done: true, watermark: "2026-09-01T10:03:00.000Z" });
  expect(uris.map((uri) => queryOf(uri).get("paginationToken"))).toEqual([null, "t/1+=", "t2", null]);
  const filters = uris.map((uri) => queryOf(uri).get("lastUpdatedAfter"));
  expect(filters).toEqual([
    "2026-08-31T09:50:00.000Z",
    "2026-08-31T09:50:00.000Z",
    "2026-08-31T09:50:00.000Z",
    "2026-09-01T09:47:00.000Z",
  ]);
});

test("without a stated bound the watermark stays two minutes behind, and it never goes back", async () => {
  givesTokens();
  answers([200, { orders: [] }], [200, { orders: [], lastUpdatedBefore: "2026-09-01T09:00:00Z" }]);
  const { connector, context } = bench({ orderLagMs: 0 });
  const first = await connector.pullOrders(null, context);
  expect(first.watermark).toBe("2026-09-01T09:58:00.000Z");
  const second = await connector.pullOrders(first.next, context);
  expect(second.watermark).toBe("2026-09-01T09:58:00.000Z");
});

test("the watermark stays behind by the time orders may be late", async () => {
  givesTokens();
  answers([200, { orders: [], lastUpdatedBefore: "2026-09-01T09:59:59Z" }]);
  const { connector, context } = bench({ orderLagMs: 300_000 });
  expect((await connector.pullOrders(null, context)).watermark).toBe("2026-09-01T09:55:00.000Z");
});

test("a refused page token restarts the window, but not for ever", async () => {
  givesTokens();
  const refused: Reply = [400, errorBody("InvalidInput", "Invalid Input")];
  const paged: Reply = [200, { orders: [], pagination: { nextToken: "t" }, lastUpdatedBefore: "2026-09-01T09:57:00Z" }];
  answers(paged, refused, paged, refused, paged, refused);
  const { connector, context } = bench();
  let cursor: string | null = null;
  for (const _ of [1, 2, 3, 4, 5]) {
    const page = await connector.pullOrders(cursor, context);
    expect(page).toMatchObject({ done: false, watermark: null });
    cursor = page.next;
  }
  await expect(connector.pullOrders(cursor, context)).rejects.toMatchObject({ kind: "permanent" });
});

test("amazon trap 26: an order in an unknown shape is kept by its number and does not hold up the others", async () => {
  givesTokens();
  const odd = { ...amazonOrder({ orderId: "odd-1" }), orderItems: "none" };
  answers([200, { orders: [odd, amazonOrder()], lastUpdatedBefore: "2026-09-01T09:57:30Z" }]);
  const { connector, context } = bench();
  const { items } = await connector.pullOrders(null, context);
  expect(items).toHaveLength(2);
  const [kept, good] = items;
  if (kept === undefined || good === undefined) throw new Error("two deliveries expected");
  expect(JSON.stringify(kept)).not.toContain("Jane");
  expect(() => connector.translate(kept)).toThrow(/odd-1.*orderItems/);
  expect(connector.translate(good)).toHaveLength(1);
});

test("after the burst of 20 searches the next one is told to come back in about three minutes, without a call", async () => {
  givesTokens();
  const { uris } = answers(
    ...Array.from({ length: 25 }, (): Reply => [200, { orders: [], lastUpdatedBefore: "2026-09-01T09:57:30Z" }]),
  );
  const { connector, context, clock } = bench();
  for (let poll = 0; poll < 20; poll += 1) await connector.pullOrders(null, context);
  const failure: unknown = await connector.pullOrders(null, context).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "throttled" });
  expect((failure as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(170_000);
  expect((failure as { retryAfterMs: number }).retryAfterMs).toBeLessThan(180_000);
  expect(uris).toHaveLength(20);
  expect(clock.sleptMs()).toBe(0);
});

test("a 429 on orders asks for at least one refill's patience", async () => {
  givesTokens();
  answers([429, quotaExceeded]);
  const { connector, context } = bench();
  const failure: unknown = await connector.pullOrders(null, context).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "throttled" });
  expect((failure as { retryAfterMs: number }).retryAfterMs).toBeGreaterThanOrEqual(1000 / 0.0056);
});

test("a stated rate of Amazon's replaces the default", async () => {
  givesTokens();
  nock(apiOrigin)
    .get(path)
    .query(true)
    .times(22)
    .reply(200, { orders: [], lastUpdatedBefore: "2026-09-01T09:57:30Z" }, { "x-amzn-ratelimit-limit": "5.0" });
  const { connector, context, clock } = bench();
  for (let poll = 0; poll < 20; poll += 1) await connector.pullOrders(null, context);
  // The bucket is empty; a fifth of a second refills one token, which is worth waiting for.
  expect(await connector.pullOrders(null, context)).toMatchObject({ done: true });
  expect(clock.sleptMs()).toBe(200);
});

test("orders are fetched one by one as they are now, and an unknown one is left out", async () => {
  givesTokens();
  const uris: string[] = [];
  const order = amazonOrder();
  expect(responseComplaints("getOrder", 200, { order })).toEqual([]);
  nock(apiOrigin)
    .get(/\/orders\/2026-01-01\/orders\/.+/)
    .query(true)
    .times(2)
    .reply((request: Request) => {
      uris.push(uriOf(request));
      return request.url.includes("111-") ? [200, { order }] : [404, errorBody("NOT_FOUND", "no such order")];
    });
  const { connector, context } = bench();
  const snapshots = await connector.fetchOrders(["111-0000001-0000001", "999-0000001-0000001"], context);
  expect(snapshots).toEqual([
    {
      orderRef: "111-0000001-0000001",
      fulfilledBy: "merchant",
      channelState: "UNSHIPPED",
      createdAt: "2026-09-01T09:00:00.000Z",
      updatedAt: "2026-09-01T09:30:00.000Z",
      observedAt: "2026-09-01T10:00:00.000Z",
      lines: [
        {
          lineRef: "90071992547409931",
          listingRefs: ["offer:DEFAULT:SKU-1", "sku:SKU-1"],
          channelSku: "SKU-1",
          holdUnits: 3,
          leftUnits: 0,
          backUnits: 0,
        },
      ],
    },
  ]);
  expect(uris.flatMap((uri) => requestComplaints("GET", uri, undefined))).toEqual([]);
});

test("amazon trap 14: a fetched order without its state is asked for again, never taken as pending", async () => {
  givesTokens();
  nock(apiOrigin)
    .get(`${path}/111-0000001-0000001`)
    .query(true)
    .reply(200, { order: amazonOrder({ fulfillment: undefined }) });
  nock(apiOrigin)
    .get("/orders/v0/orders/111-0000001-0000001")
    .times(3)
    .reply(503, errorBody("InternalFailure", "busy"));
  const { connector, context } = bench();
  await expect(connector.fetchOrders(["111-0000001-0000001"], context)).rejects.toMatchObject({ kind: "retryable" });
});

test("the sandbox's recorded orders translate", async () => {
  givesTokens();
  const recorded = sandboxAnswers("searchOrders", 200);
  expect(recorded.length).toBeGreaterThan(2);
  answers(...recorded.map((body): Reply => [200, body as object]));
  const { connector, context } = bench();
  const states: unknown[] = [];
  for (const _ of recorded) {
    const { items } = await connector.pullOrders(null, context);
    for (const event of items.flatMap(connector.translate)) {
      if (event.kind !== "order") throw new Error(`unexpected ${event.kind}`);
      const { fulfilledBy, channelState, lines } = event.order;
      states.push([fulfilledBy, channelState, lines.map(({ holdUnits, leftUnits }) => [holdUnits, leftUnits])]);
    }
  }
  expect(states).toEqual([
    [
      "channel",
      "SHIPPED",
      [
        [0, 1],
        [0, 2],
      ],
    ],
    ["merchant", "SHIPPED", [[0, 1]]],
    ["merchant", "UNSHIPPED", [[1, 0]]],
  ]);
});
