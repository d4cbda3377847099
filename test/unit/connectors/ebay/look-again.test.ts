import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBench, failureOf, grantTokens, host, write } from "./harness.ts";

const readPath = "/sell/inventory/v1/bulk_get_inventory_item";
const writePath = "/sell/inventory/v1/bulk_update_price_quantity";

const item = (sku: string, quantity: number) => ({
  sku,
  statusCode: 200,
  inventoryItem: { availability: { shipToLocationAvailability: { quantity } } },
});
const taken = (sku: string) => ({ sku, offerId: `offer-${sku}`, statusCode: 200 });
const wish = (sku: string, units: number, expectedUnits: number | null) => ({
  ...write(sku, units, [`offer-${sku}`]),
  expectedUnits,
});

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});

test.each([
  { what: "a lowering that would have become a raise", units: 366, expected: 524, left: 20, status: "conflict" },
  { what: "a raise after a sale", units: 600, expected: 524, left: 523, status: "conflict" },
  { what: "a lowering that still lowers", units: 366, expected: 524, left: 400, status: "accepted" },
  { what: "a raise after nothing was sold", units: 600, expected: 524, left: 524, status: "accepted" },
  { what: "a raise after units came back", units: 600, expected: 524, left: 530, status: "accepted" },
])("$what: $status", async ({ units, expected, left, status }) => {
  nock(host)
    .post(readPath)
    .reply(200, { responses: [item("A", left)] });
  if (status === "accepted")
    nock(host)
      .post(writePath)
      .reply(200, { responses: [taken("A")] });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([wish("A", units, expected)], "attempt-1", context);
  expect(outcomes).toMatchObject([{ ref: "sku:A", status }]);
});

test("what was not sold goes out although a neighbour was", async () => {
  nock(host)
    .post(readPath)
    .reply(200, { responses: [item("A", 1), item("B", 9)] });
  nock(host)
    .post(writePath, (body: { requests: { sku: string }[] }) => body.requests.map(({ sku }) => sku).join() === "B")
    .reply(200, { responses: [taken("B")] });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([wish("A", 5, 9), wish("B", 5, 9)], "attempt-1", context);
  expect(new Map(outcomes.map(({ ref, status }) => [ref, status]))).toEqual(
    new Map([
      ["sku:A", "conflict"],
      ["sku:B", "accepted"],
    ]),
  );
});

test("zero is written without a look: it puts nothing on sale", async () => {
  nock(host)
    .post(writePath)
    .reply(200, { responses: [taken("A")] });
  nock(host)
    .get(/privilege/)
    .optionally()
    .reply(200, {});
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([wish("A", 0, 9)], "attempt-1", context);
  expect(outcomes).toMatchObject([{ status: "accepted" }]);
});

test("a look that fails means that nothing was written", async () => {
  nock(host).post(readPath).times(3).reply(500, {});
  const { connector, context } = createBench();
  const failure = await failureOf(connector.pushQuantities([wish("A", 5, 9)], "attempt-1", context));
  expect(failure).toMatchObject({ kind: "retryable", ambiguous: false });
});
