import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { expect, onTestFinished, test, vi } from "vitest";
import { demoEbayCredentials } from "../../../../src/simulators/ebay/credentials.ts";
import type { EbaySimulatorOptions } from "../../../../src/simulators/ebay/start.ts";
import { type Receiver, startReceiver, verificationToken } from "./receiver.ts";
import { type EbayAnswer, handClock, instantly, listing, type Seller, startSeller } from "./seller.ts";

const byText = (a: string, b: string): number => a.localeCompare(b);
const base = "/commerce/notification/v1";
const started = async (options: EbaySimulatorOptions = {}) => {
  const seller = await startSeller(options);
  const receiver = await startReceiver();
  onTestFinished(async () => {
    await seller.simulator.close();
    await receiver.close();
  });
  return { seller, receiver, channel: seller.simulator.channel };
};
const quiet = (seller: Seller) =>
  vi.waitFor(() => expect(seller.simulator.channel.counters().pendingMessages).toBe(0), {
    timeout: 5_000,
    interval: 5,
  });
const bodies = (receiver: Receiver) => receiver.received.map(({ raw }) => JSON.parse(raw));

const ajv = new Ajv({ strict: false });
addFormats.default(ajv);
const folder = new URL("../../../../contracts/ebay/", import.meta.url);
const keepsSchema = (topic: string) =>
  ajv.compile(JSON.parse(readFileSync(new URL(`notifications/${topic}.schema.json`, folder), "utf8")));

/** As a receiver does it, from the key that the interface hands out. */
const isSigned = (key: string, signature: string, raw: string): boolean => {
  const envelope = JSON.parse(Buffer.from(signature, "base64").toString("utf8"));
  expect(envelope).toMatchObject({ alg: "ecdsa", digest: "SHA1" });
  const pem = key.replace("-----BEGIN PUBLIC KEY-----", "$&\n").replace("-----END PUBLIC KEY-----", "\n$&");
  return verify("sha1", Buffer.from(raw), createPublicKey(pem), Buffer.from(envelope.signature, "base64"));
};

test("this test's own verification accepts the published vector and refuses its forgeries", () => {
  const vectors = JSON.parse(readFileSync(new URL("vectors/x-ebay-signature.json", folder), "utf8"));
  const judge = ({
    signature,
    message,
    response,
  }: {
    signature: string;
    message: unknown;
    response: { key: string };
  }) => isSigned(response.key, signature, JSON.stringify(message));
  expect([vectors.VALID, vectors.INVALID, vectors.SIGNATURE_MISMATCH].map(judge)).toEqual([true, false, false]);
});

test("every line of a sale is confirmed by a signed message without SKU, as the recorded one", async () => {
  const { seller, receiver, channel } = await started();
  channel.seedListings([listing("A", 5), listing("B", 5)]);
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  const { orderId, lines } = channel.sell({
    reference: "r1",
    lines: [
      { sku: "A", units: 2 },
      { sku: "B", units: 1 },
    ],
  });
  await quiet(seller);
  expect(receiver.received).toHaveLength(2);
  const keepsIt = keepsSchema("ORDER_CONFIRMATION");
  for (const { raw, signature } of receiver.received) {
    expect(keepsIt(JSON.parse(raw))).toBe(true);
    const { kid } = JSON.parse(Buffer.from(signature, "base64").toString("utf8"));
    const { body, read } = await seller.call("GET", `${base}/public_key/${kid}`, { token: await seller.appToken() });
    expect(body).toMatchObject({ algorithm: "ECDSA", digest: "SHA1", key: expect.not.stringContaining("\n") });
    expect(isSigned(read.key, signature, raw)).toBe(true);
    expect(isSigned(read.key, signature, JSON.stringify(JSON.parse(raw), null, 2))).toBe(false);
    expect(raw).not.toContain("sku");
  }
  const told = bodies(receiver).map(({ notification: { data } }) => data);
  expect(told.map(({ user }) => user.userId)).toEqual([
    demoEbayCredentials.sellerUserId,
    demoEbayCredentials.sellerUserId,
  ]);
  expect(
    told
      .flatMap(({ order }) => order.orderLineItems.map((line: { orderLineItemId: string }) => line.orderLineItemId))
      .toSorted(byText),
  ).toEqual(lines.map(({ lineId }) => lineId).toSorted(byText));
  expect(told[0].order.orderId).toBe(orderId);
  expect((await seller.call("GET", `${base}/public_key/none`, { token: await seller.appToken() })).errorId).toBe(
    195001,
  );
});

test("a cancellation is told more than once, a closed account when asked for", async () => {
  const { seller, receiver, channel } = await started();
  channel.seedListings([listing("A", 5)]);
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  const { orderId } = channel.sell({ reference: "r1", lines: [{ sku: "A", units: 2 }] });
  channel.cancel(orderId ?? "");
  await seller.control("/account-deletion", { userId: "gone-user", username: "canary-77" });
  await quiet(seller);
  const byTopic = Map.groupBy(bodies(receiver), ({ metadata }) => metadata.topic);
  const cancellations = byTopic.get("ORDER_CANCELLATION_ACTIVITY") ?? [];
  expect(cancellations.map(({ notification }) => notification.data.activityType).toSorted(byText)).toEqual([
    "CANCELLATION_COMPLETED",
    "CANCELLATION_REQUESTED",
  ]);
  for (const [topic, messages] of byTopic) expect(messages.every((message) => keepsSchema(topic)(message))).toBe(true);
  expect(byTopic.get("MARKETPLACE_ACCOUNT_DELETION")).toMatchObject([
    { notification: { data: { userId: "gone-user" } } },
  ]);
});

test("an unacknowledged message is tried three times under one id, and counted in its signed body", async () => {
  const { seller, receiver, channel } = await started({ speedUp: 60_000 });
  channel.seedListings([listing("A", 5)]);
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  receiver.status = 500;
  channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  expect(channel.counters().pendingMessages).toBe(1);
  await quiet(seller);
  const told = bodies(receiver).map(({ notification }) => notification);
  expect(told.map(({ publishAttemptCount }) => publishAttemptCount)).toEqual([1, 2, 3]);
  expect(new Set(told.map(({ notificationId }) => notificationId)).size).toBe(1);
});

test("messages are dropped and doubled as the faults say", async () => {
  const { seller, receiver, channel } = await started({ faults: { ...instantly, messageDuplicateShare: 1 } });
  channel.seedListings([listing("A", 5)]);
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  await quiet(seller);
  expect(new Set(bodies(receiver).map(({ notification }) => notification.notificationId)).size).toBe(1);
  expect(receiver.received).toHaveLength(2);
  await seller.control("/faults", { plan: { messageDropShare: 1 } });
  channel.sell({ reference: "r2", lines: [{ sku: "A", units: 1 }] });
  await quiet(seller);
  expect(receiver.received).toHaveLength(2);
});

test("a target that fails the challenge is not taken", async () => {
  const { receiver, channel } = await started();
  receiver.honest = false;
  await expect(channel.setWebhookTarget({ url: receiver.url, verificationToken })).rejects.toThrow(/challenge/);
  await expect(channel.setWebhookTarget({ url: receiver.url, verificationToken: "short" })).rejects.toThrow(/32 to 80/);
});

test("the interface's own steps lead to messages: config, destination, subscription, enable", async () => {
  const { seller, receiver, channel } = await started();
  channel.seedListings([listing("A", 5)]);
  const token = await seller.appToken();
  const destination = {
    name: "lockstep",
    status: "ENABLED",
    deliveryConfig: { endpoint: receiver.url, verificationToken },
  };
  const errorOf = ({ errorId }: EbayAnswer) => errorId;
  const post = (body: unknown) => seller.call("POST", `${base}/destination`, { body, token });
  expect(errorOf(await post(destination))).toBe(195003);
  expect(
    (await seller.call("PUT", `${base}/config`, { body: { alertEmail: "ops@seller.example" }, token })).status,
  ).toBe(204);
  expect(
    errorOf(await post({ ...destination, deliveryConfig: { endpoint: "http://far.example/x", verificationToken } })),
  ).toBe(195017);
  expect(
    errorOf(await post({ ...destination, deliveryConfig: { endpoint: receiver.url, verificationToken: "short" } })),
  ).toBe(195019);
  receiver.honest = false;
  expect(errorOf(await post(destination))).toBe(195020);
  receiver.honest = true;
  const created = await post(destination);
  expect(created.status).toBe(201);
  const destinationId = created.headers.get("location")?.split("/").at(-1) ?? "";
  expect(errorOf(await post(destination))).toBe(195021);
  expect((await seller.call("GET", `${base}/destination/${destinationId}`, { token })).body).toEqual({
    destinationId,
    ...destination,
  });

  const subscription = {
    topicId: "ORDER_CONFIRMATION",
    status: "DISABLED",
    destinationId,
    payload: { format: "JSON", schemaVersion: "1.1", deliveryProtocol: "HTTPS" },
  };
  const subscribe = (body: unknown, as?: string) =>
    seller.call("POST", `${base}/subscription`, { body, ...(as === undefined ? {} : { token: as }) });
  expect(errorOf(await subscribe({ ...subscription, topicId: "ITEM_SOLD" }))).toBe(195002);
  expect(errorOf(await subscribe(subscription, token))).toBe(195011);
  expect(errorOf(await subscribe({ ...subscription, topicId: "MARKETPLACE_ACCOUNT_DELETION" }))).toBe(195011);
  expect(errorOf(await subscribe({ ...subscription, topicId: "ORDER_RETURN_ACTIVITY" }))).toBe(195011);
  expect(errorOf(await subscribe({ ...subscription, payload: { ...subscription.payload, schemaVersion: "9" } }))).toBe(
    195008,
  );
  const subscribed = await subscribe(subscription);
  expect(subscribed.status).toBe(201);
  expect(errorOf(await subscribe(subscription))).toBe(195012);
  const subscriptionId = subscribed.headers.get("location")?.split("/").at(-1);
  channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  expect((await seller.call("POST", `${base}/subscription/${subscriptionId}/enable`, { body: {} })).status).toBe(204);
  channel.sell({ reference: "r2", lines: [{ sku: "A", units: 1 }] });
  await quiet(seller);
  expect(bodies(receiver)).toMatchObject([{ metadata: { schemaVersion: "1.1" } }]);
  expect((await seller.call("GET", `${base}/subscription`)).body).toMatchObject({
    total: 1,
    subscriptions: [{ subscriptionId, status: "ENABLED" }],
  });
  expect(errorOf(await seller.call("DELETE", `${base}/destination/${destinationId}`, { token }))).toBe(195024);
});

test("an endpoint that fails for a day is marked down until it is enabled again", async () => {
  const clock = handClock();
  const { seller, receiver, channel } = await started({ clock, speedUp: 60_000 });
  channel.seedListings([listing("A", 9)]);
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  receiver.status = 503;
  const sellOne = async (reference: string) => {
    channel.sell({ reference, lines: [{ sku: "A", units: 1 }] });
    await quiet(seller);
  };
  const destinations = async () => {
    const token = (await seller.grant({ grant_type: "client_credentials" })).read.access_token;
    return { token, ...(await seller.call("GET", `${base}/destination`, { token })).read };
  };
  await sellOne("r1");
  expect((await destinations()).destinations).toMatchObject([{ status: "ENABLED" }]);
  clock.advance(86_400_000 / 60_000);
  await sellOne("r2");
  const { token, destinations: marked } = await destinations();
  expect(marked).toMatchObject([{ status: "MARKED_DOWN" }]);
  const told = receiver.received.length;
  receiver.status = 200;
  await sellOne("r3");
  expect(receiver.received).toHaveLength(told);
  const { destinationId = "", ...rest } = marked[0] ?? {};
  const enabled = { ...rest, status: "ENABLED" };
  expect((await seller.call("PUT", `${base}/destination/${destinationId}`, { body: enabled, token })).status).toBe(204);
  await sellOne("r4");
  expect(receiver.received).toHaveLength(told + 1);
});
