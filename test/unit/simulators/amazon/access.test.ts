import { afterEach, expect, test } from "vitest";
import { demoAmazonAccount } from "../../../../src/simulators/amazon/account.ts";
import {
  field,
  type HandClock,
  handClock,
  here,
  instantly,
  itemPath,
  type Seller,
  searchPath,
  startSeller,
} from "./seller.ts";

let seller: Seller;
afterEach(() => seller.simulator.close());
const start = async (options: Parameters<typeof startSeller>[0] = {}): Promise<HandClock> => {
  const clock = handClock();
  seller = await startSeller({ clock, ...options });
  seller.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  return clock;
};
const errorOf = (body: unknown) => (body as { errors: unknown[] }).errors[0];

test("a refresh token buys an hour's access token, wrong credentials an OAuth error", async () => {
  await start();

  const good = await seller.token();
  const wrongSecret = await seller.token({ client_secret: "no" });
  const wrongToken = await seller.token({ refresh_token: "Atzr|no" });

  expect(good).toMatchObject({
    status: 200,
    body: { token_type: "bearer", expires_in: 3600, refresh_token: demoAmazonAccount.refreshToken },
  });
  expect(field(good, "access_token")).toMatch(/^Atza\|/);
  expect(wrongSecret).toMatchObject({ status: 401, body: { error: "invalid_client" } });
  expect(wrongToken).toMatchObject({ status: 400, body: { error: "invalid_grant" } });
});

test("an expired token is 403 and says so; a forged or missing one says otherwise", async () => {
  const clock = await start();
  const token = field(await seller.token(), "access_token");
  expect((await seller.call("GET", itemPath("A"), { query: here, token })).status).toBe(200);

  clock.advance(3_600_000);
  const expired = await seller.call("GET", itemPath("A"), { query: here, token });
  const forged = await seller.call("GET", itemPath("A"), { query: here, token: `${token}x` });
  const missing = await seller.call("GET", itemPath("A"), { query: here, token: "" });

  expect([expired.status, forged.status, missing.status]).toEqual([403, 403, 403]);
  expect(errorOf(expired.body)).toEqual({
    code: "Unauthorized",
    message: "Access to requested resource is denied.",
    details: "The access token you provided has expired.",
  });
  expect(errorOf(forged.body)).toMatchObject({ details: expect.stringContaining("revoked, malformed or invalid") });
  expect(errorOf(missing.body)).toMatchObject({ code: "MissingAuthenticationToken" });
});

test("a token may die earlier than promised", async () => {
  const clock = await start({ faults: { ...instantly, tokenLifeMs: 5000 } });
  const token = field(await seller.token(), "access_token");

  clock.advance(5000);

  expect((await seller.call("GET", itemPath("A"), { query: here, token })).status).toBe(403);
  expect(seller.simulator.channel.counters().faults["tokenLifeMs"]).toBe(1);
});

test("a burst is followed by 429 without a rate header until the bucket has refilled", async () => {
  const clock = await start();
  const answers = [];
  for (let call = 0; call < 6; call += 1) answers.push(await seller.call("GET", searchPath, { query: here }));
  clock.advance(200);
  const refilled = await seller.call("GET", searchPath, { query: here });

  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 429]);
  expect(answers[0]?.headers.get("x-amzn-ratelimit-limit")).toBe("5");
  expect(answers[5]?.headers.has("x-amzn-ratelimit-limit")).toBe(false);
  expect(answers[5]?.body).toEqual({
    errors: [{ code: "QuotaExceeded", message: "You exceeded your quota for the requested resource.", details: "" }],
  });
  expect(refilled.status).toBe(200);
  expect(seller.simulator.channel.counters()).toMatchObject({ throttled: 1, contractViolations: 0 });
});

test("another seller's listings are denied and unknown paths are counted", async () => {
  await start();

  const foreign = await seller.call("GET", "/listings/2021-08-01/items/OTHER/A", { query: here });
  const nowhere = await seller.call("GET", "/listings/2020-09-01/items/x", {});

  expect([foreign.status, nowhere.status]).toEqual([403, 404]);
  expect(seller.simulator.channel.violations()).toEqual(["GET /listings/2020-09-01/items/x: no such operation"]);
});

test("planned faults come in Amazon's shapes, and a lost reply still took effect", async () => {
  await start();
  const control = (plan: object) =>
    fetch(`${seller.simulator.url}/_control/faults`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ plan }),
    });
  await seller.call("GET", itemPath("A"), { query: here });

  await control({ serverErrorShare: 1 });
  const failed = await seller.call("GET", itemPath("A"), { query: here });
  await control({ serverErrorShare: 0, throttleShare: 1 });
  const throttled = await seller.call("GET", itemPath("A"), { query: here });
  await control({ throttleShare: 0, replyLostShare: 1 });
  const body = {
    productType: "PRODUCT",
    patches: [
      {
        op: "merge",
        path: "/attributes/fulfillment_availability",
        value: [{ fulfillment_channel_code: "DEFAULT", quantity: 1 }],
      },
    ],
  };
  const lost = seller.call("PATCH", itemPath("A"), { query: here, body });

  await expect(lost).rejects.toThrow("fetch failed");
  expect([failed.status, throttled.status]).toEqual([500, 429]);
  expect(seller.simulator.channel.truth().listings[0]?.units).toBe(1);
  expect(seller.simulator.channel.counters().faults).toMatchObject({
    serverErrorShare: 1,
    throttleShare: 1,
    replyLostShare: 1,
  });
});

test("the account's marketplace participations are told", async () => {
  await start();

  const answer = await seller.call("GET", "/sellers/v1/marketplaceParticipations");

  expect(answer.body).toMatchObject({
    payload: [{ marketplace: { id: "ATVPDKIKX0DER" }, participation: { isParticipating: true } }],
  });
});
