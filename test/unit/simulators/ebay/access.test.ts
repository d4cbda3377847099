import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import { demoEbayCredentials } from "../../../../src/simulators/ebay/credentials.ts";
import type { EbaySimulatorOptions } from "../../../../src/simulators/ebay/start.ts";
import { handClock, instantly, listing, startSeller } from "./seller.ts";

const started = async (options: EbaySimulatorOptions = {}) => {
  const seller = await startSeller(options);
  onTestFinished(() => seller.simulator.close());
  return seller;
};
const sample = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../contracts/ebay/samples/${name}.json`, import.meta.url), "utf8"));
const refresh = { grant_type: "refresh_token", refresh_token: demoEbayCredentials.refreshToken };
const items = "/sell/inventory/v1/inventory_item";
const orders = "/sell/fulfillment/v1/order";

test("a refresh answers with the recorded fields and no new refresh token", async () => {
  const seller = await started();
  const { status, body } = await seller.grant(refresh);
  expect(status).toBe(200);
  expect(Object.keys(Object(body)).toSorted()).toEqual(Object.keys(sample("token.refresh").response.body).toSorted());
  expect(body).toMatchObject({ expires_in: 7200, token_type: "User Access Token" });
});

test("a wrong client, a wrong refresh token and a scope beyond the consent are refused in OAuth's own shape", async () => {
  const seller = await started();
  expect(await seller.grant(refresh, { authorization: "Basic bm86bm8=" })).toMatchObject({
    status: 401,
    body: { error: "invalid_client" },
  });
  const stranger = await seller.grant({ grant_type: "refresh_token", refresh_token: "another" });
  expect(stranger).toMatchObject({ status: 400, body: sample("errors").oauth_invalid_grant.body });
  const grown = await seller.grant({ ...refresh, scope: "https://api.ebay.com/oauth/api_scope/sell.finances" });
  expect(grown).toMatchObject({ status: 400, body: sample("errors").oauth_invalid_scope.body });
  expect((await seller.grant(refresh, { "content-type": "application/json" })).read.error).toBe("invalid_request");
});

test("an expired token is 401 for orders and looks like a missing permission for inventory", async () => {
  const clock = handClock();
  const seller = await started({ clock, speedUp: 60 });
  expect((await seller.call("GET", orders)).status).toBe(200);
  clock.advance(7200_000 / 60);
  const { expired_token_rest, expired_token_inventory_variant } = sample("errors");
  expect(await seller.call("GET", orders)).toMatchObject(expired_token_rest);
  const { status, body } = expired_token_inventory_variant;
  expect(await seller.call("GET", items)).toMatchObject({ status, body });
});

test("a fault kills tokens before their time", async () => {
  const clock = handClock();
  const seller = await started({ clock, faults: { ...instantly, tokenLifeMs: 5_000 } });
  expect((await seller.call("GET", orders)).status).toBe(200);
  clock.advance(5_000);
  expect((await seller.call("GET", orders)).errorId).toBe(1001);
  expect(seller.simulator.channel.counters().faults).toMatchObject({ tokenLifeMs: 1 });
});

test("no token, a forged one, and the application's own where the seller's is needed are refused", async () => {
  const seller = await started();
  const bare = await fetch(`${seller.simulator.url}${orders}`);
  expect(bare.status).toBe(401);
  const forged = (await seller.userToken()).replace(/\.[\w-]+$/, `.${"A".repeat(43)}`);
  expect((await seller.call("GET", items, { token: forged })).status).toBe(401);
  expect((await seller.call("GET", orders, { token: await seller.appToken() })).status).toBe(403);
});

test("the star that fetch sends for Accept-Language is refused by inventory only", async () => {
  const seller = await started();
  const headers = { "accept-language": "*" };
  const refused = await seller.call("GET", items, { headers });
  const { status, body } = sample("errors").bad_accept_language;
  expect(refused.status).toBe(status);
  expect(refused.errorId).toBe(body.errors[0].errorId);
  expect((await seller.call("GET", orders, { headers })).status).toBe(200);
  expect(seller.simulator.channel.violations()).toEqual([`GET ${items}: header Accept-Language is *`]);
});

test("writing texts without Content-Language is 25709, with it a refused full replace", async () => {
  const seller = await started();
  seller.simulator.channel.seedListings([listing("SKU-1", 3)]);
  const body = { availability: { shipToLocationAvailability: { quantity: 9 } } };
  const silent = await seller.call("PUT", `${items}/SKU-1`, { body });
  expect(silent).toMatchObject({ status: 400, body: { errors: [{ errorId: 25709 }] } });
  const spoken = await seller.call("PUT", `${items}/SKU-1`, { body, headers: { "content-language": "en-US" } });
  expect(spoken.status).toBe(403);
  expect(seller.simulator.channel.violations().at(-1)).toMatch(/wipes what is left out/);
  expect(seller.simulator.channel.truth().listings).toMatchObject([{ units: 3 }]);
});

test("the day's calls run out in the recorded shape, are told by getRateLimits, and come back the next day", async () => {
  const clock = handClock();
  const seller = await started({ clock, callsPerDayMax: { "sell.inventory": 2 } });
  await seller.call("GET", items);
  await seller.call("GET", items);
  const refused = await seller.call("GET", items);
  const { status, body } = sample("errors").rate_limited;
  expect(refused).toMatchObject({ status, body });
  expect(refused.headers.get("retry-after")).toBeNull();
  const token = await seller.appToken();
  const path = "/developer/analytics/v1_beta/rate_limit/";
  const limits = await seller.call("GET", path, { query: "api_name=inventory&api_context=sell", token });
  const rate = { count: 2, limit: 2, remaining: 0, reset: "2026-11-21T07:00:00.000Z", timeWindow: 86400 };
  expect(limits.body).toEqual({
    rateLimits: [
      {
        apiContext: "sell",
        apiName: "inventory",
        apiVersion: "v1",
        resources: [{ name: "sell.inventory", rates: [rate] }],
      },
    ],
  });
  expect((await seller.call("GET", path, { query: "api_name=taxonomy", token })).status).toBe(204);
  clock.advance(21 * 3_600_000);
  expect((await seller.call("GET", items, { token: (await seller.grant(refresh)).read.access_token })).status).toBe(
    200,
  );
  expect(seller.simulator.channel.counters().throttled).toBe(1);
});

test("too many application tokens a day are throttled at the token endpoint, in the REST shape", async () => {
  const seller = await started();
  const mint = () => seller.grant({ grant_type: "client_credentials" });
  for (let count = 0; count < 1_000; count += 1) expect((await mint()).status).toBe(200);
  expect(await mint()).toMatchObject({ status: 429, body: { errors: [{ errorId: 2001 }] } });
});

test("unknown paths, buyers' money and whatever ends a listing are violations", async () => {
  const seller = await started();
  expect((await seller.call("GET", "/sell/inventory/v1/nothing")).status).toBe(404);
  expect((await seller.call("GET", "/sell/fulfillment/v1/payment_dispute_summary")).status).toBe(403);
  expect((await seller.call("POST", "/sell/inventory/v1/offer/1/withdraw", { body: {} })).status).toBe(403);
  expect((await seller.call("POST", "/sell/inventory/v1/offer/1/withdraw")).status).toBe(411);
  expect(seller.simulator.channel.violations()).toEqual([
    "GET /sell/inventory/v1/nothing: no such operation",
    expect.stringContaining("buyers' money"),
    expect.stringContaining("ends a listing"),
    expect.stringContaining("POST without a body"),
  ]);
});

test("injected failures come in the shape of the interface that was asked", async () => {
  const seller = await started({ faults: { ...instantly, serverErrorShare: 1 } });
  const token = "none";
  expect((await seller.call("GET", items, { token })).read.errors[0]).toMatchObject({
    errorId: 25001,
    category: "APPLICATION",
  });
  expect((await seller.call("GET", orders, { token })).errorId).toBe(30500);
});
