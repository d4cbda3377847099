import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { CallContext, Connector } from "../../../src/connectors/connector.ts";
import { contractJson, createBench, grantTokens, host } from "../../unit/connectors/ebay/harness.ts";
import { printTally, tally } from "./tally.ts";

const Cases = z.object({
  cases: z.array(
    z.object({ endpoint: z.string(), total: z.number(), limit: z.number(), expected_offsets: z.array(z.number()) }),
  ),
});
const { cases } = Cases.parse(contractJson("vectors/page-semantics.json"));

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
  nock(host).persist().get("/sell/inventory/v1/offer").query(true).reply(404);
});
afterEach(() => nock.cleanAll());
afterAll(() => printTally("eBay page vectors"));

/** `rowsAt` counts what the offset means on this endpoint. */
type Walked = {
  readonly path: string;
  page(
    connector: Connector,
    cursor: string | null,
    context: CallContext,
  ): Promise<{ next: string | null; done: boolean }>;
  rowsAt(offset: number, limit: number): number;
  answer(total: number, rows: readonly string[]): object;
};

const walked: Readonly<Record<string, Walked>> = {
  "GET /sell/inventory/v1/inventory_item": {
    path: "/sell/inventory/v1/inventory_item",
    page: (connector, cursor, context) => connector.importListings(cursor, context),
    rowsAt: (offset, limit) => offset * limit,
    answer: (total, rows) => ({ total, inventoryItems: rows.map((sku) => ({ sku })) }),
  },
  "GET /sell/fulfillment/v1/order": {
    path: "/sell/fulfillment/v1/order",
    page: (connector, cursor, context) => connector.pullOrders(cursor, context),
    rowsAt: (offset) => offset,
    answer: (total, rows) => ({ total, orders: rows.map((orderId) => ({ orderId })) }),
  },
};

test.each(cases.filter(({ endpoint }) => endpoint in walked))(
  "$endpoint with $total rows is read at offsets $expected_offsets",
  async ({ endpoint, total, limit, expected_offsets }) => {
    const walk = walked[endpoint];
    if (walk === undefined) throw new Error(`no walk for ${endpoint}`);
    const offsets: number[] = [];
    nock(host)
      .persist()
      .get(walk.path)
      .query(true)
      .reply((request: Request) => {
        const query = new URL(request.url).searchParams;
        expect(Number(query.get("limit"))).toBe(limit);
        const offset = Number(query.get("offset"));
        offsets.push(offset);
        const from = walk.rowsAt(offset, limit);
        const rows = Array.from({ length: Math.max(0, Math.min(limit, total - from)) }, (_, at) => `row-${from + at}`);
        return [200, walk.answer(total, rows)];
      });
    const { connector, context } = createBench();
    let cursor: string | null = null;
    for (let page = 0; page < 9; page += 1) {
      const { next, done }: { next: string | null; done: boolean } = await walk.page(connector, cursor, context);
      cursor = next;
      if (done) break;
    }
    expect(offsets).toEqual(expected_offsets);
    tally("vectors");
  },
);

test("the endpoints that no walk covers are those that the connector never calls", () => {
  const others = cases.filter(({ endpoint }) => !(endpoint in walked)).map(({ endpoint }) => endpoint);
  // Stock is pushed as one number a SKU; eBay's own locations bear on delivery estimates only (§5.4).
  expect(others).toEqual(["GET /sell/inventory/v1/location"]);
});
