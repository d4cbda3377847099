import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { contractJson, createBench, failureOf, grantTokens, host, nowMs, write } from "./harness.ts";

const ErrorSample = z.object({ status: z.number(), body: z.json() });
const errors = z.record(z.string(), ErrorSample).parse(contractJson("samples/errors.json"));
const sample = (name: string): { status: number; body: string } => {
  const found = errors[name];
  if (found === undefined) throw new Error(`no sample ${name}`);
  return { status: found.status, body: JSON.stringify(found.body) };
};
const json = { "Content-Type": "application/json" };
const orders = "/sell/fulfillment/v1/order";
const none = { total: 0, orders: [] };

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

test("every call names its languages and the seller's token", async () => {
  const { forms } = grantTokens();
  const seen: Record<string, string>[] = [];
  nock(host)
    .get(orders)
    .query(true)
    .reply((request: Request) => {
      seen.push(Object.fromEntries(request.headers));
      return [200, none];
    });
  const { connector, context } = createBench();
  await connector.pullOrders(null, context);
  expect(seen[0]).toMatchObject({
    authorization: "Bearer refresh_token-1",
    "accept-language": "en-US",
    "content-language": "en-US",
  });
  expect(Object.fromEntries(forms[0] ?? [])).toEqual({ grant_type: "refresh_token", refresh_token: "refresh-token" });
});

test("a token serves until four fifths of its life, and callers at once share one mint", async () => {
  const { forms } = grantTokens();
  nock(host).persist().get(orders).query(true).reply(200, none);
  const { connector, context, clock } = createBench();
  await Promise.all([
    connector.pullOrders(null, context),
    connector.pullOrders(null, context),
    connector.pullOrders(null, context),
  ]);
  clock.advance(7200 * 800 - 1);
  await connector.pullOrders(null, context);
  expect(forms).toHaveLength(1);
  clock.advance(1);
  await connector.pullOrders(null, context);
  expect(forms).toHaveLength(2);
});

test.each(["expired_token_rest", "expired_token_inventory_variant"])(
  "%s refreshes the token once and the write goes through",
  async (name) => {
    grantTokens();
    const { status, body } = sample(name);
    const used: unknown[] = [];
    const path = "/sell/inventory/v1/bulk_update_price_quantity";
    nock(host)
      .post(path)
      .reply((request: Request) => {
        used.push(request.headers.get("authorization"));
        return [status, body, json];
      });
    nock(host)
      .post(path)
      .reply((request: Request) => {
        used.push(request.headers.get("authorization"));
        return [200, { responses: [{ sku: "A", offerId: "offer-A", statusCode: 200 }] }];
      });
    const { connector, context } = createBench();
    const outcomes = await connector.pushQuantities([write("A", 2)], "attempt-1", context);
    expect(outcomes).toEqual([{ ref: "sku:A", status: "accepted", receipt: null }]);
    expect(used).toEqual(["Bearer refresh_token-1", "Bearer refresh_token-2"]);
  },
);

test("a token refused again after its refresh is a matter of rights: `auth`", async () => {
  const { forms } = grantTokens();
  const { status, body } = sample("expired_token_inventory_variant");
  nock(host).get(orders).query(true).times(2).reply(status, body, json);
  const { connector, context } = createBench();
  expect(await failureOf(connector.pullOrders(null, context))).toMatchObject({ kind: "auth", channelCode: "1100" });
  expect(forms).toHaveLength(2);
});

test.each(["oauth_invalid_grant", "oauth_invalid_scope"])(
  "%s is not retried: the merchant must consent again",
  async (name) => {
    const { status, body } = sample(name);
    const mint = nock(host).post("/identity/v1/oauth2/token").once().reply(status, body, json);
    const { connector, context } = createBench();
    const failure = await failureOf(connector.pullOrders(null, context));
    expect(failure.kind).toBe("auth");
    expect(failure.message).not.toContain("refresh-token");
    expect(mint.isDone()).toBe(true);
  },
);

test("the token endpoint's 429, in the shape of the REST errors, is a throttle", async () => {
  const { status, body } = sample("rate_limited");
  nock(host).post("/identity/v1/oauth2/token").once().reply(status, body, json);
  const { connector, context } = createBench();
  expect(await failureOf(connector.pullOrders(null, context))).toMatchObject({ kind: "throttled" });
});

test("a day's quota used up waits until eBay's own reset", async () => {
  grantTokens();
  const { status, body } = sample("rate_limited");
  const reset = "2026-11-21T07:00:00.000Z";
  nock(host).get(orders).query(true).reply(status, body, json);
  nock(host)
    .get("/developer/analytics/v1_beta/rate_limit/")
    .query({ api_context: "sell", api_name: "fulfillment" })
    .matchHeader("authorization", "Bearer client_credentials-2")
    .reply(200, {
      rateLimits: [
        {
          resources: [
            { name: "sell.fulfillment", rates: [{ limit: 100_000, remaining: 0, reset, timeWindow: 86_400 }] },
          ],
        },
      ],
    });
  const { connector, context } = createBench();
  const failure = await failureOf(connector.pullOrders(null, context));
  expect(failure).toMatchObject({ kind: "throttled", retryAfterMs: Date.parse(reset) - nowMs });
});

test("a burst's 429 is waited out a few times while the day has calls left, then told", async () => {
  grantTokens();
  const { status, body } = sample("rate_limited");
  const limits = z.object({ body: z.json() }).parse(contractJson("samples/getRateLimits.json")).body;
  let refusals = 0;
  nock(host)
    .persist()
    .get(orders)
    .query(true)
    .reply(() => {
      refusals += 1;
      return [status, body, json];
    });
  nock(host)
    .persist()
    .get(/rate_limit/)
    .query(true)
    .reply(200, JSON.stringify(limits), json);
  const { connector, context } = createBench();
  const { retryAfterMs } = await failureOf(connector.pullOrders(null, context));
  expect(refusals).toBe(6);
  expect(retryAfterMs).toBeGreaterThanOrEqual(500);
  expect(retryAfterMs).toBeLessThanOrEqual(5_000);
});

test("a call aborted before it starts fails as a ChannelError and sends nothing", async () => {
  const { connector } = createBench();
  const failure = await failureOf(
    connector.pullOrders(null, { accountId: "ebay-de", signal: AbortSignal.abort(new Error("shutdown")) }),
  );
  expect(failure).toMatchObject({ kind: "retryable", ambiguous: false });
});
