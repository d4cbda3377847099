import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { nextOffset } from "../../../../src/connectors/ebay/orders.ts";
import { contractJson, createBench, errorRow, failureOf, grantTokens, host } from "./harness.ts";

const path = "/sell/fulfillment/v1/order";
const sample = z
  .object({ orders: z.array(z.record(z.string(), z.unknown())) })
  .parse(contractJson("samples/getOrders.min.json"));
const order = { ...sample.orders[0] };
const secrets = {
  buyer: { username: "jane-doe", buyerRegistrationAddress: { fullName: "Jane Doe" } },
  buyerCheckoutNotes: "ring twice",
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

/** Answers every page of orders and notes the queries. */
const hasOrders = (answer: (offset: number) => { total: number; orders: readonly object[] }): URLSearchParams[] => {
  const queries: URLSearchParams[] = [];
  nock(host)
    .persist()
    .get(path)
    .query(true)
    .reply((request: Request) => {
      const query = new URL(request.url).searchParams;
      queries.push(query);
      return [200, answer(Number(query.get("offset")))];
    });
  return queries;
};

test("a first poll looks a day back, and its watermark stops short of now by the channel's lag", async () => {
  const queries = hasOrders(() => ({ total: 0, orders: [] }));
  const { connector, context } = createBench();
  const page = await connector.pullOrders(null, context);
  expect(queries[0]?.get("filter")).toBe("lastmodifieddate:[2026-11-19T10:30:00.000Z..2026-11-20T10:30:00.000Z]");
  expect(page).toMatchObject({ done: true, items: [], watermark: "2026-11-20T10:29:00.000Z" });
});

test("the filter's brackets go over the wire encoded", async () => {
  const uris: string[] = [];
  nock(host)
    .get(path)
    .query(true)
    .reply((request: Request) => {
      uris.push(request.url);
      return [200, { total: 0, orders: [] }];
    });
  const { connector, context } = createBench();
  await connector.pullOrders(null, context);
  expect(uris[0]).toContain("%5B");
  expect(uris[0]).not.toMatch(/[[\]{}|]/);
});

test("the next poll overlaps, and the watermark never goes back", async () => {
  const queries = hasOrders(() => ({ total: 0, orders: [] }));
  const { connector, context, clock } = createBench();
  const first = await connector.pullOrders(null, context);
  clock.advance(5 * 60_000);
  const second = await connector.pullOrders(first.next, context);
  expect(queries[1]?.get("filter")).toBe("lastmodifieddate:[2026-11-20T10:09:00.000Z..2026-11-20T10:35:00.000Z]");
  clock.advance(-10 * 60_000);
  const third = await connector.pullOrders(second.next, context);
  expect(third.watermark).toBe(second.watermark);
});

const Cases = z.object({
  cases: z.array(
    z.object({ endpoint: z.string(), total: z.number(), limit: z.number(), expected_offsets: z.array(z.number()) }),
  ),
});
const { cases } = Cases.parse(contractJson("vectors/page-semantics.json"));

test.each(cases.filter(({ endpoint }) => endpoint.endsWith("/order")))(
  "$total orders are read by record offsets $expected_offsets, and the watermark moves only after the last page",
  async ({ total, limit, expected_offsets }) => {
    const queries = hasOrders((offset) => ({
      total,
      orders: Array.from({ length: Math.min(limit, total - offset) }, (_, row) => ({
        ...order,
        orderId: `o-${offset + row}`,
      })),
    }));
    const { connector, context } = createBench();
    const ids = new Set<string>();
    const watermarks: (string | null)[] = [];
    let cursor: string | null = null;
    for (let page = 0; page < 9; page += 1) {
      const { items, next, done, watermark } = await connector.pullOrders(cursor, context);
      for (const { id } of items) ids.add(id);
      watermarks.push(watermark);
      cursor = next;
      if (done) break;
    }
    expect(queries.map((query) => Number(query.get("offset")))).toEqual(expected_offsets);
    expect(new Set(queries.map((query) => query.get("filter"))).size).toBe(1);
    expect(ids.size).toBe(total);
    expect(watermarks).toEqual([...expected_offsets.slice(1).map(() => null), "2026-11-20T10:29:00.000Z"]);
  },
);

test("orders modified while paging leave the window, and no other order is skipped for it", () => {
  // 600 orders; after each page the first of those left is modified and drops out, so later rows move up by one.
  let rows = Array.from({ length: 600 }, (_, at) => at);
  const seen = new Set<number>();
  let offset: number | null = 0;
  let total: number | null = null;
  for (let page = 0; offset !== null && page < 20; page += 1) {
    const read: readonly number[] = rows.slice(offset, offset + 200);
    for (const row of read) seen.add(row);
    const next: number | null = nextOffset({ offset, total }, { total: rows.length, rows: read.length });
    total = rows.length;
    offset = next;
    if (page < 4) rows = rows.slice(1);
  }
  expect(offset).toBeNull();
  expect(seen.size).toBe(600);
});

test("the same order polled twice is the same delivery; a changed one is another", async () => {
  let current: object = order;
  hasOrders(() => ({ total: 1, orders: [current] }));
  const { connector, context, clock } = createBench();
  const idOf = async (): Promise<string | undefined> => (await connector.pullOrders(null, context)).items[0]?.id;
  const first = await idOf();
  clock.advance(60_000);
  expect(await idOf()).toBe(first);
  expect(first).toMatch(/^order:12-12345-67890:2026-11-20T10:15:05\.000Z:[0-9a-f]{16}$/);
  current = { ...order, orderFulfillmentStatus: "FULFILLED" };
  expect(await idOf()).not.toBe(first);
});

test("nothing about the buyer is kept of an order", async () => {
  hasOrders(() => ({
    total: 2,
    orders: [
      { ...order, ...secrets },
      { ...order, ...secrets, lineItems: "Jane Doe" },
    ],
  }));
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  expect(items).toHaveLength(2);
  expect(JSON.stringify(items)).not.toMatch(/jane|ring twice|Widget/i);
});

test("an order that cannot be read becomes a dead letter and does not block the others", async () => {
  hasOrders(() => ({ total: 2, orders: [{ ...order, orderId: "odd", lineItems: [{ quantity: -1 }] }, order] }));
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  const [odd, good] = items;
  if (odd === undefined || good === undefined) throw new Error("expected two deliveries");
  expect(() => connector.translate(odd)).toThrow(/cannot be read at lineItems\.0/);
  expect(connector.translate(good)).toMatchObject([{ kind: "order", order: { orderRef: "12-12345-67890" } }]);
});

test("an order cursor that cannot be read is a person's matter", async () => {
  const { connector, context } = createBench();
  expect(await failureOf(connector.pullOrders("{}", context))).toMatchObject({ kind: "permanent" });
});

test("orders are fetched fifty at a time, and unknown ones are left out", async () => {
  const asked: number[] = [];
  nock(host)
    .persist()
    .get(path)
    .query(true)
    .reply((request: Request) => {
      const ids = (new URL(request.url).searchParams.get("orderIds") ?? "").split(",");
      asked.push(ids.length);
      return [
        200,
        { total: 1, orders: ids.filter((id) => id !== "nowhere").map((orderId) => ({ ...order, orderId })) },
      ];
    });
  const { connector, context } = createBench();
  const refs = [...Array.from({ length: 59 }, (_, at) => `o-${at}`), "nowhere"];
  const found = await connector.fetchOrders([...refs, "o-1"], context);
  expect(asked).toEqual([50, 10]);
  expect(found.map(({ orderRef }) => orderRef)).toEqual(refs.slice(0, 59));
  expect(found[0]?.observedAt).toBe("2026-11-20T10:30:00.000Z");
});

test("one order id that eBay calls invalid does not hide the others", async () => {
  nock(host)
    .get(path)
    .query(true)
    .reply(400, { errors: [errorRow(32100)] });
  nock(host)
    .get(`${path}/bad%20id`)
    .reply(400, { errors: [errorRow(32100)] });
  nock(host).get(`${path}/gone`).reply(404);
  nock(host).get(`${path}/12-12345-67890`).reply(200, JSON.stringify(order), { "Content-Type": "application/json" });
  const { connector, context } = createBench();
  const found = await connector.fetchOrders(["bad id", "gone", "12-12345-67890"], context);
  expect(found.map(({ orderRef }) => orderRef)).toEqual(["12-12345-67890"]);
});
