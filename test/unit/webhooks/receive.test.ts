import { Hono } from "hono";
import { beforeEach, expect, test } from "vitest";
import type { CallContext, Connector, RawRequest, Verification } from "../../../src/connectors/connector.ts";
import { keyedDigest } from "../../../src/core/digest.ts";
import { Secret } from "../../../src/core/secret.ts";
import type { Log } from "../../../src/ops/logger.ts";
import { createMetrics } from "../../../src/ops/metrics.ts";
import type { WebEnv } from "../../../src/ops/web-env.ts";
import type { KeptDelivery } from "../../../src/sync/inbox.ts";
import { webhookRoutes } from "../../../src/webhooks/receive.ts";
import { fakeClock } from "../access/fake-clock.ts";

const delivery = { id: "d-1", topic: "orders/updated", payload: { order: "1" }, sourceAt: null };
const steps: string[] = [];
const kept: KeptDelivery[] = [];
const requests: RawRequest[] = [];
let verification: Verification | Error;
let keepError: Error | undefined;
let metrics = createMetrics();
const log: Log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

const connector: Pick<Connector, "channel" | "webhooks"> = {
  channel: "shopify",
  webhooks: {
    verify: async (request: RawRequest, _context: CallContext) => {
      requests.push(request);
      if (verification instanceof Error) throw verification;
      return verification;
    },
  },
};

beforeEach(() => {
  steps.length = 0;
  kept.length = 0;
  requests.length = 0;
  verification = { kind: "delivery", delivery };
  keepError = undefined;
  metrics = createMetrics();
});

const app = (publicUrl?: string): Hono<WebEnv> =>
  webhookRoutes({
    clock: fakeClock(),
    log,
    metrics,
    settings: { webhookBodyBytes: 1_024, secretKey: new Secret("key"), publicUrl },
    connectorFor: (accountId) => (accountId === "shop-de" ? (connector as Connector) : undefined),
    keepDeliveries: async (accountId, door, deliveries) => {
      steps.push(`keep ${accountId} ${door}`);
      if (keepError !== undefined) throw keepError;
      kept.push(...deliveries);
      return deliveries.length;
    },
    wakeIngest: (accountId) => steps.push(`wake ${accountId}`),
  });

const post = (body: string | ReadableStream = '{"a":1}', path = "/webhooks/shopify/shop-de"): Request =>
  new Request(`http://internal:8080${path}`, {
    method: "POST",
    body,
    duplex: "half",
    headers: { "X-Topic": "t" },
  });

test("a delivery is kept with the keyed digest of its bytes, then acknowledged, then ingest is woken", async () => {
  const response = await app().request(post('{"a":1}'));
  expect(response.status).toBe(200);
  expect(steps).toEqual(["keep shop-de webhook", "wake shop-de"]);
  expect(kept).toEqual([{ delivery, bodyDigest: keyedDigest("key", Buffer.from('{"a":1}')) }]);
});

test("the connector gets the exact bytes, lower-case headers and the public address", async () => {
  await app("https://stock.example.com/").request(post("\u00e9 raw", "/webhooks/shopify/shop-de?challenge_code=a%2Fb"));
  expect(requests[0]?.url).toBe("https://stock.example.com/webhooks/shopify/shop-de?challenge_code=a%2Fb");
  expect(Buffer.from(requests[0]?.body ?? []).toString()).toBe("\u00e9 raw");
  expect(requests[0]?.headers["x-topic"]).toBe("t");
  await app().request(post());
  expect(requests[1]?.url).toBe("http://internal:8080/webhooks/shopify/shop-de");
});

test("the connector may choose how a delivery is acknowledged, and answer a challenge itself", async () => {
  verification = { kind: "delivery", delivery, status: 204 };
  expect((await app().request(post())).status).toBe(204);
  verification = { kind: "answer", status: 200, body: { challengeResponse: "abc" } };
  const response = await app().request("/webhooks/shopify/shop-de?challenge_code=x");
  expect([response.status, await response.json()]).toEqual([200, { challengeResponse: "abc" }]);
  expect(kept).toHaveLength(1);
});

test.each([401, 404, 405] as const)("a refusal with %i is a problem that does not say why", async (status) => {
  verification = { kind: "refused", status, reason: "hmac of secret 2 differs" };
  const response = await app().request(post());
  expect(response.status).toBe(status);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(await response.text()).not.toContain("hmac");
  expect(steps).toEqual([]);
});

test("when the connector cannot judge now, or breaks, the channel is asked to come back", async () => {
  for (const cannot of [{ kind: "retry-later", reason: "key server down" } as const, new Error("bug at secret.ts:1")]) {
    verification = cannot;
    const response = await app().request(post());
    expect(response.status).toBe(503);
    expect(response.headers.get("retry-after")).toBe("10");
    expect(await response.text()).not.toMatch(/key server|secret/);
  }
});

test("an authentic message that is not understood is a dead letter with its reason, and acknowledged", async () => {
  verification = { kind: "malformed", id: "d-9", topic: "orders/updated", reason: "line_items is missing" };
  expect((await app().request(post())).status).toBe(200);
  expect(kept[0]?.dead).toBe("line_items is missing");
  expect(kept[0]?.delivery).toEqual({ id: "d-9", topic: "orders/updated", payload: {}, sourceAt: null });
  expect(steps).toEqual(["keep shop-de webhook"]);
});

test("what could not be kept is never acknowledged", async () => {
  keepError = Object.assign(new Error("connect ECONNREFUSED 10.0.0.5:5432"), { code: "ECONNREFUSED" });
  const response = await app().request(post());
  expect(response.status).toBe(503);
  expect(response.headers.get("retry-after")).toBe("10");
  expect(await response.text()).not.toContain("10.0.0.5");
  expect(steps).toEqual(["keep shop-de webhook"]);
});

test("a payload that can never be stored becomes a dead letter instead of coming back for ever", async () => {
  const refused: KeptDelivery[] = [];
  const routes = webhookRoutes({
    clock: fakeClock(),
    log,
    metrics,
    settings: { webhookBodyBytes: 1_024, secretKey: new Secret("key") },
    connectorFor: () => connector as Connector,
    keepDeliveries: async (_accountId, _door, deliveries) => {
      if (deliveries.some((one) => one.dead === undefined)) throw Object.assign(new Error("NUL"), { code: "22P05" });
      refused.push(...deliveries);
      return deliveries.length;
    },
    wakeIngest: () => undefined,
  });
  expect((await routes.request(post())).status).toBe(200);
  expect(refused[0]?.dead).toContain("cannot be stored");
  expect(refused[0]?.delivery.payload).toEqual({});
});

test("an unknown account and an account of another channel look the same", async () => {
  const unknown = await app().request(post("{}", "/webhooks/shopify/other"));
  const mismatched = await app().request(post("{}", "/webhooks/ebay/shop-de"));
  expect([unknown.status, mismatched.status]).toEqual([404, 404]);
  expect(await unknown.text()).toBe(await mismatched.text());
  expect(requests).toEqual([]);
});

test("a body over the limit is refused before it is all read, with or without a length", async () => {
  expect((await app().request(post("x".repeat(1_025)))).status).toBe(413);
  let pulled = 0;
  const endless = new ReadableStream({
    pull: (controller) => {
      pulled += 1;
      controller.enqueue(new Uint8Array(512));
    },
  });
  expect((await app().request(post(endless))).status).toBe(413);
  expect(pulled).toBeLessThan(10);
  expect(requests).toEqual([]);
  expect((await app().request(post("x".repeat(1_024)))).status).toBe(200);
});

test("answers are counted by channel and outcome; strangers' paths never become labels", async () => {
  await app().request(post());
  await app().request(post("{}", "/webhooks/evil/evil"));
  const text = await metrics.registry.metrics();
  expect(text).toContain('lockstep_webhook_acks_total{channel="shopify",outcome="kept"} 1');
  expect(text).toContain('lockstep_webhook_acks_total{channel="unknown",outcome="unknown_account"} 1');
  expect(text).not.toContain("evil");
});
