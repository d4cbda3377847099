import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { contractJson, createBench, grantTokens, host, write } from "../../unit/connectors/ebay/harness.ts";
import { printTally, tally } from "./tally.ts";

const json = { "Content-Type": "application/json" };

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());
afterAll(() => printTally("eBay samples"));

test("bulkUpdatePriceQuantity: the request is the sample's, and both answers are read row by row", async () => {
  grantTokens();
  const { request, ...answers } = z
    .object({ request: z.json(), response_all_ok: z.json(), response_mixed: z.json() })
    .parse(contractJson("samples/bulkUpdatePriceQuantity.json"));
  const Answer = z.object({ status: z.number(), body: z.json() });
  const batch = [write("SKU-1", 12, ["36445435465"]), write("SKU-2", 0, ["36445435466"])];
  const told: string[][] = [];
  for (const answer of [answers.response_all_ok, answers.response_mixed]) {
    const { status, body } = Answer.parse(answer);
    const sent: unknown[] = [];
    nock(host)
      .post("/sell/inventory/v1/bulk_update_price_quantity")
      .reply(async (asked: Request) => {
        sent.push(await asked.json());
        return [status, JSON.stringify(body), json];
      });
    nock(host).get("/sell/inventory/v1/offer").query(true).reply(404);
    const { connector, context } = createBench();
    const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
    expect(sent).toEqual([request]);
    told.push(outcomes.map((outcome) => outcome.status));
    tally("recorded answers");
  }
  expect(told).toEqual([
    ["accepted", "accepted"],
    ["accepted", "refused"],
  ]);
});

test("getOrders: the sample reads as one open order of two units", async () => {
  grantTokens();
  const sample = JSON.stringify(contractJson("samples/getOrders.min.json"));
  nock(host).get("/sell/fulfillment/v1/order").query(true).reply(200, sample, json);
  const { connector, context } = createBench();
  const { items } = await connector.pullOrders(null, context);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([
    { kind: "order", order: { orderRef: "12-12345-67890", lines: [{ channelSku: "SKU-1", holdUnits: 2 }] } },
  ]);
  tally("recorded answers");
});

test("the token's refresh asks for no scope and keeps the stored refresh token, though the answer brings none", async () => {
  const { response } = z
    .object({ response: z.object({ status: z.number(), body: z.json() }) })
    .parse(contractJson("samples/token.refresh.json"));
  const forms: string[] = [];
  nock(host)
    .post("/identity/v1/oauth2/token")
    .times(2)
    .reply(async (asked: Request) => {
      forms.push(await asked.text());
      return [response.status, JSON.stringify(response.body), json];
    });
  nock(host).persist().get("/sell/fulfillment/v1/order").query(true).reply(200, { total: 0, orders: [] });
  const { connector, context, clock } = createBench();
  await connector.pullOrders(null, context);
  clock.advance(7200 * 1000);
  await connector.pullOrders(null, context);
  expect(forms).toEqual(Array.from({ length: 2 }, () => "grant_type=refresh_token&refresh_token=refresh-token"));
  tally("recorded answers");
});

test("getRateLimits: the sample's remaining calls are what check tells", async () => {
  grantTokens();
  const { body } = z.object({ body: z.json() }).parse(contractJson("samples/getRateLimits.json"));
  nock(host)
    .persist()
    .get(/rate_limit/)
    .query(true)
    .reply(200, JSON.stringify(body), json);
  nock(host).persist().get(/./).reply(404);
  const { connector, context } = createBench();
  const findings = await connector.check(context);
  expect(findings).toContainEqual(
    expect.objectContaining({
      check: "quota inventory",
      ok: true,
      detail: expect.stringContaining("1998800 of 2000000"),
    }),
  );
  tally("recorded answers");
});
