import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBench, errorRow, grantTokens, host } from "./harness.ts";
import { hasTrading, outOfStockControl } from "./trading.ts";

const date = (iso: string) => ({ Date: new Date(iso).toUTCString() });
const limits = (remaining: number) => ({
  rateLimits: [
    {
      resources: [
        { name: "x", rates: [{ limit: 1000, remaining, reset: "2026-11-21T07:00:00.000Z", timeWindow: 86_400 }] },
      ],
    },
  ],
});
const subscription = (topicId: string) => ({
  subscriptionId: `s-${topicId}`,
  topicId,
  status: "ENABLED",
  destinationId: "d-1",
});
const notification = "/commerce/notification/v1";
/** The seller's subscriptions; the application's own come under its own token. */
const hasSubscriptions = (seller: readonly object[], application: readonly object[]): void => {
  for (const [grant, subscriptions] of [
    ["refresh_token", seller],
    ["client_credentials", application],
  ] as const) {
    nock(host)
      .get(`${notification}/subscription`)
      .query({ limit: "100" })
      .matchHeader("authorization", new RegExp(grant))
      .reply(200, { subscriptions });
  }
};
const hasDestination = (status: string): void => {
  nock(host)
    .get(`${notification}/destination`)
    .query({ limit: "100" })
    .reply(200, {
      destinations: [
        { destinationId: "d-1", status, deliveryConfig: { endpoint: "https://sync.example.com/hooks/ebay" } },
      ],
    });
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const failedOnes = async (): Promise<readonly string[]> => {
  const { connector, context } = createBench();
  const findings = [...(await connector.check(context)), ...((await connector.subscriptions?.audit(context)) ?? [])];
  return findings.filter(({ ok }) => !ok).map(({ check, fix }) => `${check}: ${fix}`);
};

test("an account in good order has nothing to complain about", async () => {
  hasTrading("GetUserPreferences", outOfStockControl(true));
  nock(host).get("/sell/inventory/v1/inventory_item").query(true).reply(200, { total: 0 });
  nock(host).get("/sell/fulfillment/v1/order").query(true).reply(200, { total: 0 }, date("2026-11-20T10:30:02.000Z"));
  nock(host).get("/developer/analytics/v1_beta/rate_limit/").query(true).times(2).reply(200, limits(900));
  nock(host).get(`${notification}/config`).reply(200, { alertEmail: "stock@example.com" });
  hasDestination("ENABLED");
  hasSubscriptions(
    [subscription("ORDER_CONFIRMATION"), subscription("ORDER_CANCELLATION_ACTIVITY")],
    [subscription("MARKETPLACE_ACCOUNT_DELETION")],
  );
  expect(await failedOnes()).toEqual([]);
});

test("a missing scope, a wrong clock, a spent quota, a lost subscription and a dead destination are each told with a fix", async () => {
  hasTrading("GetUserPreferences", outOfStockControl(false));
  nock(host)
    .get("/sell/inventory/v1/inventory_item")
    .query(true)
    .times(2)
    .reply(403, { errors: [errorRow(1100, "Access denied")] });
  nock(host).get("/sell/fulfillment/v1/order").query(true).reply(200, { total: 0 }, date("2026-11-20T10:00:00.000Z"));
  nock(host).get("/developer/analytics/v1_beta/rate_limit/").query(true).times(2).reply(200, limits(5));
  nock(host).get(`${notification}/config`).reply(404);
  hasDestination("MARKED_DOWN");
  hasSubscriptions([subscription("ORDER_CONFIRMATION")], []);
  expect(await failedOnes()).toEqual([
    expect.stringMatching(/^inventory: .*sell\.inventory/),
    expect.stringMatching(/^clock: .*NTP/),
    expect.stringMatching(/^quota inventory: /),
    expect.stringMatching(/^quota fulfillment: /),
    expect.stringMatching(/^out-of-stock control: My eBay/),
    expect.stringMatching(/^alert address: Run `lockstep connect`/),
    expect.stringMatching(/^destination: Enable/),
    expect.stringMatching(/^subscription ORDER_CANCELLATION_ACTIVITY: Subscribe/),
    expect.stringMatching(/^subscription MARKETPLACE_ACCOUNT_DELETION: Subscribe/),
  ]);
});
