import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { classOf, type ErrorClass } from "../../../src/connectors/ebay/error-classes.ts";
import type { FailureKind } from "../../../src/core/failure.ts";
import { contractJson, createBench, failureOf, grantTokens, host, write } from "../../unit/connectors/ebay/harness.ts";
import { printTally, tally } from "./tally.ts";

const Samples = z.record(z.string(), z.object({ status: z.number(), body: z.json() }));
const samples = Samples.parse(contractJson("samples/errors.json"));
const json = { "Content-Type": "application/json" };
const orders = "/sell/fulfillment/v1/order";
const bulk = "/sell/inventory/v1/bulk_update_price_quantity";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => printTally("eBay errors"));

/** What each recorded answer of a call means for its caller. */
const kinds: Readonly<Record<string, FailureKind>> = {
  expired_token_rest: "auth",
  expired_token_inventory_variant: "auth",
  rate_limited: "throttled",
  bad_accept_language: "permanent",
  sku_not_found: "permanent",
  system_error: "retryable",
  oauth_invalid_grant: "auth",
  oauth_invalid_scope: "auth",
};

test.each(Object.entries(samples))("recorded answer %s", async (name, { status, body }) => {
  const atToken = name.startsWith("oauth_");
  if (!atToken) grantTokens();
  nock(host).persist().post("/identity/v1/oauth2/token").reply(status, JSON.stringify(body), json);
  nock(host)
    .persist()
    .get(/rate_limit/)
    .reply(404);
  nock(host).persist().get(orders).query(true).reply(status, JSON.stringify(body), json);
  const { connector, context } = createBench();
  const failure = await failureOf(connector.pullOrders(null, context));
  expect(failure.kind).toBe(kinds[name]);
  expect(failure.ambiguous).toBe(false);
  tally("recorded answers");
});

/** The table of the channel document, §4, every row. `refused`: what becomes of a listing whose row has the error. */
const table: readonly { readonly ids: readonly number[]; readonly is: ErrorClass; readonly outcome: object }[] = [
  { ids: [25001], is: "system", outcome: { status: "unknown" } },
  { ids: [25025], is: "busy", outcome: { status: "refused", retry: "later" } },
  { ids: [25002], is: "parked", outcome: { status: "refused", retry: "never" } },
  { ids: [25004], is: "bug", outcome: { status: "refused", retry: "never" } },
  { ids: [25019], is: "parked", outcome: { status: "refused", retry: "never" } },
  { ids: [25026], is: "parked", outcome: { status: "refused", retry: "never" } },
  { ids: [25096, 25097, 25098], is: "parked", outcome: { status: "refused", retry: "never" } },
  { ids: [25604], is: "bug", outcome: { status: "refused", retry: "never" } },
  {
    ids: [25701, 25702, 25710],
    is: "gone",
    outcome: { status: "refused", retry: "never", reason: /import the listings again/ },
  },
  { ids: [25706], is: "bug", outcome: { status: "refused", retry: "never" } },
  { ids: [25707, 25709], is: "bug", outcome: { status: "refused", retry: "never" } },
  // The document parks it; the connector looks at the offers once more before a person must.
  { ids: [25713], is: "gone", outcome: { status: "refused", retry: "never" } },
  { ids: [25718], is: "legacy", outcome: { status: "refused", retry: "never" } },
  { ids: [25759], is: "parked", outcome: { status: "refused", retry: "never" } },
];
const rows = table.flatMap(({ ids, ...row }) => ids.map((errorId) => ({ errorId, ...row })));

const outcomeWith = async (row: object): Promise<unknown> => {
  grantTokens();
  nock(host).get("/sell/inventory/v1/offer").query(true).reply(404);
  nock(host)
    .post(bulk)
    .reply(207, { responses: [{ sku: "A", offerId: "offer-A", ...row }] });
  const { connector, context } = createBench();
  return (await connector.pushQuantities([write("A", 1)], "attempt-1", context))[0];
};

test.each(rows)("$errorId is $is, and a listing with it is treated so", async ({ errorId, is, outcome }) => {
  expect(classOf({ errorId })).toBe(is);
  const { reason, ...rest } = { reason: /./, ...outcome };
  const told = await outcomeWith({ statusCode: 400, errors: [{ errorId, message: "said eBay" }] });
  expect(told).toMatchObject({ ...rest, reason: expect.stringMatching(reason) });
  tally("rows of the error table");
});

test("25402 beside a success is a warning, and the listing is accepted", async () => {
  expect(classOf({ errorId: 25402 })).toBe("warning");
  const told = await outcomeWith({ statusCode: 200, warnings: [{ errorId: 25402, message: "said eBay" }] });
  expect(told).toMatchObject({ status: "accepted" });
  tally("rows of the error table");
});

test.each([
  { category: "APPLICATION", is: "system", kind: "retryable" },
  { category: "REQUEST", is: "bug", kind: "permanent" },
  { category: "BUSINESS", is: "parked", kind: "permanent" },
] as const)("an id that nobody has heard of is judged by its category $category", async ({ category, is, kind }) => {
  expect(classOf({ errorId: 99_999, category })).toBe(is);
  grantTokens();
  nock(host)
    .persist()
    .get(orders)
    .query(true)
    .reply(400, { errors: [{ errorId: 99_999, category, message: "new" }] });
  const { connector, context } = createBench();
  expect((await failureOf(connector.pullOrders(null, context))).kind).toBe(kind);
  tally("categories");
});
