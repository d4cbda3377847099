import { expect, test } from "vitest";
import type { RawRequest, Verification } from "../../../../src/connectors/connector.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { type Bench, createBench, item, location } from "./support.ts";

const token = "a-token-of-twenty-four-or-more-characters";
const settings = { pubsubToken: new Secret(token) };
const level = `{"inventory_item_id":271878346596884015,"location_id":${location.split("/").at(-1)},"available":7,"updated_at":"2026-11-20T10:15:30-05:00"}`;
const attributes = {
  "X-Shopify-Topic": "inventory_levels/update",
  "X-Shopify-Shop-Domain": "example.myshopify.com",
  "X-Shopify-Webhook-Id": "b54557e4-bdd9-4b37-8a5f-bf7d70bcd043",
  "X-Shopify-Triggered-At": "2026-11-20T15:15:30.123456789Z",
};
const envelope = (data: string, more: Record<string, string> = {}): string =>
  JSON.stringify({
    message: {
      attributes: { ...attributes, ...more },
      data: Buffer.from(data).toString("base64"),
      messageId: "11111",
      publishTime: "2026-11-20T15:15:31Z",
    },
    subscription: "projects/shop/subscriptions/lockstep",
  });
const push = (body: string, query = `?token=${token}`): RawRequest => ({
  method: "POST",
  url: `https://lockstep.test/webhooks/shopify/shop-one${query}`,
  headers: { "content-type": "application/json" },
  body: Buffer.from(body),
});
const verify = async (raw: RawRequest, bench: Bench = createBench(settings)): Promise<Verification> => {
  const { webhooks } = bench.connector;
  if (webhooks === undefined) throw new Error("the connector takes no webhooks");
  return webhooks.verify(raw, bench.context);
};

test("a push of Pub/Sub is the same delivery as the webhook, with ids beyond 2^53 exact", async () => {
  const bench = createBench(settings);
  const verified = await verify(push(envelope(level)), bench);
  if (verified.kind !== "delivery") throw new Error(verified.kind);
  expect(verified.delivery).toMatchObject({ id: attributes["X-Shopify-Webhook-Id"], topic: "inventory_levels/update" });
  expect(bench.connector.translate(verified.delivery)).toEqual([
    { kind: "stock-hint", listingRef: item("271878346596884015"), units: 7, at: "2026-11-20T15:15:30.000Z" },
  ]);
});

test("a push that is brought again has the same id", async () => {
  const [first, again] = [await verify(push(envelope(level))), await verify(push(envelope(level)))];
  expect(again).toEqual(first);
});

test.each([
  ["another token", "?token=a-token-of-twenty-four-or-more-charakters"],
  ["an empty token", "?token="],
  ["no token", ""],
])("a push with %s is refused", async (_, query) => {
  expect(await verify(push(envelope(level), query))).toMatchObject({ kind: "refused", status: 401 });
});

test("an account without a token takes no pushes at all", async () => {
  expect(await verify(push(envelope(level), "?token=undefined"), createBench())).toMatchObject({
    kind: "refused",
    status: 401,
  });
});

test("a push for another shop is refused", async () => {
  const foreign = envelope(level, { "X-Shopify-Shop-Domain": "other.myshopify.com" });
  expect(await verify(push(foreign))).toMatchObject({ kind: "refused", status: 401 });
});

test.each([
  ["no envelope", "{}"],
  ["no JSON", "<html>"],
  ["data that is no base64", '{"message":{"messageId":"1","data":"buyer@example.com"}}'],
  ["a body that is not its topic's", envelope('{"customer":"buyer@example.com"}')],
])("%s is malformed, and none of it is repeated", async (_, body) => {
  const verified = await verify(push(body));
  expect(verified.kind).toBe("malformed");
  expect(JSON.stringify(verified)).not.toContain("buyer");
});
