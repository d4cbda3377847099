import { createHmac } from "node:crypto";
import nock from "nock";
import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import { AccountFields } from "../../../src/config/account-schema.ts";
import type { Connector } from "../../../src/connectors/connector.ts";
import { placeOf } from "../../../src/connectors/ebay/order-window.ts";
import { allocate } from "../../../src/mapping/allocate.ts";
import { decidePush } from "../../../src/sync/decide-push.ts";
import {
  contractJson,
  createBench,
  failureOf,
  grantTokens,
  host,
  nowMs,
  write,
} from "../../unit/connectors/ebay/harness.ts";
import { hasTrading, outOfStockControl, tradingXml } from "../../unit/connectors/ebay/trading.ts";
import { checkedRequests } from "../../unit/connectors/ebay/wire.ts";
import { holdTrapRows } from "../laws/trap-rows.ts";
import { printTally, tally } from "./tally.ts";

/**
 * The channel document's list of traps (§12), one test each. 5 and 13 have further tests in the connector's own folder,
 * and 8, 9, 10, 15 are kept by other rooms, whose decision is asked here.
 */
const orders = "/sell/fulfillment/v1/order";
const bulk = "/sell/inventory/v1/bulk_update_price_quantity";
const none = { total: 0, orders: [] };
const denied = { errors: [{ errorId: 1100, domain: "ACCESS", category: "REQUEST", message: "Access denied" }] };
const accepted = { responses: [{ sku: "A", offerId: "offer-A", statusCode: 200 }] };

beforeEach(() => nock.disableNetConnect());
afterEach(({ task }) => {
  nock.cleanAll();
  if (task.name.startsWith("ebay trap ")) tally("traps");
});
afterAll(() => printTally("eBay traps"));

holdTrapRows("ebay");

/** Keeps every request that reaches these paths. */
const keeps = (method: "GET" | "POST", path: string | RegExp, status: number, body: object): Request[] => {
  const kept: Request[] = [];
  nock(host)
    .persist()
    .intercept(path, method)
    .query(true)
    .reply((request: Request) => {
      kept.push(request);
      return [status, JSON.stringify(body), { "Content-Type": "application/json" }];
    });
  return kept;
};

test("ebay trap 1: a 403 that means an expired token is refreshed once, and one that stays is a missing scope", async () => {
  const { forms } = grantTokens();
  nock(host).post(bulk).reply(403, denied);
  nock(host).post(bulk).reply(200, accepted);
  const { connector, context } = createBench();
  expect(await connector.pushQuantities([write("A", 1)], "attempt-1", context)).toMatchObject([{ status: "accepted" }]);
  expect(forms).toHaveLength(2);
  nock(host).persist().post(bulk).reply(403, denied);
  expect((await failureOf(connector.pushQuantities([write("A", 1)], "attempt-2", context))).kind).toBe("auth");
  expect(forms).toHaveLength(3);
});

test("ebay trap 2: no call leaves Accept-Language to a library", async () => {
  grantTokens();
  const seen = [keeps("GET", orders, 200, none), keeps("GET", /inventory_item/, 200, { total: 0 })];
  const { connector, context } = createBench({ locale: "de-DE" });
  await connector.pullOrders(null, context);
  await connector.importListings(null, context);
  expect(seen.flat().map(({ headers }) => headers.get("accept-language"))).toEqual(["de-DE", "de-DE"]);
});

test("ebay trap 3: offers are asked for by SKU, for there is no list of all of them", async () => {
  grantTokens();
  keeps("GET", /inventory_item/, 200, { total: 2, inventoryItems: [{ sku: "A" }, { sku: "B&C" }] });
  const offers = keeps("GET", "/sell/inventory/v1/offer", 404, {});
  const { connector, context } = createBench();
  await connector.importListings(null, context);
  const asked = new Set(offers.map(({ url }) => new URL(url).searchParams.get("sku")));
  expect(asked).toEqual(new Set(["A", "B&C"]));
});

test("ebay trap 4: without any message a sale is found by polling", async () => {
  grantTokens();
  nock(host)
    .get(orders)
    .query(true)
    .reply(200, JSON.stringify(contractJson("samples/getOrders.min.json")));
  const { connector, context } = createBench({ webhooks: undefined });
  const { items } = await connector.pullOrders(null, context);
  expect(items.flatMap((item) => connector.translate(item))).toMatchObject([{ kind: "order" }]);
});

test("ebay trap 5: a dead refresh token is the merchant's to mend, and is asked for once", async () => {
  const tokens = keeps("POST", "/identity/v1/oauth2/token", 400, { error: "invalid_grant" });
  const { connector, context } = createBench();
  expect(await failureOf(connector.pullOrders(null, context))).toMatchObject({
    kind: "auth",
    channelCode: "invalid_grant",
  });
  expect(tokens).toHaveLength(1);
});

test("ebay trap 6: a body formatted anew is not what was signed", async () => {
  grantTokens();
  const { connector, context } = createBench();
  const vectors = JSON.parse(JSON.stringify(contractJson("vectors/x-ebay-signature.json")));
  keeps("GET", /public_key/, 200, vectors.VALID.response);
  const request = (body: string) => ({
    method: "POST",
    url: "https://sync.example.com/hooks/ebay",
    headers: { "x-ebay-signature": String(vectors.VALID.signature) },
    body: Buffer.from(body),
  });
  const kindOf = async (body: string) => (await connector.webhooks?.verify(request(body), context))?.kind;
  expect(await kindOf(JSON.stringify(vectors.VALID.message))).toBe("delivery");
  expect(await kindOf(`${JSON.stringify(vectors.VALID.message)}\n`)).toBe("refused");
});

test("ebay trap 7: a refresh names no scope, so that one added since the consent drops no account", async () => {
  const { forms } = grantTokens();
  keeps("GET", orders, 200, none);
  const { connector, context } = createBench();
  await connector.pullOrders(null, context);
  expect(forms.map((form) => form.has("scope"))).toEqual([false]);
});

test("ebay trap 8: an order that shows up 15 hours late is met within the day", () => {
  const watermark = "2026-11-20T10:29:00.000Z";
  const timing = { orderLagMs: 60_000, orderOverlapMs: 20 * 60_000 };
  const cursor = JSON.stringify({ watermark, wideAt: new Date(nowMs - 86_400_000).toISOString() });
  const { window } = placeOf(cursor, nowMs, timing);
  expect(Date.parse(window.from)).toBeLessThan(Date.parse(watermark) - 15 * 3_600_000);
});

test("ebay trap 9: an account may show at most so many, and keep some back", () => {
  const available = [{ sku: "A", unitsEach: 1, availableUnits: 40 }];
  const policy = { sharePercent: 100, bufferUnits: 2, capUnits: 5, floorUnits: 0 };
  expect(allocate(available, policy).units).toBe(5);
  expect(allocate([{ sku: "A", unitsEach: 1, availableUnits: 3 }], policy).units).toBe(1);
});

test("ebay trap 10: a stale read that equals the wanted number settles nothing while another number is under way", () => {
  const figures = { wantedUnits: 5, lowerToUnits: 5, raiseToUnits: 5, shownUnits: 5, ordersSeen: true };
  expect(decidePush({ ...figures, openAttempts: [{ id: 1, units: 9 }] }).action).not.toBe("settled");
});

test("ebay trap 11: a selling limit parks the listing with advice, and is not tried again by itself", async () => {
  grantTokens();
  const errors = [{ errorId: 25026, category: "BUSINESS", message: "limit" }];
  keeps("POST", bulk, 207, { responses: [{ sku: "A", offerId: "offer-A", statusCode: 400, errors }] });
  const { connector, context } = createBench();
  expect(await connector.pushQuantities([write("A", 1)], "attempt-1", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("cap what the account shows") },
  ]);
});

test("ebay trap 12: a seller whose listings all come from older tools has them imported, and none is migrated", async () => {
  grantTokens();
  keeps("GET", /inventory_item/, 200, { total: 0, inventoryItems: [] });
  const item =
    "<Item><ItemID>1</ItemID><SKU>OLD</SKU><ListingType>FixedPriceItem</ListingType><Quantity>3</Quantity></Item>";
  hasTrading(
    "GetMyeBaySelling",
    tradingXml("GetMyeBaySelling", `<ActiveList><ItemArray>${item}</ItemArray></ActiveList>`),
  );
  const { connector, context } = createBench({ legacyListings: true });
  const first = await connector.importListings(null, context);
  const second = await connector.importListings(first.next, context);
  expect(second).toMatchObject({ done: true, items: [{ ref: "item:1", channelSku: "OLD", units: 3 }] });
});

test("ebay trap 13: the token endpoint's 429 comes in the shape of the REST interfaces", async () => {
  const errors = [{ errorId: 2001, domain: "ACCESS", category: "REQUEST" }];
  keeps("POST", "/identity/v1/oauth2/token", 429, { errors });
  const { connector, context } = createBench();
  expect(await failureOf(connector.pullOrders(null, context))).toMatchObject({
    kind: "throttled",
    channelCode: undefined,
  });
});

test("ebay trap 14: no call carries an outgoing digital signature, which is for refunds and finances only", async () => {
  grantTokens();
  const seen = [keeps("POST", bulk, 200, accepted), keeps("GET", orders, 200, none)];
  const { connector, context } = createBench();
  await connector.pushQuantities([write("A", 1)], "attempt-1", context);
  await connector.pullOrders(null, context);
  const names = seen.flat().flatMap(({ headers }) => [...headers.keys()]);
  expect(names.filter((name) => /signature|digest/i.test(name))).toEqual([]);
});

test("ebay trap 15: an account starts read-only and its import writes nothing, so mappings can be checked first", async () => {
  const credentials = { client_id: "a", client_secret: "b", refresh_token: "c" };
  const fields = { id: "ebay-us", channel: "ebay", marketplace_id: "EBAY_US", credentials };
  expect(AccountFields.parse(fields).mode).toBe("read-only");
  grantTokens();
  keeps("GET", /inventory_item|offer/, 200, { total: 0 });
  const writes = keeps("POST", /sell/, 200, {});
  const { connector, context } = createBench();
  await connector.importListings(null, context);
  expect(writes).toEqual([]);
});

test("ebay trap 16: a message signed by HMAC, as some documents claim, is refused", async () => {
  grantTokens();
  const { connector, context } = createBench();
  const body = JSON.stringify(contractJson("samples/notification.ORDER_CONFIRMATION.json"));
  const hmac = createHmac("sha1", "verification_token_0123456789_ABCDEFGH").update(body).digest("base64");
  const header = (alg: string) =>
    Buffer.from(JSON.stringify({ alg, kid: "11111111-2222-4333-8444-555555555555", signature: hmac, digest: "SHA1" }));
  for (const signature of [hmac, header("hmac").toString("base64")]) {
    const headers = { "x-ebay-signature": signature };
    const request = { method: "POST", url: "https://sync.example.com/hooks/ebay", headers, body: Buffer.from(body) };
    expect(await connector.webhooks?.verify(request, context)).toMatchObject({ kind: "refused", status: 401 });
  }
});

test("ebay trap 17: going to 0 is a quantity, never a withdrawal or a full replace", async () => {
  grantTokens();
  hasTrading("GetUserPreferences", outOfStockControl(true));
  keeps("POST", bulk, 200, accepted);
  const before = new Map(checkedRequests);
  const { connector, context } = createBench();
  expect(await connector.pushQuantities([write("A", 0)], "attempt-1", context)).toMatchObject([{ status: "accepted" }]);
  const sent = [...checkedRequests].filter(([name, count]) => count > (before.get(name) ?? 0)).map(([name]) => name);
  expect(sent.toSorted()).toEqual(["GetUserPreferences", "bulkUpdatePriceQuantity", "token"]);
});

test("ebay trap 18: an item without an offer is imported as such, and a write to it is refused with the reason", async () => {
  grantTokens();
  keeps("GET", /inventory_item/, 200, { total: 1, inventoryItems: [{ sku: "LONELY" }] });
  keeps("GET", "/sell/inventory/v1/offer", 404, {});
  const { connector, context } = createBench();
  const [listing] = (await connector.importListings(null, context)).items;
  expect(listing).toMatchObject({ status: "inactive", units: null });
  expect(await connector.pushQuantities(writesOf(listing), "attempt-1", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("no published fixed-price offer") },
  ]);
});

const writesOf = (listing: Parameters<Connector["readQuantities"]>[0][number] | undefined) =>
  listing === undefined ? [] : [{ ref: listing.ref, details: listing.details, units: 1, expectedUnits: null }];
