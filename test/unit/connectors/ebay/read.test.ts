import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { complaintsAbout } from "./contract.ts";
import { createBench, errorRow, failureOf, grantTokens, host } from "./harness.ts";

const bulkPath = "/sell/inventory/v1/bulk_get_inventory_item";
const handle = (sku: string) => ({ ref: `sku:${sku}`, details: { lane: "rest", sku, offerIds: [`offer-${sku}`] } });
const itemRow = (sku: string, quantity: number) => ({
  sku,
  statusCode: 200,
  inventoryItem: { sku, availability: { shipToLocationAvailability: { quantity } } },
});
const hasOffers = (sku: string, ...quantities: readonly number[]): void => {
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === sku && query["format"] === "FIXED_PRICE")
    .reply(200, {
      total: quantities.length,
      offers: quantities.map((availableQuantity, at) => ({
        offerId: `${at}`,
        status: "PUBLISHED",
        format: "FIXED_PRICE",
        availableQuantity,
      })),
    });
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

test("a listing shows the smaller of its item's and its offer's quantity", async () => {
  const bodies: unknown[] = [];
  nock(host)
    .post(bulkPath)
    .reply(async (request: Request) => {
      bodies.push(await request.json());
      return [200, { responses: [itemRow("B", 4), itemRow("A", 9)] }];
    });
  hasOffers("A", 5);
  hasOffers("B", 8);
  const { connector, context } = createBench();
  expect(await connector.readQuantities([handle("A"), handle("B")], context)).toEqual([
    { ref: "sku:A", units: 5 },
    { ref: "sku:B", units: 4 },
  ]);
  expect(complaintsAbout("BulkGetInventoryItem", bodies[0])).toEqual([]);
});

test("offers that disagree are told with the smallest number and the reason", async () => {
  nock(host)
    .post(bulkPath)
    .reply(200, { responses: [itemRow("A", 9)] });
  hasOffers("A", 5, 3);
  const { connector, context } = createBench();
  expect(await connector.readQuantities([handle("A")], context)).toEqual([
    { ref: "sku:A", units: 3, reason: "its offers disagree: 5, 3" },
  ]);
});

test("an item that eBay does not have, and one whose offer was withdrawn, show nothing and say why", async () => {
  nock(host)
    .post(bulkPath)
    .reply(207, { responses: [{ sku: "gone", statusCode: 404, errors: [errorRow(25710)] }, itemRow("withdrawn", 3)] });
  hasOffers("withdrawn");
  const { connector, context } = createBench();
  expect(await connector.readQuantities([handle("gone"), handle("withdrawn")], context)).toEqual([
    { ref: "sku:gone", units: null, reason: expect.stringContaining("25710") },
    { ref: "sku:withdrawn", units: null, reason: expect.stringContaining("no published") },
  ]);
});

test("a row that failed on eBay's side is no reading: the call fails", async () => {
  nock(host)
    .post(bulkPath)
    .reply(207, { responses: [{ sku: "A", statusCode: 500, errors: [errorRow(25001)] }] });
  const { connector, context } = createBench();
  expect(await failureOf(connector.readQuantities([handle("A")], context))).toMatchObject({
    kind: "retryable",
    ambiguous: false,
  });
});

test("a listing whose offers cannot be read just now is left out, and does not cost the others their reading", async () => {
  nock(host)
    .post(bulkPath)
    .reply(200, { responses: [itemRow("A", 2), itemRow("B", 3)] });
  hasOffers("A", 2);
  nock(host)
    .persist()
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === "B")
    .reply(500, { errors: [errorRow(25001)] });
  const { connector, context } = createBench();
  expect(await connector.readQuantities([handle("A"), handle("B")], context)).toEqual([{ ref: "sku:A", units: 2 }]);
  expect(await failureOf(connector.readQuantities([handle("B")], context))).toMatchObject({ kind: "retryable" });
});

test("a malformed SKU that makes eBay turn down the whole read costs only its own reading", async () => {
  nock(host)
    .persist()
    .post(bulkPath)
    .reply(async (request: Request) => {
      const body = await request.text();
      return body.includes("bad") ? [400, { errors: [errorRow(25708)] }] : [200, { responses: [itemRow("A", 2)] }];
    });
  hasOffers("A", 2);
  const { connector, context } = createBench();
  expect(await connector.readQuantities([handle("A"), handle("bad")], context)).toEqual([
    { ref: "sku:A", units: 2 },
    { ref: "sku:bad", units: null, reason: expect.stringContaining("25708") },
  ]);
});

test("a listing without offers is not asked about", async () => {
  const { connector, context } = createBench();
  const listing = { ref: "sku:X", details: { lane: "unoffered", sku: "X" } };
  expect(await connector.readQuantities([listing], context)).toEqual([
    { ref: "sku:X", units: null, reason: expect.stringContaining("no published") },
  ]);
});
