import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { createBench, grantTokens, host, write } from "../../unit/connectors/ebay/harness.ts";
import { printTally, tally } from "./tally.ts";

/** The sharp edges of the channel document's §8 to §11 that are the connector's, by section; §9.1 is in its own folder. */
const order = {
  orderId: "o-1",
  creationDate: "2026-11-20T10:00:00.000Z",
  lastModifiedDate: "2026-11-20T10:00:05.000Z",
  orderFulfillmentStatus: "NOT_STARTED",
  orderPaymentStatus: "PENDING",
  lineItems: [{ lineItemId: "1", legacyItemId: "110", sku: "A", quantity: 2 }],
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => {
  nock.cleanAll();
  tally("edges");
});
afterAll(() => printTally("eBay edges, §8 to §11"));

const hasOrder = (changes: object): void => {
  nock(host)
    .get("/sell/fulfillment/v1/order")
    .query(true)
    .reply(200, { total: 1, orders: [{ ...order, ...changes }] });
};

test("ebay section 8: overlap repeats an order under one id, and a change of state is another", async () => {
  const { connector, context } = createBench();
  const ids: (string | undefined)[] = [];
  for (const changes of [{}, {}, { orderPaymentStatus: "PAID" }]) {
    hasOrder(changes);
    ids.push((await connector.pullOrders(null, context)).items[0]?.id);
  }
  expect(ids[0]).toBe(ids[1]);
  expect(ids[2]).not.toBe(ids[0]);
});

test("ebay section 8: a view tells both its order's time and when it was asked for, for ties", async () => {
  const { connector, context } = createBench();
  hasOrder({});
  const { items } = await connector.pullOrders(null, context);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([
    { order: { updatedAt: "2026-11-20T10:00:05.000Z", observedAt: "2026-11-20T10:30:00.000Z" } },
  ]);
});

test("ebay section 8: an unpaid order holds, for its units are off the listing since checkout", async () => {
  const { connector, context } = createBench();
  hasOrder({});
  const { items } = await connector.pullOrders(null, context);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([{ order: { lines: [{ holdUnits: 2 }] } }]);
});

test("ebay section 8: an accepted write is given minutes to show before it counts as lost", () => {
  const { limits } = createBench().connector;
  expect(limits.settleMs).toBeGreaterThanOrEqual(180_000);
  expect(limits.comparesAndSets).toBe(false);
});

test("ebay section 9.2: messages carry no SKU and no truth: their orders are read again", () => {
  const { connector } = createBench();
  const payload = { topic: "ORDER_CONFIRMATION", eventDate: null, orderRefs: ["o-1"] };
  const delivery = { id: "n-1", topic: "ORDER_CONFIRMATION", payload, sourceAt: null };
  expect(connector.translate(delivery)).toEqual([{ kind: "order-hint", orderRefs: ["o-1"] }]);
});

test.each([25_702, 25_710])(
  "ebay section 10: %i of a listing that is not the Inventory API's asks for a new import",
  async (errorId) => {
    nock(host).get("/sell/inventory/v1/offer").query(true).reply(404);
    const errors = [{ errorId, category: "REQUEST", message: "not found" }];
    nock(host)
      .post("/sell/inventory/v1/bulk_update_price_quantity")
      .reply(207, { responses: [{ sku: "A", statusCode: 404, errors }] });
    const { connector, context } = createBench();
    expect(await connector.pushQuantities([write("A", 1)], "attempt-1", context)).toMatchObject([
      { status: "refused", retry: "never", reason: expect.stringContaining("import the listings again") },
    ]);
  },
);
