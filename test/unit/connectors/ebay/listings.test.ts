import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { ImportedListing } from "../../../../src/connectors/connector.ts";
import { type Bench, contractJson, createBench, errorRow, failureOf, grantTokens, host } from "./harness.ts";

const itemPath = "/sell/inventory/v1/inventory_item";
const item = (sku: string, quantity: number, more: object = {}) => ({
  sku,
  availability: { shipToLocationAvailability: { quantity } },
  product: { title: `Title of ${sku}` },
  ...more,
});
const offer = (offerId: string, availableQuantity: number, more: object = {}) => ({
  offerId,
  format: "FIXED_PRICE",
  status: "PUBLISHED",
  availableQuantity,
  listing: { listingId: "110012345678", listingStatus: "ACTIVE" },
  ...more,
});

const hasItems = (...items: readonly object[]): void => {
  nock(host)
    .get(itemPath)
    .query({ limit: "200", offset: "0" })
    .reply(200, { total: items.length, inventoryItems: items });
};
const hasOffers = (sku: string, ...offers: readonly object[]): void => {
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === sku)
    .reply(200, { total: offers.length, offers });
};
const importOne = async ({ connector, context }: Bench): Promise<ImportedListing | undefined> =>
  (await connector.importListings(null, context)).items[0];

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

test("an imported listing shows the smaller of item and offer, and keeps its live fixed-price offers only", async () => {
  hasItems(item("A b/ü", 9));
  hasOffers(
    "A b/ü",
    offer("1", 7),
    offer("2", 1, { format: "AUCTION" }),
    offer("3", 2, { status: "UNPUBLISHED", listing: undefined }),
  );
  expect(await importOne(createBench())).toEqual({
    ref: "sku:A b/ü",
    details: { lane: "rest", sku: "A b/ü", offerIds: ["1"] },
    aliases: ["item:110012345678"],
    channelSku: "A b/ü",
    title: "Title of A b/ü",
    fulfilledBy: "merchant",
    status: "active",
    units: 7,
  });
});

test.each([
  { why: "404 / 25713", status: 404, errorId: 25713 },
  { why: "a SKU this lane cannot address", status: 400, errorId: 25707 },
])("an item without offers ($why) is imported as shown to nobody", async ({ status, errorId }) => {
  hasItems(item("A", 9));
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query(true)
    .reply(status, { errors: [errorRow(errorId)] });
  expect(await importOne(createBench())).toMatchObject({
    details: { lane: "unoffered", sku: "A" },
    aliases: [],
    status: "inactive",
    units: null,
  });
});

test("the variations of a group claim no alias on the listing id they share", async () => {
  hasItems(item("red", 1, { groupIds: ["shirt"] }));
  hasOffers("red", offer("1", 1));
  expect(await importOne(createBench())).toMatchObject({ aliases: [], details: { lane: "rest" } });
});

test("an ended listing is told as ended", async () => {
  hasItems(item("A", 1));
  hasOffers("A", offer("1", 1, { listing: { listingId: "1", listingStatus: "ENDED" } }));
  expect(await importOne(createBench())).toMatchObject({ status: "ended" });
});

test("a failure to tell one SKU's offers fails the page instead of importing it as unoffered", async () => {
  hasItems(item("A", 1));
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query(true)
    .times(3)
    .reply(500, { errors: [errorRow(25001)] });
  const { connector, context } = createBench();
  expect(await failureOf(connector.importListings(null, context))).toMatchObject({ kind: "retryable" });
});

const Cases = z.object({
  cases: z.array(
    z.object({ endpoint: z.string(), total: z.number(), limit: z.number(), expected_offsets: z.array(z.number()) }),
  ),
});
const { cases } = Cases.parse(contractJson("vectors/page-semantics.json"));

test.each(cases.filter(({ endpoint }) => endpoint.endsWith("/inventory_item")))(
  "$total items are swept by page numbers $expected_offsets",
  async ({ total, limit, expected_offsets }) => {
    const offsets: number[] = [];
    nock(host)
      .persist()
      .get(itemPath)
      .query(true)
      .reply((request: Request) => {
        const page = Number(new URL(request.url).searchParams.get("offset"));
        offsets.push(page);
        const rows = Math.min(limit, total - page * limit);
        return [200, { total, inventoryItems: Array.from({ length: rows }, (_, row) => item(`${page}-${row}`, 1)) }];
      });
    nock(host).persist().get("/sell/inventory/v1/offer").query(true).reply(200, { total: 0, offers: [] });
    const { connector, context } = createBench();
    const refs = new Set<string>();
    let cursor: string | null = null;
    for (let page = 0; page < 9; page += 1) {
      const { items, next, done } = await connector.importListings(cursor, context);
      for (const { ref } of items) refs.add(ref);
      if (done) break;
      cursor = next;
    }
    expect(offsets).toEqual(expected_offsets);
    expect(refs.size).toBe(total);
  },
);
