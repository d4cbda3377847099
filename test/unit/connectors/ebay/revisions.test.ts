import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import {
  createRevisionBook,
  nextUtcDayMs,
  revisionsPerListingPerDay,
  saysRevisedTooOften,
} from "../../../../src/connectors/ebay/revisions.ts";
import { createBench, errorRow, grantTokens, host, nowMs, write } from "./harness.ts";

const path = "/sell/inventory/v1/bulk_update_price_quantity";
const Requests = z.object({
  requests: z.array(z.object({ sku: z.string(), offers: z.array(z.object({ offerId: z.string() })) })),
});

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

/** Takes everything, and counts the calls. */
const takesAll = (refusal?: object): { readonly calls: () => number } => {
  let calls = 0;
  nock(host)
    .persist()
    .post(path)
    .reply(async (request: Request) => {
      calls += 1;
      const { requests } = Requests.parse(await request.json());
      const row = refusal === undefined ? { statusCode: 200 } : { statusCode: 400, errors: [refusal] };
      return [200, { responses: requests.map(({ sku, offers }) => ({ sku, offerId: offers[0]?.offerId, ...row })) }];
    });
  return { calls: () => calls };
};

test("ebay section 3: the 251st revision of a listing on one UTC day is not sent but refused until the next day", async () => {
  const { calls } = takesAll();
  const { connector, context, clock } = createBench();
  for (let at = 0; at < revisionsPerListingPerDay; at += 1)
    await connector.pushQuantities([write("A", at + 1)], `attempt-${at}`, context);
  expect(await connector.pushQuantities([write("A", 1), write("B", 1)], "one more", context)).toEqual([
    {
      ref: "sku:A",
      status: "refused",
      retry: "later",
      reason: expect.stringContaining("no more revisions"),
      notBefore: "2026-11-21T00:00:00.000Z",
    },
    { ref: "sku:B", status: "accepted", receipt: null },
  ]);
  expect(calls()).toBe(revisionsPerListingPerDay + 1);
  clock.advance(nextUtcDayMs(nowMs) - nowMs);
  expect(await connector.pushQuantities([write("A", 1)], "next day", context)).toMatchObject([{ status: "accepted" }]);
  expect(connector.limits.revisionsPerListingPerDay).toBe(250);
});

test("a listing that eBay itself calls revised too often is locked until the next day, without another call", async () => {
  const { calls } = takesAll({ ...errorRow(25019), longMessage: "110 was revised 250 times today" });
  const { connector, context } = createBench();
  const refused = { status: "refused", retry: "later", notBefore: "2026-11-21T00:00:00.000Z" };
  expect(await connector.pushQuantities([write("A", 1)], "attempt-1", context)).toMatchObject([refused]);
  expect(await connector.pushQuantities([write("A", 2)], "attempt-2", context)).toMatchObject([refused]);
  expect(calls()).toBe(1);
});

test("a write whose outcome is unknown costs a revision, a refused one does not", async () => {
  const book = createRevisionBook({ now: () => nowMs }, 1);
  book.count(["o-1"]);
  expect(book.lockedUntil(["o-2"])).toBeUndefined();
  expect(book.lockedUntil(["o-2", "o-1"])).toBe("2026-11-21T00:00:00.000Z");
  takesAll(errorRow(25026));
  const { connector, context } = createBench();
  for (let at = 0; at < 3; at += 1)
    expect(await connector.pushQuantities([write("A", 1)], `attempt-${at}`, context)).toMatchObject([
      { retry: "never" },
    ]);
});

test.each([
  { words: "You have exceeded the maximum number of revisions for this listing today", locked: true },
  { words: "110 was revised 250 times today", locked: true },
  { words: "The listing cannot be revised: it has bids", locked: false },
  { words: "This listing would cause you to exceed the amount you can list", locked: false },
])("eBay's words for a day's limit are known: $words", ({ words, locked }) => {
  expect(saysRevisedTooOften(words)).toBe(locked);
});
