import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { complaintsAbout } from "./contract.ts";
import { contractJson, createBench, errorRow, failureOf, grantTokens, host, write } from "./harness.ts";

const path = "/sell/inventory/v1/bulk_update_price_quantity";
const Requests = z.object({
  requests: z.array(z.object({ sku: z.string(), offers: z.array(z.object({ offerId: z.string() })) })),
});
const Samples = z.object({
  response_all_ok: z.object({ body: z.json() }),
  response_mixed: z.object({ body: z.json() }),
  request: z.json(),
});
const samples = Samples.parse(contractJson("samples/bulkUpdatePriceQuantity.json"));
const sampleBatch = [write("SKU-1", 12, ["36445435465"]), write("SKU-2", 0, ["36445435466"])];

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

test("a push sends both quantities in the contract's shape", async () => {
  const bodies: unknown[] = [];
  nock(host)
    .post(path)
    .reply(async (request: Request) => {
      bodies.push(await request.json());
      return [200, samples.response_all_ok.body];
    });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(sampleBatch, "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["accepted", "accepted"]);
  expect(bodies).toEqual([samples.request]);
  expect(complaintsAbout("BulkPriceQuantity", bodies[0])).toEqual([]);
});

test("the contract check itself notices 26 rows, a misspelt name and a negative quantity", () => {
  const row = {
    sku: "A",
    shipToLocationAvailability: { quantity: 1 },
    offers: [{ offerId: "1", availableQuantity: 1 }],
  };
  expect(complaintsAbout("BulkPriceQuantity", { requests: Array.from({ length: 26 }, () => row) })).not.toEqual([]);
  expect(complaintsAbout("BulkPriceQuantity", { requests: [{ ...row, quantitiy: 1 }] })).not.toEqual([]);
  expect(
    complaintsAbout("BulkPriceQuantity", { requests: [{ ...row, shipToLocationAvailability: { quantity: -1 } }] }),
  ).not.toEqual([]);
});

test("a 207 refuses the one listing and accepts the other", async () => {
  nock(host)
    .post(path)
    .reply(207, JSON.stringify(samples.response_mixed.body), { "Content-Type": "application/json", rlogid: "t6-1" });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(sampleBatch, "attempt-1", context);
  expect(outcomes).toEqual([
    { ref: "sku:SKU-1", status: "accepted", receipt: "t6-1" },
    { ref: "sku:SKU-2", status: "refused", retry: "never", reason: expect.stringContaining("25710") },
  ]);
});

test.each([
  { name: "a lost connection", reply: (scope: nock.Interceptor) => scope.replyWithError("socket hang up") },
  { name: "a 500", reply: (scope: nock.Interceptor) => scope.reply(500, { errors: [errorRow(25001)] }) },
  { name: "a 200 that is no JSON", reply: (scope: nock.Interceptor) => scope.reply(200, "<html>") },
])("$name leaves every listing of the push unknown and is never sent again", async ({ reply }) => {
  reply(nock(host).post(path));
  let again = 0;
  nock(host)
    .post(path)
    .reply(() => {
      again += 1;
      return [200, samples.response_all_ok.body];
    });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(sampleBatch, "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
  expect(again).toBe(0);
});

test("a push that is aborted while eBay works on it is unknown", async () => {
  const abort = new AbortController();
  nock(host)
    .post(path)
    .reply(() => {
      abort.abort(new Error("shutdown"));
      return [200, samples.response_all_ok.body];
    });
  const { connector } = createBench();
  const outcomes = await connector.pushQuantities(sampleBatch, "attempt-1", {
    accountId: "ebay-de",
    signal: abort.signal,
  });
  expect(outcomes.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
});

test("a listing without a published offer is refused for good, without a call", async () => {
  const { connector, context } = createBench();
  const listing = { ref: "sku:X", details: { lane: "unoffered", sku: "X" }, units: 1, expectedUnits: null };
  expect(await connector.pushQuantities([listing], "attempt-1", context)).toEqual([
    {
      ref: "sku:X",
      status: "refused",
      retry: "never",
      reason: expect.stringContaining("no published fixed-price offer"),
    },
  ]);
});

test("one malformed SKU that makes eBay turn down the whole request costs only its own listing", async () => {
  const sent: string[][] = [];
  nock(host)
    .persist()
    .post(path)
    .reply(async (request: Request) => {
      const { requests } = Requests.parse(await request.json());
      sent.push(requests.map(({ sku }) => sku));
      if (requests.some(({ sku }) => sku === "bad")) return [400, { errors: [errorRow(25707)] }];
      return [
        200,
        { responses: requests.map(({ sku, offers }) => ({ sku, statusCode: 200, offerId: offers[0]?.offerId })) },
      ];
    });
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(
    ["a", "b", "bad", "c"].map((sku) => write(sku, 1)),
    "attempt-1",
    context,
  );
  expect(Object.fromEntries(outcomes.map(({ ref, status }) => [ref, status]))).toEqual({
    "sku:a": "accepted",
    "sku:b": "accepted",
    "sku:bad": "refused",
    "sku:c": "accepted",
  });
  expect(sent).toEqual([["a", "b", "bad", "c"], ["a", "b"], ["bad", "c"], ["bad"], ["c"]]);
});

test("too many calls throw `throttled`, write nothing and hold the next call back", async () => {
  nock(host)
    .post(path)
    .reply(429, { errors: [{ errorId: 2001, domain: "ACCESS", category: "REQUEST" }] }, { "Retry-After": "7" });
  nock(host)
    .get(/rate_limit/)
    .reply(500);
  nock(host)
    .get(/rate_limit/)
    .reply(404);
  const { connector, context, deps } = createBench();
  const failure = await failureOf(connector.pushQuantities(sampleBatch, "attempt-1", context));
  expect(failure).toMatchObject({ kind: "throttled", retryAfterMs: 7_000, ambiguous: false });
  expect(await deps.budget.spare("inventory")).toBe(0);
});
