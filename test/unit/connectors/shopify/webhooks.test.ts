import { createHmac } from "node:crypto";
import { expect, test } from "vitest";
import { z } from "zod";
import type { ChannelEvent, RawRequest, Verification } from "../../../../src/connectors/connector.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { type Bench, contract, createBench, item, location } from "./support.ts";

const secret = "test-client-secret-not-real-0001";
const sign = (body: Uint8Array, key = secret): string => createHmac("sha256", key).update(body).digest("base64");

const request = (topic: string, body: string | Uint8Array, headers: Record<string, string> = {}): RawRequest => {
  const bytes = typeof body === "string" ? Buffer.from(body, "utf8") : body;
  return {
    method: "POST",
    url: "https://lockstep.test/webhooks/shopify/shop-one",
    headers: {
      "content-type": "application/json",
      "x-shopify-topic": topic,
      "x-shopify-hmac-sha256": sign(bytes),
      "x-shopify-shop-domain": "example.myshopify.com",
      "x-shopify-api-version": "2026-10",
      "x-shopify-webhook-id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
      "x-shopify-event-id": "98880550-7158-44d4-b7cd-2c97c8a091b5",
      "x-shopify-triggered-at": "2026-11-20T15:15:30.123456789Z",
      ...headers,
    },
    body: bytes,
  };
};
const verify = async (bench: Bench, raw: RawRequest): Promise<Verification> => {
  const { webhooks } = bench.connector;
  if (webhooks === undefined) throw new Error("the connector takes no webhooks");
  return webhooks.verify(raw, bench.context);
};
const deliver = async (
  topic: string,
  body: string,
  bench = createBench(),
): Promise<{ payload: string; events: readonly ChannelEvent[] }> => {
  const verified = await verify(bench, request(topic, body));
  if (verified.kind !== "delivery") throw new Error(`not delivered: ${verified.kind}`);
  return { payload: JSON.stringify(verified.delivery), events: bench.connector.translate(verified.delivery) };
};
const sample = (name: string): Record<string, unknown> =>
  contract(`samples/${name}`, z.record(z.string(), z.unknown()));

const { vectors } = contract(
  "vectors/webhook-hmac.json",
  z.object({
    vectors: z.array(
      z.object({
        name: z.string(),
        body_base64: z.string(),
        header_hmac: z.string().nullable(),
        secrets: z.array(z.string()),
        expect: z.string(),
      }),
    ),
  }),
);

test.each(vectors.map((vector) => [vector.name, vector.expect, vector] as const))(
  "signature vector %s: %s",
  async (_, expected, vector) => {
    const [first = "", ...others] = vector.secrets;
    const bench = createBench({
      credentials: { accessToken: new Secret("t"), clientId: undefined, clientSecret: new Secret(first) },
      webhookSecrets: others.map((other) => new Secret(other)),
    });
    const { "x-shopify-hmac-sha256": _hmac, ...unsigned } = request("products/update", "{}").headers;
    const signature = vector.header_hmac === null ? {} : { "x-shopify-hmac-sha256": vector.header_hmac };
    const raw = request("products/update", Buffer.from(vector.body_base64, "base64"));
    const verified = await verify(bench, { ...raw, headers: { ...unsigned, ...signature } });
    const refused = { kind: "refused", status: 401 };
    expect(verified).toMatchObject(expected === "accept" ? { kind: "delivery" } : refused);
  },
);

test("a signature by any of the accepted secrets holds, in either order of rotation", async () => {
  const bench = createBench({ webhookSecrets: [new Secret("the-older-secret")] });
  const body = Buffer.from("{}");
  for (const key of [secret, "the-older-secret"]) {
    const raw = request("app/uninstalled", body, { "x-shopify-hmac-sha256": sign(body, key) });
    expect(await verify(bench, raw)).toMatchObject({ kind: "delivery" });
  }
});

test("a byte changed behind an equal-looking text breaks the signature", async () => {
  const signed = Buffer.from('{"title":"caf\u00e9"}', "utf8");
  const decomposed = Buffer.from('{"title":"cafe\u0301"}', "utf8");
  const raw = request("products/update", decomposed, { "x-shopify-hmac-sha256": sign(signed) });
  expect(await verify(createBench(), raw)).toMatchObject({ kind: "refused", status: 401 });
  const latin1 = Buffer.from('{"title":"caf\u00e9"}', "latin1");
  expect(await verify(createBench(), request("products/update", latin1))).toMatchObject({
    kind: "refused",
    status: 401,
  });
});

test.each(["x-shopify-hmac-sha256", "x-shopify-webhook-id", "x-shopify-shop-domain"])(
  "a message without %s is refused",
  async (header) => {
    const { [header]: _, ...headers } = request("orders/create", "{}").headers;
    expect(await verify(createBench(), { ...request("orders/create", "{}"), headers })).toMatchObject({
      kind: "refused",
      status: 401,
    });
  },
);

test("an authentic message for another shop is refused", async () => {
  const raw = request("orders/create", "{}", { "x-shopify-shop-domain": "other.myshopify.com" });
  expect(await verify(createBench(), raw)).toEqual({ kind: "refused", status: 401, reason: "signed for another shop" });
});

test("a webhook by another method than POST is refused", async () => {
  expect(await verify(createBench(), { ...request("orders/create", "{}"), method: "GET" })).toMatchObject({
    kind: "refused",
    status: 405,
  });
});

test("an authentic body that is not what its topic promises is malformed, and none of it is repeated", async () => {
  for (const body of ['{"customer":"buyer@example.com"', '{"customer":"buyer@example.com"}']) {
    const verified = await verify(createBench(), request("orders/create", body));
    expect(verified).toMatchObject({
      kind: "malformed",
      id: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
      topic: "orders/create",
    });
    expect(JSON.stringify(verified)).not.toContain("buyer");
  }
});

const { cases } = contract(
  "vectors/big-int-ids.json",
  z.object({
    cases: z.array(
      z.object({ raw: z.string(), correct_inventory_item_gid: z.string(), correct_location_gid: z.string() }),
    ),
  }),
);
test.each(cases.map((each) => [each.correct_inventory_item_gid, each] as const))(
  "ids beyond 2^53 survive: %s",
  async (_, each) => {
    const bench = createBench({ locationGid: each.correct_location_gid });
    const { events } = await deliver("inventory_levels/update", each.raw, bench);
    expect(events).toMatchObject([{ kind: "stock-hint", listingRef: each.correct_inventory_item_gid }]);
  },
);

test("a level change is a hint with the level's own time, and null when untracked", async () => {
  const bench = createBench({ locationGid: undefined });
  const body = JSON.stringify(sample("webhook.inventory_levels_update.json")).replace(
    "271878346596884000",
    "271878346596884015",
  );
  const at = "2026-11-20T15:15:30.000Z";
  expect((await deliver("inventory_levels/update", body, bench)).events).toEqual([
    { kind: "stock-hint", listingRef: item("271878346596884015"), units: 7, at },
  ]);
  const untracked = JSON.stringify(sample("webhook.inventory_levels_update.untracked.json"));
  expect((await deliver("inventory_levels/update", untracked, bench)).events).toEqual([
    { kind: "stock-hint", listingRef: item("808950810"), units: null, at },
  ]);
  const disconnect = JSON.stringify(sample("webhook.inventory_levels_disconnect.json"));
  expect((await deliver("inventory_levels/disconnect", disconnect, bench)).events).toEqual([
    { kind: "stock-hint", listingRef: item("808950810"), units: null, at: "2026-11-20T15:15:30.123Z" },
  ]);
});

test("a level at another location than ours is ignored", async () => {
  const body = JSON.stringify(sample("webhook.inventory_levels_update.untracked.json"));
  expect(location).not.toContain("655441491");
  expect((await deliver("inventory_levels/update", body)).events).toMatchObject([{ kind: "ignored" }]);
});

test("an order's webhook is the truth: sold units are held", async () => {
  const { events } = await deliver("orders/create", JSON.stringify(sample("webhook.orders_create.min.json")));
  expect(events).toEqual([
    {
      kind: "order",
      order: {
        orderRef: "5678901234567",
        fulfilledBy: "merchant",
        channelState: "paid, unfulfilled",
        createdAt: "2026-11-20T15:15:00.000Z",
        updatedAt: "2026-11-20T15:15:01.000Z",
        observedAt: "2026-11-20T15:15:30.123Z",
        lines: [
          {
            lineRef: "13579246801357",
            listingRefs: ["variant:43729076", "sku:SKU-1"],
            channelSku: "SKU-1",
            holdUnits: 2,
            leftUnits: 0,
            backUnits: 0,
          },
        ],
      },
    },
  ]);
});

test("the webhook of a cancelled order holds nothing and moved nothing", async () => {
  const body = { ...sample("webhook.orders_cancelled.min.json"), created_at: "2026-11-20T10:15:00-05:00" };
  const { events } = await deliver("orders/cancelled", JSON.stringify(body));
  expect(events).toMatchObject([{ kind: "order", order: { lines: [{ holdUnits: 0, leftUnits: 0, backUnits: 0 }] } }]);
});

test("an order whose payload lacks what the truth needs is only re-read", async () => {
  const order = sample("webhook.orders_create.min.json");
  const { refunds: _, ...trimmed } = order;
  expect((await deliver("orders/updated", JSON.stringify(trimmed))).events).toEqual([
    { kind: "order-hint", orderRefs: ["5678901234567"] },
  ]);
  const line = { id: 1, variant_id: 2, sku: "A", quantity: 1 };
  expect((await deliver("orders/updated", JSON.stringify({ ...order, line_items: [line] }))).events).toMatchObject([
    { kind: "order-hint" },
  ]);
});

test.each([
  ["refunds/create", JSON.stringify(contract("samples/webhook.refunds_create.min.json", z.unknown()))],
  ["orders/edited", '{"order_edit":{"id":1,"order_id":5678901234567,"line_items":{"additions":[],"removals":[]}}}'],
  ["fulfillments/create", '{"id":1,"order_id":5678901234567,"destination":{"first_name":"Jo"}}'],
  ["orders/delete", '{"id":5678901234567}'],
  ["returns/close", '{"id":1,"order":{"id":5678901234567,"first_name":"Jo"}}'],
])("%s says which order to re-read and keeps nothing else", async (topic, body) => {
  const { payload, events } = await deliver(topic, body);
  expect(events).toEqual([{ kind: "order-hint", orderRefs: ["5678901234567"] }]);
  expect(payload).not.toContain("Jo");
});

test("a return that names no order is ignored with the reason, since only its refund moves stock", async () => {
  const { events } = await deliver("returns/update", '{"id":1,"admin_graphql_api_id":"gid://shopify/Return/1"}');
  expect(events).toMatchObject([{ kind: "ignored", reason: expect.stringContaining("refund") }]);
});

test("a webhook's refund put back at another location has not come back to ours", async () => {
  const { refunds: _, ...order } = sample("webhook.orders_create.min.json");
  const backAt = async (locationId: number): Promise<unknown> => {
    const line = { line_item_id: 13579246801357, quantity: 1, restock_type: "return", location_id: locationId };
    const refunds = [{ refund_line_items: [line] }];
    const line_items = [
      { id: 13579246801357, variant_id: 2, sku: "A", quantity: 2, current_quantity: 1, fulfillable_quantity: 0 },
    ];
    const { events } = await deliver("orders/updated", JSON.stringify({ ...order, line_items, refunds }));
    return events[0];
  };
  expect(await backAt(106318430514)).toMatchObject({ order: { lines: [{ leftUnits: 2, backUnits: 1 }] } });
  expect(await backAt(1)).toMatchObject({ order: { lines: [{ leftUnits: 2, backUnits: 0 }] } });
});

test("no personal data of a buyer survives into the delivery of an order", async () => {
  const person = {
    first_name: "Jo",
    last_name: "Buyer",
    email: "buyer@example.com",
    phone: "555-0100",
    address1: "Main Street 1",
  };
  const order = sample("webhook.orders_create.min.json");
  const body = {
    ...order,
    ...person,
    note: "ring twice",
    customer: person,
    shipping_address: person,
    billing_address: person,
    browser_ip: "192.0.2.1",
  };
  const { payload } = await deliver("orders/create", JSON.stringify(body));
  for (const value of [...Object.values(person), "ring twice", "192.0.2.1"]) expect(payload).not.toContain(value);
});

test.each(["customers/data_request", "customers/redact", "shop/redact"])(
  "%s is a privacy request of which no person is kept",
  async (topic) => {
    const samples = contract("samples/webhook.compliance.json", z.record(z.string(), z.unknown()));
    const { payload, events } = await deliver(topic, JSON.stringify(samples[topic]));
    expect(events).toEqual([{ kind: "privacy", topic }]);
    for (const value of ["buyer@example.com", "555-0100", "191167"]) expect(payload).not.toContain(value);
  },
);

test.each(["app/uninstalled", "products/update", "bulk_operations/finish", "constructor"])(
  "%s is kept and ignored, with the reason",
  async (topic) => {
    const { events } = await deliver(topic, '{"id":1}');
    expect(events).toEqual([{ kind: "ignored", reason: `topic ${topic} does not concern stock` }]);
  },
);

test("the delivery's id is the channel's own, so that its repetition is known", async () => {
  const raw = request("app/uninstalled", "{}");
  expect(await verify(createBench(), raw)).toMatchObject({
    kind: "delivery",
    delivery: {
      id: "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
      topic: "app/uninstalled",
      sourceAt: "2026-11-20T15:15:30.123Z",
    },
  });
});

test("a delivery that this connector never wrote has no meaning", () => {
  const { connector } = createBench();
  const foreign = { id: "1", topic: "orders/create", payload: { id: 5 }, sourceAt: null };
  expect(() => connector.translate(foreign)).toThrow(expect.objectContaining({ kind: "permanent" }));
});
