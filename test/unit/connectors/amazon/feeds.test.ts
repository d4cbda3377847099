import { inspect } from "node:util";
import { gzipSync } from "node:zlib";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Bulk } from "../../../../src/connectors/connector.ts";
import { feedComplaints, requestComplaints, responseComplaints } from "./contract.ts";
import {
  apiOrigin,
  bench,
  errorBody,
  givesTokens,
  quotaExceeded,
  restoreNetwork,
  uriOf,
  withoutNetwork,
  write,
} from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const storeOrigin = "https://store.test";
const presigned = "X-Amz-Signature=presigned-secret";
const place = { feedDocumentId: "doc-in", url: `${storeOrigin}/in?${presigned}` };

type Seen = {
  readonly complaints: string[];
  readonly uploads: { readonly headers: Headers; readonly body: string }[];
  readonly feeds: unknown[];
};

/** Amazon takes documents and feeds, as often as asked. */
const takesFeeds = (): Seen => {
  const seen: Seen = { complaints: [], uploads: [], feeds: [] };
  const post = (path: string, status: number, answer: object, keep?: (body: unknown) => void): void => {
    nock(apiOrigin)
      .post(path)
      .times(50)
      .reply(async (request: Request) => {
        const body: unknown = await request.json();
        seen.complaints.push(...requestComplaints("POST", uriOf(request), body));
        keep?.(body);
        return [status, answer];
      });
  };
  post("/feeds/2021-06-30/documents", 201, place);
  post("/feeds/2021-06-30/feeds", 202, { feedId: "feed-1" }, (body) => seen.feeds.push(body));
  nock(storeOrigin)
    .put("/in")
    .query(true)
    .times(50)
    .reply(async (request: Request) => {
      seen.uploads.push({ headers: request.headers, body: await request.text() });
      return [200, ""];
    });
  return seen;
};
const bulkOf = () => {
  const made = bench();
  const bulk: Bulk | undefined = made.connector.bulk;
  if (bulk === undefined) throw new Error("bulk expected");
  return { bulk, ...made };
};

const feed = (processingStatus: string, more: object = {}) => ({
  feedId: "feed-1",
  feedType: "JSON_LISTINGS_FEED",
  createdTime: "2026-09-01T10:00:00Z",
  processingStatus,
  ...more,
});
const feedIs = (answer: object, status = 200): void => {
  nock(apiOrigin)
    .get("/feeds/2021-06-30/feeds/feed-1")
    .reply((request: Request) => {
      expect(requestComplaints("GET", uriOf(request), undefined)).toEqual([]);
      return [status, answer];
    });
};
const report = (issues: readonly object[], processed: number) => ({
  header: { sellerId: "ASELLER1", version: "2.0", feedId: "feed-1" },
  issues,
  summary: {
    errors: issues.length,
    warnings: 0,
    messagesProcessed: processed,
    messagesAccepted: processed - issues.length,
    messagesInvalid: issues.length,
  },
});
const reportIs = (body: object, gzipped = false): void => {
  feedIs(feed("DONE", { resultFeedDocumentId: "doc-out" }));
  const document = {
    feedDocumentId: "doc-out",
    url: `${storeOrigin}/out?${presigned}`,
    ...(gzipped ? { compressionAlgorithm: "GZIP" } : {}),
  };
  expect(responseComplaints("getFeedDocument", 200, document)).toEqual([]);
  nock(apiOrigin).get("/feeds/2021-06-30/documents/doc-out").reply(200, document);
  const text = JSON.stringify(body);
  nock(storeOrigin)
    .get("/out")
    .query(true)
    .reply((request: Request) => {
      expect(request.headers.get("x-amz-access-token")).toBeNull();
      return [200, gzipped ? gzipSync(text) : text];
    });
};
const refs = ["offer:DEFAULT:B", "offer:DEFAULT:A", "offer:DEFAULT:C"];

test("quantities go out as one document of merges, uploaded without our headers, then named in a feed", async () => {
  givesTokens();
  const seen = takesFeeds();
  const { bulk, context, logged } = bulkOf();
  const answer = await bulk.submit([write("B", 2), write("A/1,2", 1)], "attempt-1", context);
  expect(answer).toEqual({ receipt: "feed-1", outcomes: [] });
  expect(seen.complaints).toEqual([]);
  expect(seen.feeds).toEqual([
    { feedType: "JSON_LISTINGS_FEED", marketplaceIds: ["A1PA6795UKMFR9"], inputFeedDocumentId: "doc-in" },
  ]);
  const [upload] = seen.uploads;
  expect(upload?.headers.get("content-type")).toBe("application/json; charset=UTF-8");
  expect(upload?.headers.get("x-amz-access-token")).toBeNull();
  const document: unknown = JSON.parse(upload?.body ?? "");
  expect(feedComplaints("listings-feed-schema-v2", document)).toEqual([]);
  expect(document).toMatchObject({
    header: { sellerId: "ASELLER1", version: "2.0" },
    messages: [
      {
        messageId: 1,
        sku: "A/1,2",
        operationType: "PATCH",
        productType: "LUGGAGE",
        patches: [
          {
            op: "merge",
            path: "/attributes/fulfillment_availability",
            value: [{ fulfillment_channel_code: "DEFAULT", quantity: 1 }],
          },
        ],
      },
      { messageId: 2, sku: "B" },
    ],
  });
  expect(inspect(logged, { depth: 9 })).not.toContain("presigned-secret");
});

test("stock at Amazon and supply sources never go along, and a document of nothing is not sent", async () => {
  const { bulk, context } = bulkOf();
  const batch = [write("F", 3, { channelCode: "AMAZON_EU" }), write("S", 3, { channelCode: "warehouse-1" })];
  const { receipt, outcomes } = await bulk.submit(batch, "attempt-1", context);
  expect(receipt).toBeNull();
  expect(outcomes).toMatchObject([
    { status: "refused", retry: "never" },
    { status: "refused", retry: "never" },
  ]);
});

test("a document takes 25,000 messages; what is over comes back for later", async () => {
  givesTokens();
  const seen = takesFeeds();
  const { bulk, context } = bulkOf();
  const many = Array.from({ length: 25_003 }, (_, index) => write(`SKU-${index}`, index));
  const { outcomes } = await bulk.submit(many, "attempt-1", context);
  expect(outcomes).toHaveLength(3);
  for (const outcome of outcomes) expect(outcome).toMatchObject({ status: "refused", retry: "later" });
  const { messages } = JSON.parse(seen.uploads[0]?.body ?? "") as { messages: { messageId: number }[] };
  expect([messages.length, messages.at(-1)?.messageId]).toEqual([25_000, 25_000]);
});

test("a feed that waits or runs is pending", async () => {
  givesTokens();
  const { bulk, context } = bulkOf();
  for (const state of ["IN_QUEUE", "IN_PROGRESS"]) {
    expect(responseComplaints("getFeed", 200, feed(state))).toEqual([]);
    feedIs(feed(state));
    expect(await bulk.settle("feed-1", refs, context)).toBe("pending");
  }
});

test.each([false, true])(
  "a done feed refuses exactly the messages that its report names (gzipped: %s)",
  async (gzipped) => {
    givesTokens();
    const body = report([{ messageId: 2, sku: "B", code: "90244", severity: "ERROR", message: "not a number" }], 3);
    expect(feedComplaints("listings-feed-processing-report-schema-v2", body)).toEqual([]);
    reportIs(body, gzipped);
    const { bulk, context } = bulkOf();
    expect(await bulk.settle("feed-1", refs, context)).toEqual([
      { ref: "offer:DEFAULT:A", status: "accepted", receipt: "feed-1" },
      { ref: "offer:DEFAULT:B", status: "refused", retry: "never", reason: "90244: not a number" },
      { ref: "offer:DEFAULT:C", status: "accepted", receipt: "feed-1" },
    ]);
  },
);

test("a warning refuses nothing", async () => {
  givesTokens();
  const warned = report([], 3);
  reportIs({ ...warned, issues: [{ messageId: 1, sku: "A", severity: "WARNING", message: "slow" }] });
  const { bulk, context } = bulkOf();
  expect(await bulk.settle("feed-1", refs, context)).toMatchObject([
    { status: "accepted" },
    { status: "accepted" },
    { status: "accepted" },
  ]);
});

test("an error without a message refuses the whole document, and not for good", async () => {
  givesTokens();
  reportIs({ ...report([], 0), issues: [{ severity: "ERROR", message: "header must be an object" }] });
  const { bulk, context } = bulkOf();
  const outcomes = await bulk.settle("feed-1", refs, context);
  expect(outcomes).toHaveLength(3);
  for (const outcome of outcomes === "pending" ? [] : outcomes)
    expect(outcome).toMatchObject({ status: "refused", retry: "later" });
});

test("amazon trap 3: what a done feed's report does not account for counts as unknown, not as done", async () => {
  givesTokens();
  reportIs(report([], 2));
  const { bulk, context } = bulkOf();
  expect(await bulk.settle("feed-1", refs, context)).toMatchObject([
    { status: "unknown" },
    { status: "unknown" },
    { status: "unknown" },
  ]);
});

test.each([
  ["CANCELLED", "refused"],
  ["FATAL", "unknown"],
  ["DONE", "unknown"],
])("a feed that ends %s without a report leaves its listings %s", async (state, status) => {
  givesTokens();
  feedIs(feed(state));
  const { bulk, context } = bulkOf();
  const outcomes = await bulk.settle("feed-1", refs, context);
  expect(outcomes === "pending" ? outcomes : outcomes.map((outcome) => outcome.status)).toEqual([
    status,
    status,
    status,
  ]);
});

test("a feed that Amazon does not know leaves its listings unknown", async () => {
  givesTokens();
  feedIs(errorBody("NOT_FOUND", "no such feed"), 404);
  const { bulk, context } = bulkOf();
  expect(await bulk.settle("feed-1", refs, context)).toMatchObject([
    { status: "unknown" },
    { status: "unknown" },
    { status: "unknown" },
  ]);
});

test("a failure before a feed names the document has changed nothing; one after may have", async () => {
  givesTokens();
  nock(apiOrigin).post("/feeds/2021-06-30/documents").times(3).reply(500, errorBody("InternalFailure", "oops"));
  const first = bulkOf();
  await expect(first.bulk.submit([write("A", 1)], "a", first.context)).rejects.toMatchObject({
    kind: "retryable",
    ambiguous: false,
  });
  nock(apiOrigin).post("/feeds/2021-06-30/documents").reply(201, place);
  nock(storeOrigin).put("/in").query(true).reply(200, "");
  nock(apiOrigin).post("/feeds/2021-06-30/feeds").reply(500, errorBody("InternalFailure", "oops"));
  await expect(first.bulk.submit([write("A", 1)], "b", first.context)).rejects.toMatchObject({
    kind: "retryable",
    ambiguous: true,
  });
});

test("a redirect of the document store is not followed, and no error shows the address", async () => {
  givesTokens();
  nock(apiOrigin).post("/feeds/2021-06-30/documents").reply(201, place);
  nock(storeOrigin).put("/in").query(true).times(3).reply(307, "", { location: "https://elsewhere.test/" });
  const { bulk, context, logged } = bulkOf();
  const failure: unknown = await bulk.submit([write("A", 1)], "a", context).catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "retryable", ambiguous: false });
  expect(inspect([failure, logged], { depth: 9, showHidden: true })).not.toContain("presigned-secret");
});

test("amazon trap 17: five feeds in five minutes are never exceeded, and a throttle is a wait", async () => {
  givesTokens();
  const seen = takesFeeds();
  const { bulk, context, clock } = bulkOf();
  const times: number[] = [];
  for (let tries = 0; tries < 40; tries += 1) {
    const answer = await bulk.submit([write("A", tries)], "a", context).catch((error: unknown) => error);
    if (seen.feeds.length > times.length) times.push(clock.monotonicMs());
    else expect(answer).toMatchObject({ kind: "throttled" });
    clock.advance(15_000);
  }
  for (const from of times)
    expect(times.filter((at) => at >= from && at < from + 300_000).length).toBeLessThanOrEqual(5);
  expect(times.length).toBeGreaterThan(4);
  nock.cleanAll();
  givesTokens();
  nock(apiOrigin).post("/feeds/2021-06-30/documents").reply(201, place);
  nock(storeOrigin).put("/in").query(true).reply(200, "");
  nock(apiOrigin).post("/feeds/2021-06-30/feeds").reply(429, quotaExceeded);
  clock.advance(600_000);
  await expect(bulk.submit([write("A", 1)], "a", context)).rejects.toMatchObject({
    kind: "throttled",
    ambiguous: false,
  });
});
