import { generateKeyPairSync, sign } from "node:crypto";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import type { RawRequest, Verification } from "../../../../src/connectors/connector.ts";
import { challengeResponse } from "../../../../src/connectors/ebay/notifications.ts";
import { type Bench, contractJson, createBench, grantTokens, host } from "./harness.ts";

const Vector = z.object({ signature: z.string(), message: z.json(), response: z.json(), public_key: z.string() });
const vectors = z
  .record(z.enum(["VALID", "INVALID", "SIGNATURE_MISMATCH", "ERROR"]), Vector)
  .parse(contractJson("vectors/x-ebay-signature.json"));
const kid = vectors.VALID.public_key;
const endpoint = "https://sync.example.com/hooks/ebay";

const post = (body: string, signature: string): RawRequest => ({
  method: "POST",
  url: endpoint,
  headers: { "x-ebay-signature": signature },
  body: Buffer.from(body),
});
const verify = async ({ connector, context }: Bench, request: RawRequest): Promise<Verification> => {
  if (connector.webhooks === undefined) throw new Error("expected webhooks");
  return connector.webhooks.verify(request, context);
};
const keyPath = (id: string): string => `/commerce/notification/v1/public_key/${id}`;
const hasKey = (id: string, answer: unknown): { readonly calls: () => number } => {
  let calls = 0;
  nock(host)
    .persist()
    .get(keyPath(id))
    .reply(() => {
      calls += 1;
      return [200, JSON.stringify(answer), { "Content-Type": "application/json" }];
    });
  return { calls: () => calls };
};

/** A key pair of our own, to sign the sample messages that come without a signature. */
const pair = generateKeyPairSync("ec", { namedCurve: "P-256" });
const ownKid = "11111111-2222-4333-8444-555555555555";
const ownKey = {
  key: String(pair.publicKey.export({ type: "spki", format: "pem" })).replaceAll("\n", ""),
  algorithm: "ECDSA",
  digest: "SHA1",
};
const headerFor = (body: string, changes: object = {}): string => {
  const signature = sign("sha1", Buffer.from(body), pair.privateKey).toString("base64");
  return Buffer.from(JSON.stringify({ alg: "ecdsa", kid: ownKid, signature, digest: "SHA1", ...changes })).toString(
    "base64",
  );
};
const signed = (message: unknown): RawRequest => {
  const body = JSON.stringify(message);
  return post(body, headerFor(body));
};

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

test("eBay's own valid vector is authentic, and nothing of the user it names is kept", async () => {
  hasKey(kid, vectors.VALID.response);
  const bench = createBench();
  const verified = await verify(bench, post(JSON.stringify(vectors.VALID.message), vectors.VALID.signature));
  expect(verified).toEqual({
    kind: "delivery",
    delivery: {
      id: "49feeaeb-4982-42d9-a377-9645b8479411_33f7e043-fed8-442b-9d44-791923bd9a6d",
      topic: "MARKETPLACE_ACCOUNT_DELETION",
      sourceAt: "2021-03-19T20:43:59.462Z",
      payload: { topic: "MARKETPLACE_ACCOUNT_DELETION", eventDate: "2021-03-19T20:43:59.462Z" },
    },
  });
  if (verified.kind !== "delivery") throw new Error("unreachable");
  expect(bench.connector.translate(verified.delivery)).toEqual([
    { kind: "privacy", topic: "MARKETPLACE_ACCOUNT_DELETION" },
  ]);
});

test.each(["INVALID", "SIGNATURE_MISMATCH"] as const)("eBay's vector %s is refused", async (name) => {
  hasKey(kid, vectors[name].response);
  const verified = await verify(createBench(), post(JSON.stringify(vectors[name].message), vectors[name].signature));
  expect(verified).toMatchObject({ kind: "refused", status: 401, reason: "the signature does not match" });
});

test("eBay's vector ERROR, whose key cannot be had, is neither refused nor believed", async () => {
  nock(host).get(keyPath(kid)).times(3).reply(500);
  const verified = await verify(createBench(), post(JSON.stringify(vectors.ERROR.message), vectors.ERROR.signature));
  expect(verified.kind).toBe("retry-later");
});

test("the same message formatted otherwise is not what eBay signed", async () => {
  hasKey(kid, vectors.VALID.response);
  const verified = await verify(
    createBench(),
    post(JSON.stringify(vectors.VALID.message, null, 2), vectors.VALID.signature),
  );
  expect(verified).toMatchObject({ kind: "refused", status: 401 });
});

test("a key is asked for once an hour, with the application's token", async () => {
  const key = hasKey(ownKid, ownKey);
  const bench = createBench();
  const message = contractJson("samples/notification.ORDER_CONFIRMATION.json");
  await Promise.all([verify(bench, signed(message)), verify(bench, signed(message))]);
  bench.clock.advance(59 * 60_000);
  await verify(bench, signed(message));
  expect(key.calls()).toBe(1);
  bench.clock.advance(60_000);
  await verify(bench, signed(message));
  expect(key.calls()).toBe(2);
});

test("a key past its hour still serves while eBay cannot be asked", async () => {
  nock(host).get(keyPath(ownKid)).reply(200, ownKey);
  const bench = createBench();
  const message = contractJson("samples/notification.ORDER_CONFIRMATION.json");
  await verify(bench, signed(message));
  bench.clock.advance(2 * 60 * 60_000);
  nock(host).get(keyPath(ownKid)).reply(429, {}, { "Retry-After": "60" });
  expect((await verify(bench, signed(message))).kind).toBe("delivery");
});

test("a key id that eBay does not know is refused, and not asked for again", async () => {
  let calls = 0;
  nock(host)
    .persist()
    .get(keyPath(ownKid))
    .reply(() => {
      calls += 1;
      return [404, {}];
    });
  const bench = createBench();
  const request = signed(contractJson("samples/notification.ORDER_CONFIRMATION.json"));
  expect(await verify(bench, request)).toMatchObject({ kind: "refused", status: 401 });
  expect(await verify(bench, request)).toMatchObject({ kind: "refused", status: 401 });
  expect(calls).toBe(1);
});

test("ebay section 9.1: a flood of invented key ids costs no calls beyond the quota", async () => {
  const bench = createBench();
  await bench.deps.budget.take("publicKey", bench.context.signal, 400);
  const request = signed(contractJson("samples/notification.ORDER_CONFIRMATION.json"));
  expect((await verify(bench, request)).kind).toBe("retry-later");
});

test.each([
  { why: "no header", header: () => "" },
  { why: "no base64 JSON", header: () => "%%%" },
  { why: "another algorithm", header: (body: string) => headerFor(body, { alg: "none" }) },
  { why: "a digest that is not allowed", header: (body: string) => headerFor(body, { digest: "MD5" }) },
  { why: "a key id that is a path", header: (body: string) => headerFor(body, { kid: "../../identity" }) },
  { why: "another digest than the key's", header: (body: string) => headerFor(body, { digest: "SHA256" }) },
])("a signature header with $why is refused", async ({ header }) => {
  hasKey(ownKid, ownKey);
  const body = JSON.stringify(contractJson("samples/notification.ORDER_CONFIRMATION.json"));
  expect(await verify(createBench(), post(body, header(body)))).toMatchObject({ kind: "refused", status: 401 });
});

test.each(["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"])("%s is a hint to re-read its order", async (topic) => {
  hasKey(ownKid, ownKey);
  const bench = createBench();
  const verified = await verify(bench, signed(contractJson(`samples/notification.${topic}.json`)));
  if (verified.kind !== "delivery") throw new Error(`expected a delivery, got ${verified.kind}`);
  expect(JSON.stringify(verified)).not.toMatch(/testuser|ma8vp1jySJC/);
  expect(bench.connector.translate(verified.delivery)).toEqual([{ kind: "order-hint", orderRefs: ["12-12345-67890"] }]);
});

test.each(["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"])(
  "ebay section 9.1: an authentic %s for another seller is refused",
  async (topic) => {
    hasKey(ownKid, ownKey);
    const verified = await verify(
      createBench({ sellerUserId: "somebody-else" }),
      signed(contractJson(`samples/notification.${topic}.json`)),
    );
    expect(verified).toMatchObject({ kind: "refused", status: 404 });
  },
);

test("a seller configured by username is found too", async () => {
  hasKey(ownKid, ownKey);
  const bench = createBench({ sellerUserId: "testuser_seller" });
  expect((await verify(bench, signed(contractJson("samples/notification.ORDER_CONFIRMATION.json")))).kind).toBe(
    "delivery",
  );
});

test("an authentic message that is not understood becomes a dead letter, and an unknown topic is kept and ignored", async () => {
  hasKey(ownKid, ownKey);
  const bench = createBench();
  expect(await verify(bench, signed({ hello: "world" }))).toMatchObject({ kind: "malformed", topic: "unknown" });
  const nameless = { metadata: { topic: "ORDER_CONFIRMATION" }, notification: { notificationId: "n-1", data: {} } };
  expect(await verify(bench, signed(nameless))).toMatchObject({ kind: "malformed", id: "n-1" });
  const foreign = { metadata: { topic: "NEW_MESSAGE" }, notification: { notificationId: "n-2", data: { text: "hi" } } };
  const verified = await verify(bench, signed(foreign));
  if (verified.kind !== "delivery") throw new Error("expected a delivery");
  expect(bench.connector.translate(verified.delivery)).toMatchObject([{ kind: "ignored" }]);
});

const Challenges = z.object({
  vectors: z.array(
    z.object({
      challengeCode: z.string(),
      verificationToken: z.string(),
      endpoint: z.string(),
      challengeResponse: z.string(),
    }),
  ),
});
const challenges = Challenges.parse(contractJson("vectors/challenge-response.json")).vectors;

test.each(challenges)("the challenge of $endpoint is answered as eBay computes it", (vector) => {
  const { challengeCode, verificationToken } = vector;
  expect(challengeResponse(challengeCode, verificationToken, vector.endpoint)).toBe(vector.challengeResponse);
});

test("a challenge is answered for the endpoint as registered, whatever URL it arrives under", async () => {
  const get = { method: "GET", headers: {}, body: new Uint8Array() };
  const challenge = challenges[1];
  const url = `http://10.0.0.7:8080/hooks/ebay?challenge_code=${challenge?.challengeCode}`;
  expect(await verify(createBench(), { ...get, url })).toEqual({
    kind: "answer",
    status: 200,
    body: { challengeResponse: challenge?.challengeResponse },
  });
  expect(await verify(createBench(), { ...get, url: endpoint })).toMatchObject({ kind: "refused", status: 405 });
  expect(await verify(createBench(), { ...get, url, method: "PUT" })).toMatchObject({ kind: "refused", status: 405 });
});

test("without webhook settings the connector has no webhooks", () => {
  expect(createBench({ webhooks: undefined }).connector.webhooks).toBeUndefined();
});
