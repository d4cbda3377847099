import { hash } from "node:crypto";
import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { AmazonSettings } from "../../../../src/connectors/settings.ts";
import { Secret } from "../../../../src/core/secret.ts";
import { bench, queueUrl, restoreNetwork, sqsOrigin, withoutNetwork } from "./harness.ts";
import { orderChange, quantityChange } from "./order-samples.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const queueSettings: Partial<AmazonSettings> = {
  notifications: { queueUrl, region: "eu-west-1", accessKeyId: "AKIDTEST", secretAccessKey: new Secret("aws-secret") },
};

type Asked = { readonly action: string; readonly body: Record<string, unknown> };
type Reply = readonly [number, object] | Promise<readonly [number, object]>;

/** SQS as its JSON protocol has it, at the overridden endpoint. */
const sqs = (reply: (asked: Asked) => Reply): { readonly asked: Asked[] } => {
  const asked: Asked[] = [];
  nock(sqsOrigin)
    .post("/")
    .times(20)
    .reply(async (request: Request) => {
      const action = (request.headers.get("x-amz-target") ?? "").replace("AmazonSQS.", "");
      const one = { action, body: (await request.json()) as Record<string, unknown> };
      asked.push(one);
      const [status, body] = await reply(one);
      return [status, JSON.stringify(body), { "content-type": "application/x-amz-json-1.0" }];
    });
  return { asked };
};
const notificationsOf = (changes: Partial<AmazonSettings> = queueSettings, signal?: AbortSignal) => {
  const { connector, ...rest } = bench(changes, signal);
  if (connector.notifications === undefined) throw new Error("notifications expected");
  return { notifications: connector.notifications, ...rest };
};
const message = (id: string, body: string) => ({
  MessageId: id,
  ReceiptHandle: `handle-${id}`,
  Body: body,
  MD5OfBody: hash("md5", body),
});

test("an account without a queue has no notifications", () => {
  expect(bench().connector.notifications).toBeUndefined();
});

test("up to ten messages are received, each a delivery under its own handle", async () => {
  const { asked } = sqs(() => [
    200,
    { Messages: [message("m1", JSON.stringify(orderChange())), message("m2", JSON.stringify(quantityChange()))] },
  ]);
  const { notifications, context } = notificationsOf();
  const received = await notifications.receive(context);
  expect(asked).toEqual([
    { action: "ReceiveMessage", body: { QueueUrl: queueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 2 } },
  ]);
  expect(received).toMatchObject([
    { handle: "handle-m1", kind: "delivery", delivery: { id: "n-0001", topic: "ORDER_CHANGE" } },
    { handle: "handle-m2", kind: "delivery", delivery: { id: "n-0002", topic: "LISTINGS_ITEM_MFN_QUANTITY_CHANGE" } },
  ]);
});

test("a message that is repeated under another queue id stays the same delivery", async () => {
  let number = 0;
  sqs(() => {
    number += 1;
    return [200, { Messages: [message(`m${number}`, JSON.stringify(orderChange()))] }];
  });
  const { notifications, context } = notificationsOf();
  const [first] = await notifications.receive(context);
  const [second] = await notifications.receive(context);
  if (first?.kind !== "delivery" || second?.kind !== "delivery") throw new Error("deliveries expected");
  expect(second.delivery).toEqual(first.delivery);
  expect(second.handle).not.toBe(first.handle);
});

test("a body that is no notification is handed on as malformed, by the queue's id and without its text", async () => {
  sqs(() => [
    200,
    { Messages: [message("m1", "Jane Doe, Main Street 1"), message("m2", JSON.stringify(orderChange()))] },
  ]);
  const { notifications, context } = notificationsOf();
  const received = await notifications.receive(context);
  expect(received[0]).toEqual({
    handle: "handle-m1",
    kind: "malformed",
    id: "sqs:m1",
    topic: "unknown",
    reason: "not a notification of Amazon's",
  });
  expect(received[1]).toMatchObject({ kind: "delivery" });
});

test("an empty queue is no news", async () => {
  sqs(() => [200, {}]);
  const { notifications, context } = notificationsOf();
  expect(await notifications.receive(context)).toEqual([]);
});

test("handles are deleted ten at a time, and one that stays is logged", async () => {
  const { asked } = sqs(({ body }) => {
    const entries = body["Entries"] as readonly { Id: string }[];
    const [first, ...others] = entries;
    return [
      200,
      { Successful: others, Failed: [{ Id: first?.Id, SenderFault: true, Code: "ReceiptHandleIsInvalid" }] },
    ];
  });
  const { notifications, context, logged } = notificationsOf();
  await notifications.acknowledge(
    Array.from({ length: 23 }, (_, index) => `handle-${index}`),
    context,
  );
  expect(asked.map(({ action, body }) => [action, (body["Entries"] as readonly unknown[]).length])).toEqual([
    ["DeleteMessageBatch", 10],
    ["DeleteMessageBatch", 10],
    ["DeleteMessageBatch", 3],
  ]);
  expect(logged.filter(({ level }) => level === "warn")).toHaveLength(3);
});

test.each([
  [403, "com.amazonaws.sqs#AccessDeniedException", "auth"],
  [400, "com.amazonaws.sqs#InvalidClientTokenId", "auth"],
  [400, "com.amazonaws.sqs#QueueDoesNotExist", "permanent"],
  [400, "com.amazonaws.sqs#RequestThrottled", "throttled"],
  [500, "com.amazonaws.sqs#InternalError", "retryable"],
])("%i %s from the queue is %s", async (status, type, kind) => {
  sqs(() => [status, { __type: type, message: "no" }]);
  const { notifications, context } = notificationsOf();
  await expect(notifications.receive(context)).rejects.toMatchObject({ name: "ChannelError", kind });
});

test("a queue that cannot be reached is retryable", async () => {
  nock(sqsOrigin)
    .post("/")
    .times(5)
    .replyWithError(Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" }));
  const { notifications, context } = notificationsOf();
  await expect(notifications.receive(context)).rejects.toMatchObject({ name: "ChannelError", kind: "retryable" });
});

test("waiting for messages ends at once when the call is aborted", async () => {
  const stop = new AbortController();
  const reason = new Error("shutting down");
  sqs(() => {
    stop.abort(reason);
    return new Promise(() => undefined);
  });
  const { notifications, context } = notificationsOf(queueSettings, stop.signal);
  await expect(notifications.receive(context)).rejects.toBe(reason);
  await expect(notifications.receive(context)).rejects.toBe(reason);
});
