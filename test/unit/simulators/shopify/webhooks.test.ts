import { createHmac } from "node:crypto";
import { parse } from "lossless-json";
import { expect, test } from "vitest";
import { z } from "zod";
import { demoShopifyAccount } from "../../../../src/simulators/shopify/account.ts";
import { startReceiver } from "./receiver.ts";
import { contract, openShop, quiet, readItem, type Shop, setDocument } from "./shop.ts";

const settled = async (shop: Shop): Promise<void> => {
  await expect.poll(() => shop.channel.counters().pendingMessages, { timeout: 15_000 }).toBe(0);
};

const openWithReceiver = async (options: Parameters<typeof openShop>[0] = {}) => {
  const receiver = await startReceiver();
  const shop = await openShop(options);
  shop.channel.seedListings(Array.from({ length: 3 }, (_, index) => ({ sku: `S${index}`, title: "Thing", units: 5 })));
  await shop.channel.setWebhookTarget({ url: receiver.url });
  return { shop, received: receiver.received };
};

test("a sale sends its order and its level, signed over the raw body with the app's secret and with every documented header", async () => {
  const { shop, received } = await openWithReceiver();
  shop.channel.sell({ reference: "r", lines: [{ sku: "S2", units: 2 }] });
  await settled(shop);
  expect(received).toHaveLength(2);
  expect(new Set(received.map(({ headers }) => headers["x-shopify-topic"]))).toEqual(
    new Set(["orders/create", "inventory_levels/update"]),
  );
  const { https_post: documented } = contract(
    "samples/webhook.headers.json",
    z.looseObject({ https_post: z.record(z.string(), z.string()) }),
  );
  for (const { headers, body } of received) {
    const expected = createHmac("sha256", demoShopifyAccount.clientSecret).update(body).digest("base64");
    expect(headers["x-shopify-hmac-sha256"]).toBe(expected);
    for (const name of Object.keys(documented).filter((header) => header !== "X-Shopify-Name")) {
      expect(headers).toHaveProperty([name.toLowerCase()]);
    }
    expect(headers["x-shopify-triggered-at"]).toMatch(/^2026-11-20T15:15:01\.\d{9}Z$/);
    expect(headers["x-shopify-api-version"]).toBe("2026-10");
  }
});

test("ids are JSON numbers of any size and times carry the shop's offset", async () => {
  const { shop, received } = await openWithReceiver();
  shop.channel.editListing("S2", 9);
  await settled(shop);
  const { id, level } = await readItem(shop, "S2");
  const itemId = id.replace("gid://shopify/InventoryItem/", "");
  expect(BigInt(itemId)).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  const text = received[0]?.body.toString("utf8") ?? "";
  expect(text).toContain(`"inventory_item_id":${itemId},`);
  expect(text).toContain('"updated_at":"2026-11-20T10:15:01-05:00"');
  expect(text).toContain("gid:\\/\\/shopify\\/InventoryLevel\\/");
  expect(JSON.parse(text)).toMatchObject({ available: 9, admin_graphql_api_id: level.id });
});

const Shape = z.record(z.string(), z.unknown());
const keysOf = (value: unknown): string[] => Object.keys(Shape.parse(value));

test("order, refund and level payloads have every field of the documented samples", async () => {
  const { shop, received } = await openWithReceiver();
  const { orderId } = shop.channel.sell({ reference: "r", lines: [{ sku: "S0", units: 2 }] });
  shop.channel.cancel(orderId ?? "");
  await settled(shop);
  const payloadOf = (topic: string): unknown => {
    const found = received.find(({ headers }) => headers["x-shopify-topic"] === topic);
    return parse(found?.body.toString("utf8") ?? "null");
  };
  const Order = z.looseObject({
    line_items: z.array(z.unknown()),
    refunds: z.array(z.looseObject({ refund_line_items: z.array(z.unknown()) })),
  });
  for (const [topic, sample] of [
    ["orders/create", "webhook.orders_create.min.json"],
    ["orders/cancelled", "webhook.orders_cancelled.min.json"],
  ] as const) {
    const ours = Order.parse(payloadOf(topic));
    const theirs = contract(`samples/${sample}`, Order);
    expect(keysOf(ours)).toEqual(expect.arrayContaining(keysOf(theirs)));
    expect(keysOf(ours.line_items[0])).toEqual(expect.arrayContaining(keysOf(theirs.line_items[0])));
    expect(ours.refunds.length).toBe(theirs.refunds.length);
    if (theirs.refunds[0] !== undefined) {
      const [ourRow, theirRow] = [ours.refunds[0]?.refund_line_items[0], theirs.refunds[0].refund_line_items[0]];
      expect(keysOf(ourRow)).toEqual(expect.arrayContaining(keysOf(theirRow)));
    }
  }
  expect(keysOf(payloadOf("refunds/create"))).toEqual(
    expect.arrayContaining(keysOf(contract("samples/webhook.refunds_create.min.json", Shape))),
  );
  expect(keysOf(payloadOf("inventory_levels/update"))).toEqual(
    keysOf(contract("samples/webhook.inventory_levels_update.json", Shape)),
  );
  expect(received.map(({ headers }) => headers["x-shopify-topic"])).toEqual(expect.arrayContaining(["orders/updated"]));
  const order = received.find(({ headers }) => headers["x-shopify-topic"] === "orders/create");
  expect(order?.body.toString("utf8")).toContain("canary-1001@buyer.example");
});

test("the seller's own write comes back as an echo, a no-op does not", async () => {
  const { shop, received } = await openWithReceiver();
  const { id, level } = await readItem(shop, "S0");
  const write = (quantity: number, from: number, idempotencyKey: string) =>
    shop.graphql(setDocument, {
      input: {
        name: "available",
        reason: "correction",
        quantities: [{ inventoryItemId: id, locationId: level.location.id, quantity, changeFromQuantity: from }],
      },
      idempotencyKey,
    });
  await write(3, 5, "k1");
  await write(3, 3, "k2");
  await settled(shop);
  expect(received.map(({ headers }) => headers["x-shopify-topic"])).toEqual(["inventory_levels/update"]);
});

test("a refused delivery is tried again with the same id and body", async () => {
  const receiver = await startReceiver([500, 302]);
  const shop = await openShop({ speedUp: 100_000 });
  shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  await shop.channel.setWebhookTarget({ url: receiver.url });
  shop.channel.editListing("A", 4);
  await settled(shop);
  expect(receiver.received).toHaveLength(3);
  expect(new Set(receiver.received.map(({ headers }) => headers["x-shopify-webhook-id"])).size).toBe(1);
  expect(new Set(receiver.received.map(({ body }) => body.toString("utf8"))).size).toBe(1);
});

test("after eight retries a message is given up", async () => {
  const receiver = await startReceiver(Array.from({ length: 20 }, () => 503));
  const shop = await openShop({ speedUp: 10_000_000 });
  shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  await shop.channel.setWebhookTarget({ url: receiver.url });
  shop.channel.editListing("A", 4);
  await settled(shop);
  expect(receiver.received).toHaveLength(9);
});

test("messages are lost and doubled as planned, and doubles share their webhook id", async () => {
  const { shop, received } = await openWithReceiver({
    faults: { ...quiet, messageDropShare: 0.5, messageDuplicateShare: 0.5 },
  });
  for (let units = 10; units < 50; units += 1) shop.channel.editListing("S0", units);
  await settled(shop);
  const { faults } = shop.channel.counters();
  expect(faults["messageDropShare"]).toBeGreaterThan(0);
  expect(faults["messageDuplicateShare"]).toBeGreaterThan(0);
  expect(received).toHaveLength(40 - (faults["messageDropShare"] ?? 0) + (faults["messageDuplicateShare"] ?? 0));
  expect(new Set(received.map(({ headers }) => headers["x-shopify-webhook-id"])).size).toBe(
    40 - (faults["messageDropShare"] ?? 0),
  );
});

test("subscriptions made by the API are listed, deliver and can be deleted; plain http and doubles are refused as recorded", async () => {
  const receiver = await startReceiver();
  const shop = await openShop();
  shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const create = async (uri: string) => {
    const { data } = await shop.graphql(
      `mutation W($s: WebhookSubscriptionInput!) { webhookSubscriptionCreate(topic: INVENTORY_LEVELS_UPDATE, webhookSubscription: $s) {
        webhookSubscription { id topic uri format includeFields filter } userErrors { field message } } }`,
      { s: { uri, format: "JSON", name: "stock-primary" } },
    );
    return z
      .object({
        webhookSubscriptionCreate: z.object({
          webhookSubscription: z.object({ id: z.string() }).nullable(),
          userErrors: z.array(z.unknown()),
        }),
      })
      .parse(data).webhookSubscriptionCreate;
  };
  const made = await create(receiver.url);
  expect(made.userErrors).toEqual([]);
  expect((await create(receiver.url)).userErrors).toMatchObject([
    { message: "Address for this topic has already been taken" },
  ]);
  expect((await create("http://example.com/hook")).userErrors).toEqual([
    { field: ["webhookSubscription", "callbackUrl"], message: "Address protocol http:// is not supported" },
  ]);
  const list = "{ webhookSubscriptions(first: 5, topics: [INVENTORY_LEVELS_UPDATE]) { nodes { id topic uri } } }";
  expect((await shop.graphql(list)).data).toMatchObject({
    webhookSubscriptions: { nodes: [{ id: made.webhookSubscription?.id, uri: receiver.url }] },
  });
  shop.channel.editListing("A", 4);
  await settled(shop);
  expect(receiver.received.map(({ headers }) => headers["x-shopify-name"])).toEqual(["stock-primary"]);
  await shop.graphql(
    "mutation D($id: ID!) { webhookSubscriptionDelete(id: $id) { deletedWebhookSubscriptionId userErrors { field } } }",
    {
      id: made.webhookSubscription?.id,
    },
  );
  shop.channel.editListing("A", 3);
  await settled(shop);
  expect(receiver.received).toHaveLength(1);
});
