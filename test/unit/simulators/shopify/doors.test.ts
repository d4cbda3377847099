import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { z } from "zod";
import { openShop, quiet, readItem, setDocument } from "./shop.ts";

const path = "/admin/api/2026-10/graphql.json";
const shopQuery = { query: "{ shop { name myshopifyDomain } }" };
const Token = z.object({ access_token: z.string(), scope: z.string(), expires_in: z.number() });

test("client credentials buy a token that dies when it promised to", async () => {
  const shop = await openShop();
  const { clientId, clientSecret } = shop.account;
  const grant = { client_id: clientId, client_secret: clientSecret, grant_type: "client_credentials" };
  const token = Token.parse(await (await shop.post("/admin/oauth/access_token", grant, null)).json());
  expect(token.expires_in).toBe(86_399);
  expect(token.scope).toContain("write_inventory");
  expect((await shop.post(path, shopQuery, token.access_token)).status).toBe(200);
  shop.clock.advance(86_399_001);
  const refused = await shop.post(path, shopQuery, token.access_token);
  expect(refused.status).toBe(401);
  expect(await refused.json()).toEqual({
    errors: "[API] Invalid API key or access token (unrecognized login or wrong password)",
  });
  expect((await shop.post(path, shopQuery)).status).toBe(200);
});

test("wrong secrets, forged tokens and early deaths are refused", async () => {
  const shop = await openShop({ faults: { ...quiet, tokenLifeMs: 5_000 } });
  const { clientId, clientSecret } = shop.account;
  const grant = { client_id: clientId, client_secret: "wrong", grant_type: "client_credentials" };
  expect((await shop.post("/admin/oauth/access_token", grant, null)).status).toBe(401);
  expect((await shop.post(path, shopQuery, null)).status).toBe(401);
  expect((await shop.post(path, shopQuery, `shpat_${"0".repeat(36)}`)).status).toBe(401);
  const bought = await shop.post("/admin/oauth/access_token", { ...grant, client_secret: clientSecret }, null);
  const { access_token: token } = Token.parse(await bought.json());
  shop.clock.advance(5_001);
  expect((await shop.post(path, shopQuery, token)).status).toBe(401);
  expect(shop.channel.counters().faults).toMatchObject({ tokenLifeMs: 1 });
});

test("every GraphQL answer names the version served; unknown paths and bodies are violations", async () => {
  const shop = await openShop();
  const answer = await shop.post(path, shopQuery);
  expect(answer.headers.get("x-shopify-api-version")).toBe("2026-10");
  expect(await answer.json()).toMatchObject({ data: { shop: { myshopifyDomain: "lockstep-demo.myshopify.com" } } });
  const older = await shop.post("/admin/api/2025-07/graphql.json", shopQuery);
  expect(older.headers.get("x-shopify-api-version")).toBe("2026-10");
  expect((await shop.post(path, { wrong: true })).status).toBe(400);
  expect((await shop.post("/admin/api/2026-10/orders.json", {})).status).toBe(404);
  expect(shop.channel.counters().contractViolations).toBe(3);
});

test("the bucket charges the requested cost, gives back the difference and refills", async () => {
  const shop = await openShop();
  const many =
    '{ inventoryItems(first: 250) { nodes { id inventoryLevels(first: 250) { nodes { id location { id } quantities(names: ["available"]) { name } } } } } }';
  const { extensions } = await shop.graphql(many);
  const { requestedQueryCost = 0, actualQueryCost } = extensions?.cost ?? {};
  expect(actualQueryCost).toBe(2);
  expect(extensions?.cost?.throttleStatus).toEqual({
    maximumAvailable: 2000,
    currentlyAvailable: 1998,
    restoreRate: 100,
  });
  expect(requestedQueryCost).toBeGreaterThan(200);

  const mutation = `mutation { webhookSubscriptionDelete(id: "gid://shopify/WebhookSubscription/1") { userErrors { field } } }`;
  let answer = await shop.graphql(mutation);
  while (answer.errors === undefined) answer = await shop.graphql(mutation);
  expect(answer).toMatchObject({
    status: 200,
    errors: [{ message: "Throttled", extensions: { code: "THROTTLED" } }],
    extensions: { cost: { requestedQueryCost: 10, actualQueryCost: null, throttleStatus: { currentlyAvailable: 8 } } },
  });
  expect(answer.data).toBeUndefined();
  expect(shop.channel.counters().throttled).toBe(1);
  shop.clock.advance(20);
  expect((await shop.graphql(mutation)).errors).toBeUndefined();
});

test("a lost request did nothing, a lost reply did everything", async () => {
  const write = async (faults: Partial<typeof quiet>) => {
    const shop = await openShop();
    shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
    const { id, level } = await readItem(shop, "A");
    const set = await shop.post("/_control/faults", { plan: faults }, null);
    expect(set.status).toBe(200);
    const quantities = [{ inventoryItemId: id, locationId: level.location.id, quantity: 2, changeFromQuantity: 5 }];
    const variables = { input: { name: "available", reason: "correction", quantities }, idempotencyKey: "k" };
    await expect(shop.post(path, { query: setDocument, variables })).rejects.toThrow(TypeError);
    return shop.channel.truth().listings[0]?.units;
  };
  expect(await write({ requestLostShare: 1 })).toBe(5);
  expect(await write({ replyLostShare: 1 })).toBe(2);
});

test("injected throttling and failures come in all the channel's shapes and change nothing", async () => {
  const shop = await openShop({ faults: { ...quiet, throttleShare: 0.5, serverErrorShare: 0.5 } });
  const shapes = new Set<string>();
  for (let call = 0; call < 60; call += 1) {
    const response = await shop.post(path, shopQuery);
    const text = await response.text();
    const code = /"code":"([A-Z_]+)"/.exec(text)?.[1] ?? (text === "" ? "empty" : "data");
    shapes.add(`${response.status} ${code}`);
  }
  expect([...shapes].toSorted()).toEqual([
    "200 INTERNAL_SERVER_ERROR",
    "200 THROTTLED",
    "200 data",
    "429 empty",
    "500 empty",
    "503 empty",
  ]);
});

test("a simulator started again on its journal has the same truth", async () => {
  const folder = mkdtempSync(join(tmpdir(), "shopify-simulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const journalPath = join(folder, "shop.jsonl");
  const before = await openShop({ journalPath, faults: { ...quiet, orderVisibilityMs: [60_000, 60_000] } });
  before.channel.seedListings([{ sku: "A", title: "A", units: 9 }]);
  const { id, level } = await readItem(before, "A");
  const quantities = [{ inventoryItemId: id, locationId: level.location.id, quantity: 8, changeFromQuantity: 9 }];
  const input = { name: "available", reason: "correction", quantities };
  await before.graphql(setDocument, { input, idempotencyKey: "k" });
  const first = before.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 3 }] });
  before.channel.ship(first.orderId ?? "", [{ lineId: first.lines[0]?.lineId ?? "", units: 1 }]);
  before.channel.cancel(first.orderId ?? "");
  before.channel.editListing("A", 5);
  const truth = before.channel.truth();
  const writes = before.channel.writesSince(0);
  await before.close();

  const after = await openShop({ journalPath });
  // Who starts anew has listed what was hidden.
  expect(truth.orders.map(({ listedAtMs }) => listedAtMs)).toEqual([null]);
  const listedAtMs: unknown = expect.any(Number);
  const listed = { ...truth, orders: truth.orders.map((order) => ({ ...order, listedAtMs })) };
  expect(after.channel.truth()).toEqual(listed);
  expect(after.channel.writesSince(0)).toEqual(writes);
  after.channel.seedListings([{ sku: "A", title: "A", units: 9 }]);
  expect(after.channel.truth()).toEqual(listed);
  expect(after.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] }).orderId).toBe(first.orderId);
  const second = after.channel.sell({ reference: "r2", lines: [{ sku: "A", units: 1 }] });
  expect(second.orderId).not.toBe(first.orderId);
  const { data } = await after.graphql("{ orders(first: 5, sortKey: UPDATED_AT) { nodes { name } } }");
  expect(data).toEqual({ orders: { nodes: [{ name: "#1001" }, { name: "#1002" }] } });
  const reused = await after.graphql(setDocument, {
    input: { ...input, quantities: [{ ...quantities[0], quantity: 1 }] },
    idempotencyKey: "k",
  });
  expect(JSON.stringify(reused.data)).toContain("IDEMPOTENCY_KEY_PARAMETER_MISMATCH");
});
