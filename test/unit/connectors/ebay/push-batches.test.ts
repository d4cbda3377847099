import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createBench, errorRow, grantTokens, host, write } from "./harness.ts";

const path = "/sell/inventory/v1/bulk_update_price_quantity";
const Requests = z.object({
  requests: z.array(z.object({ sku: z.string(), offers: z.array(z.object({ offerId: z.string() })) })),
});
type Requests = z.infer<typeof Requests>["requests"];

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

/** Answers every push and keeps the SKUs of each call. */
const answersWith = (answer: (requests: Requests, call: number) => [number, object]): string[][] => {
  const sent: string[][] = [];
  nock(host)
    .persist()
    .post(path)
    .reply(async (request: Request) => {
      const { requests } = Requests.parse(await request.json());
      sent.push(requests.map(({ sku }) => sku));
      return answer(requests, sent.length);
    });
  return sent;
};
const rowsFor = (requests: Requests) => ({
  responses: requests.map(({ sku, offers }) => ({ sku, statusCode: 200, offerId: offers[0]?.offerId })),
});
const skus = (count: number): string[] => Array.from({ length: count }, (_, at) => `S${at}`);

test.each([
  { batchMax: 25, calls: [25, 25, 10] },
  { batchMax: 1, calls: Array.from({ length: 60 }, () => 1) },
])("60 listings go out in calls of at most $batchMax", async ({ batchMax, calls }) => {
  const sent = answersWith((requests) => [200, rowsFor(requests)]);
  const { connector, context } = createBench({ pushBatchMax: batchMax });
  const outcomes = await connector.pushQuantities(
    skus(60).map((sku) => write(sku, 1)),
    "attempt-1",
    context,
  );
  expect(sent.map(({ length }) => length)).toEqual(calls);
  expect(outcomes.every(({ status }) => status === "accepted")).toBe(true);
});

test("25 rows refused as a whole for one of them are halved until the one stands alone", async () => {
  const sent = answersWith((requests) =>
    requests.some(({ sku }) => sku === "S7") ? [400, { errors: [errorRow(25709)] }] : [200, rowsFor(requests)],
  );
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(
    skus(25).map((sku) => write(sku, 1)),
    "attempt-1",
    context,
  );
  expect(outcomes.filter(({ status }) => status === "refused").map(({ ref }) => ref)).toEqual(["sku:S7"]);
  expect(outcomes.filter(({ status }) => status === "accepted")).toHaveLength(24);
  // 25, 13 + 12, then one half of each level: 2·log2 calls instead of 25.
  expect(sent.length).toBeLessThanOrEqual(11);
  expect(new Set(sent.filter((call) => !call.includes("S7")).flat()).size).toBe(24);
});

test("a throttle after the first call of a push refuses the rest for now and keeps what is known", async () => {
  nock(host)
    .persist()
    .get(/rate_limit/)
    .reply(404);
  answersWith((requests, call) =>
    call === 1 ? [200, rowsFor(requests)] : [429, { errors: [{ errorId: 2001, category: "REQUEST" }] }],
  );
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities(
    skus(30).map((sku) => write(sku, 1)),
    "attempt-1",
    context,
  );
  expect(outcomes.filter(({ status }) => status === "accepted")).toHaveLength(25);
  expect(outcomes.slice(25)).toMatchObject(Array.from({ length: 5 }, () => ({ status: "refused", retry: "later" })));
});

test("an offer published anew is looked up once, and the write goes to it", async () => {
  const sent = answersWith((requests) => [
    207,
    {
      responses: requests.map(({ sku, offers }) =>
        offers[0]?.offerId === "new"
          ? { sku, statusCode: 200, offerId: "new" }
          : { sku, statusCode: 404, offerId: offers[0]?.offerId, errors: [errorRow(25713)] },
      ),
    },
  ]);
  const offer = (offerId: string, status: string) => ({ offerId, status, format: "FIXED_PRICE" });
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === "A")
    .reply(200, { total: 2, offers: [offer("new", "PUBLISHED"), offer("draft", "UNPUBLISHED")] });
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === "B")
    .reply(404);
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([write("A", 1), write("B", 1)], "attempt-1", context);
  expect(Object.fromEntries(outcomes.map(({ ref, status }) => [ref, status]))).toEqual({
    "sku:A": "accepted",
    "sku:B": "refused",
  });
  expect(sent).toEqual([["A", "B"], ["A"]]);
});

test("more offers of one SKU than a call takes are refused without a call", async () => {
  const { connector, context } = createBench();
  expect(await connector.pushQuantities([write("A", 1, skus(26))], "attempt-1", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("at most 25 offers") },
  ]);
});
