import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { requestComplaints, responseComplaints } from "./contract.ts";
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

const path = (sku: string): string => `/listings/2021-08-01/items/ASELLER1/${encodeURIComponent(sku)}`;
const patch = (sku: string) => nock(apiOrigin).patch(path(sku)).query(true);
const acceptedBody = (sku: string, submissionId = "s-1") => ({ sku, status: "ACCEPTED", submissionId, issues: [] });

test("amazon traps 1 and 5: a quantity goes out as a merge of the merchant row alone, as Amazon's model wants it", async () => {
  givesTokens();
  const seen: { uri: string; body: unknown; token: string | null }[] = [];
  patch("SKU-1").reply(async (request: Request) => {
    seen.push({ uri: uriOf(request), body: await request.json(), token: request.headers.get("x-amz-access-token") });
    return [200, acceptedBody("SKU-1", "a1b2c3")];
  });
  const { connector, context } = bench();
  const outcomes = await connector.pushQuantities([write("SKU-1", 7)], "attempt-1", context);
  expect(outcomes).toEqual([{ ref: "offer:DEFAULT:SKU-1", status: "accepted", receipt: "a1b2c3" }]);
  expect(seen).toHaveLength(1);
  expect(requestComplaints("PATCH", seen[0]?.uri ?? "", seen[0]?.body)).toEqual([]);
  expect(seen[0]?.body).toEqual({
    productType: "LUGGAGE",
    patches: [
      {
        op: "merge",
        path: "/attributes/fulfillment_availability",
        value: [{ fulfillment_channel_code: "DEFAULT", quantity: 7 }],
      },
    ],
  });
  expect(seen[0]?.uri).toContain("marketplaceIds=A1PA6795UKMFR9&");
  expect(seen[0]?.token).toBe("Atza|1");
});

test("the answers these tests pretend are Amazon's fit its model", () => {
  expect(responseComplaints("patchListingsItem", 200, acceptedBody("SKU-1"))).toEqual([]);
  expect(responseComplaints("patchListingsItem", 429, quotaExceeded)).toEqual([]);
});

test("amazon trap 20: a SKU with slash, space, percent and letters of other alphabets is encoded once", async () => {
  givesTokens();
  const sku = "A/B C%2F+Ä&?,#";
  const uris: string[] = [];
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .reply((request: Request) => {
      uris.push(uriOf(request));
      return [200, acceptedBody(sku)];
    });
  const { connector, context } = bench();
  await connector.pushQuantities([write(sku, 1)], "attempt-1", context);
  const segment = uris[0]?.split("?")[0]?.split("/").at(-1);
  expect(segment).toBe("A%2FB%20C%252F%2B%C3%84%26%3F%2C%23");
  expect(decodeURIComponent(segment ?? "")).toBe(sku);
});

test("amazon traps 6 and 7: a listing fulfilled by Amazon, a supply source, foreign details and an unaddressable SKU are refused without a call", async () => {
  const { connector, context } = bench();
  const batch = [
    write("SKU-1", 3, { channelCode: "AMAZON_EU" }),
    write("SKU-2", 3, { channelCode: "9f2c-warehouse" }),
    { ...write("SKU-3", 3), details: { offerId: "1" } },
    write("..", 3),
  ];
  const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
  expect(outcomes.map(({ ref, status }) => [ref, status])).toEqual(batch.map(({ ref }) => [ref, "refused"]));
  for (const outcome of outcomes) expect(outcome).toMatchObject({ retry: "never" });
  expect(outcomes[0]).toMatchObject({ reason: "fulfilled by Amazon (AMAZON_EU): never written" });
});

test("an invalid submission is refused for good with Amazon's words, errors before warnings", async () => {
  givesTokens();
  const issues = [
    { code: "1", message: "only a warning", severity: "WARNING", categories: [] },
    { code: "90000900", message: "The attributes are invalid.", severity: "ERROR", categories: ["INVALID_ATTRIBUTE"] },
  ];
  const body = { sku: "SKU-1", status: "INVALID", submissionId: "s-1", issues };
  expect(responseComplaints("patchListingsItem", 200, body)).toEqual([]);
  patch("SKU-1").reply(200, body);
  const { connector, context } = bench();
  expect(await connector.pushQuantities([write("SKU-1", 7)], "attempt-1", context)).toEqual([
    { ref: "offer:DEFAULT:SKU-1", status: "refused", retry: "never", reason: "90000900: The attributes are invalid." },
  ]);
});

test("an answer that is not understood leaves the listing unknown", async () => {
  givesTokens();
  patch("SKU-1").reply(200, "<html>a gateway's page</html>");
  const { connector, context } = bench();
  expect(await connector.pushQuantities([write("SKU-1", 7)], "attempt-1", context)).toMatchObject([
    { status: "unknown" },
  ]);
});

test("a lost answer leaves the listing unknown and is never sent again", async () => {
  givesTokens();
  const lost = patch("SKU-1").replyWithError(Object.assign(new Error("socket hang up"), { code: "ECONNRESET" }));
  const again = patch("SKU-1").reply(200, acceptedBody("SKU-1"));
  const { connector, context } = bench();
  expect(await connector.pushQuantities([write("SKU-1", 7)], "attempt-1", context)).toMatchObject([
    { status: "unknown" },
  ]);
  expect(lost.isDone()).toBe(true);
  expect(again.pendingMocks()).toHaveLength(1);
});

test("a server error concerns its own SKU: that one is unknown, the others go on", async () => {
  givesTokens();
  patch("SKU-1").reply(500, errorBody("InternalFailure", "We encountered an internal error."));
  patch("SKU-2").reply(200, acceptedBody("SKU-2"));
  const { connector, context } = bench();
  const outcomes = await connector.pushQuantities([write("SKU-1", 1), write("SKU-2", 2)], "attempt-1", context);
  expect(new Map(outcomes.map(({ ref, status }) => [ref, status]))).toEqual(
    new Map([
      ["offer:DEFAULT:SKU-1", "unknown"],
      ["offer:DEFAULT:SKU-2", "accepted"],
    ]),
  );
});

test("a connection that was never made throws as retryable, and nothing is in doubt", async () => {
  givesTokens();
  patch("SKU-1").replyWithError(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
  const { connector, context } = bench();
  await expect(connector.pushQuantities([write("SKU-1", 7)], "attempt-1", context)).rejects.toMatchObject({
    kind: "retryable",
  });
});

test("an unknown SKU is refused for good and does not hold up the others", async () => {
  givesTokens();
  patch("GONE").reply(400, errorBody("BAD_REQUEST", "Invalid input", "Invalid input"));
  patch("SKU-2").reply(200, acceptedBody("SKU-2"));
  const { connector, context } = bench();
  const outcomes = await connector.pushQuantities([write("GONE", 1), write("SKU-2", 2)], "attempt-1", context);
  expect(outcomes).toContainEqual({
    ref: "offer:DEFAULT:GONE",
    status: "refused",
    retry: "never",
    reason: "Amazon answered 400 BAD_REQUEST: Invalid input",
  });
  expect(outcomes).toContainEqual({ ref: "offer:DEFAULT:SKU-2", status: "accepted", receipt: "s-1" });
});

test("a throttle in the middle keeps what was answered and gives the rest back for later", async () => {
  givesTokens();
  const skus = Array.from({ length: 20 }, (_, index) => `SKU-${index}`);
  let calls = 0;
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .times(20)
    .reply((request: Request) => {
      calls += 1;
      if (calls > 4) return [429, quotaExceeded];
      return [200, acceptedBody(decodeURIComponent(uriOf(request).split("?")[0]?.split("/").at(-1) ?? ""))];
    });
  const { connector, context } = bench();
  const outcomes = await connector.pushQuantities(
    skus.map((sku) => write(sku, 1)),
    "attempt-1",
    context,
  );
  expect(outcomes).toHaveLength(20);
  expect(new Set(outcomes.map(({ ref }) => ref)).size).toBe(20);
  expect(outcomes.filter(({ status }) => status === "accepted")).toHaveLength(4);
  for (const outcome of outcomes.filter(({ status }) => status !== "accepted")) {
    expect(outcome).toMatchObject({ status: "refused", retry: "later" });
  }
  expect(calls).toBeLessThan(9);
});

test("a throttle before anything was taken throws with a wait, and until then nothing is sent", async () => {
  givesTokens();
  let calls = 0;
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .times(10)
    .reply(() => {
      calls += 1;
      return [429, quotaExceeded];
    });
  const { connector, context, clock } = bench();
  const push = () => connector.pushQuantities([write("SKU-1", 1)], "attempt-1", context);
  const failure: unknown = await push().catch((error: unknown) => error);
  expect(failure).toMatchObject({ kind: "throttled" });
  const retryAfterMs = (failure as { retryAfterMs: number }).retryAfterMs;
  expect(retryAfterMs).toBeGreaterThanOrEqual(250);
  await expect(push()).rejects.toMatchObject({ kind: "throttled" });
  expect(calls).toBe(1);
  clock.advance(retryAfterMs);
  const again: unknown = await push().catch((error: unknown) => error);
  expect(calls).toBe(2);
  expect((again as { retryAfterMs: number }).retryAfterMs).toBeGreaterThan(retryAfterMs);
});

test("credentials that Amazon rejects throw as auth, and no further SKU is tried", async () => {
  givesTokens();
  let calls = 0;
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .times(20)
    .reply(() => {
      calls += 1;
      return [
        403,
        errorBody(
          "Unauthorized",
          "Access to requested resource is denied.",
          "Access token is revoked, malformed or invalid.",
        ),
      ];
    });
  const { connector, context } = bench();
  const batch = Array.from({ length: 20 }, (_, index) => write(`SKU-${index}`, 1));
  await expect(connector.pushQuantities(batch, "attempt-1", context)).rejects.toMatchObject({ kind: "auth" });
  expect(calls).toBeLessThanOrEqual(4);
});

test("an aborted call leaves what was under way unknown and sends nothing more", async () => {
  givesTokens();
  const stop = new AbortController();
  let calls = 0;
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .times(20)
    .reply(() => {
      calls += 1;
      stop.abort(new Error("shutting down"));
      return [200, acceptedBody("SKU")];
    });
  const { connector, context } = bench({}, stop.signal);
  const batch = Array.from({ length: 20 }, (_, index) => write(`SKU-${index}`, 1));
  const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
  expect(outcomes).toHaveLength(20);
  expect(calls).toBeLessThanOrEqual(4);
  const later = outcomes.filter((outcome) => outcome.status === "refused" && outcome.retry === "later");
  const unknown = outcomes.filter(({ status }) => status === "unknown" || status === "accepted");
  expect(unknown.length).toBeGreaterThan(0);
  expect(later.length + unknown.length).toBe(20);
});

test("amazon trap 16: a batch keeps to five calls a second after the first five", async () => {
  givesTokens();
  nock(apiOrigin)
    .patch((uri) => uri.startsWith("/listings/"))
    .query(true)
    .times(20)
    .reply(200, acceptedBody("SKU"));
  const { connector, context, clock } = bench();
  await connector.pushQuantities(
    Array.from({ length: 20 }, (_, index) => write(`SKU-${index}`, 1)),
    "attempt-1",
    context,
  );
  expect(clock.sleptMs()).toBeGreaterThanOrEqual(2_900);
  expect(clock.sleptMs()).toBeLessThan(3_500);
});

test("amazon trap 2: two writes that want different quantities of one SKU are both refused, in whatever marketplace", async () => {
  givesTokens();
  patch("SKU-2").reply(200, acceptedBody("SKU-2"));
  const { connector, context } = bench();
  const french = { ...write("SKU-1", 4, { marketplaceId: "A13V1IB3VIYZZH" }), ref: "french" };
  const batch = [write("SKU-1", 3), french, write("SKU-2", 2)];
  const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
  expect(new Map(outcomes.map(({ ref, status }) => [ref, status]))).toEqual(
    new Map([
      ["offer:DEFAULT:SKU-1", "refused"],
      ["french", "refused"],
      ["offer:DEFAULT:SKU-2", "accepted"],
    ]),
  );
  const bulk = await connector.bulk?.submit([write("SKU-1", 3), french], "attempt-2", context);
  expect(bulk).toMatchObject({ receipt: null, outcomes: [{ status: "refused" }, { status: "refused" }] });
});

test("amazon trap 4: what Amazon took is accepted, with ten minutes to show; nothing here calls it done", async () => {
  givesTokens();
  patch("SKU-1").reply(200, acceptedBody("SKU-1", "s-9"));
  const { connector, context } = bench();
  expect(await connector.pushQuantities([write("SKU-1", 1)], "attempt-1", context)).toEqual([
    { ref: "offer:DEFAULT:SKU-1", status: "accepted", receipt: "s-9" },
  ]);
  expect(connector.limits.settleMs).toBe(600_000);
});
