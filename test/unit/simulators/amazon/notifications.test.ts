import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  type Message,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { demoAmazonAccount } from "../../../../src/simulators/amazon/account.ts";
import { faultPlans } from "../../../../src/simulators/kit/faults.ts";
import { field, type HandClock, handClock, instantly, type Seller, startSeller } from "./seller.ts";

let clock: HandClock;
let seller: Seller;
let sqs: SQSClient;
const start = async (options: Parameters<typeof startSeller>[0] = {}): Promise<void> => {
  clock = handClock();
  seller = await startSeller({ clock, pendingMs: 3_600_000, ...options });
  seller.simulator.channel.seedListings([{ sku: "A", title: "A", units: 50 }]);
  sqs = new SQSClient({
    region: demoAmazonAccount.awsRegion,
    endpoint: seller.simulator.sqsUrl,
    credentials: {
      accessKeyId: demoAmazonAccount.awsAccessKeyId,
      secretAccessKey: demoAmazonAccount.awsSecretAccessKey,
    },
    maxAttempts: 1,
  });
};
beforeEach(() => start());
afterEach(async () => {
  sqs.destroy();
  await seller.simulator.close();
});

const receive = async (waitSeconds = 0): Promise<readonly Message[]> => {
  const QueueUrl = seller.simulator.queueUrl;
  const answer = await sqs.send(
    new ReceiveMessageCommand({
      QueueUrl,
      MaxNumberOfMessages: 10,
      WaitTimeSeconds: waitSeconds,
      VisibilityTimeout: 30,
      MessageSystemAttributeNames: ["All"],
    }),
  );
  return answer.Messages ?? [];
};
const remove = (messages: readonly Message[]) =>
  sqs.send(
    new DeleteMessageBatchCommand({
      QueueUrl: seller.simulator.queueUrl,
      Entries: messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle: ReceiptHandle ?? "" })),
    }),
  );
const Told = z.object({
  Payload: z.object({
    OrderChangeNotification: z.object({
      SellerId: z.string(),
      AmazonOrderId: z.string(),
      Summary: z.looseObject({ OrderStatus: z.string() }),
    }),
  }),
});
const change = (message: Message | undefined) =>
  Told.parse(JSON.parse(message?.Body ?? "{}")).Payload.OrderChangeNotification;
const sell = (reference: string) =>
  seller.simulator.channel.sell({ reference, lines: [{ sku: "A", units: 2 }] }).orderId ?? "";
const pending = () => seller.simulator.channel.counters().pendingMessages;

test("a sale, a shipment and a cancellation each put an ORDER_CHANGE on the queue", async () => {
  const shipped = sell("r1");
  seller.simulator.channel.ship(shipped);
  const cancelled = sell("r2");
  seller.simulator.channel.cancel(cancelled);

  const changes = (await receive()).map(change);

  const told = (orderId: string) =>
    new Set(changes.filter((told) => told.AmazonOrderId === orderId).map((told) => told.Summary.OrderStatus));
  expect(told(shipped)).toEqual(new Set(["Pending", "Shipped"]));
  expect(told(cancelled)).toEqual(new Set(["Canceled", "Pending"]));
  expect(changes[0]).toMatchObject({
    SellerId: demoAmazonAccount.sellerId,
    Summary: { FulfillmentType: "MFN", OrderItems: [{ SellerSKU: "A", Quantity: 2 }] },
  });
  expect(JSON.stringify(changes)).toContain("canary-1");
});

test("a message comes back until it is deleted, and pending messages count it until then", async () => {
  const orderId = sell("r1");
  seller.simulator.channel.ship(orderId);
  const first = await receive();
  expect(first).toHaveLength(2);
  expect(await receive()).toEqual([]);
  expect(pending()).toBe(2);

  clock.advance(30_000);
  const again = await receive();
  expect(new Set(again.map(({ MessageId }) => MessageId))).toEqual(new Set(first.map(({ MessageId }) => MessageId)));
  expect(again[0]?.Attributes?.ApproximateReceiveCount).toBe("2");
  await remove(first);
  expect(pending()).toBe(2);
  await remove(again);

  expect(pending()).toBe(0);
  clock.advance(30_000);
  expect(await receive()).toEqual([]);
});

test("a waiting receive is answered as soon as a message arrives", async () => {
  const waiting = receive(20);
  const orderId = sell("r1");

  expect(change((await waiting)[0]).AmazonOrderId).toBe(orderId);
});

test("the queue counts what is visible and what is in flight", async () => {
  sell("r1");
  sell("r2");
  const attributes = async () => {
    const answer = await sqs.send(
      new GetQueueAttributesCommand({ QueueUrl: seller.simulator.queueUrl, AttributeNames: ["All"] }),
    );
    return [
      answer.Attributes?.["ApproximateNumberOfMessages"],
      answer.Attributes?.["ApproximateNumberOfMessagesNotVisible"],
    ];
  };
  expect(await attributes()).toEqual(["2", "0"]);

  await receive();

  expect(await attributes()).toEqual(["0", "2"]);
});

test("messages get lost, double and leave their order as the plan says", async () => {
  sqs.destroy();
  await seller.simulator.close();
  await start({ faults: { ...instantly, messageDuplicateShare: 1, messageDelayMs: [0, 40] } });
  const orders = Array.from({ length: 20 }, (_, index) => sell(`r${index}`));
  expect(pending()).toBe(40 + 20);
  const told: string[] = [];
  await expect
    .poll(async () => {
      const messages = await receive();
      told.push(...messages.map((message) => change(message).AmazonOrderId));
      if (messages.length > 0) await remove(messages);
      return told.length;
    })
    .toBe(40);

  expect(new Set(told).size).toBe(20);
  expect(told.filter((orderId, index) => told.indexOf(orderId) === index)).not.toEqual(orders);

  await fetch(`${seller.simulator.url}/_control/faults`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ plan: { ...faultPlans.none, messageDropShare: 1 } }),
  });
  sell("dropped");
  expect(await receive()).toEqual([]);
  expect(seller.simulator.channel.counters().faults["messageDropShare"]).toBe(1);
});

test("nothing is sent without a subscription; making one needs the right token for each step", async () => {
  sqs.destroy();
  await seller.simulator.close();
  await start({ subscribed: false });
  sell("before");
  const grantless = field(
    await seller.token({ grant_type: "client_credentials", scope: "sellingpartnerapi::notifications" }),
    "access_token",
  );
  const destinationBody = {
    name: "orders",
    resourceSpecification: { sqs: { arn: `arn:aws:sqs:us-east-1:000000000000:${demoAmazonAccount.queueName}` } },
  };
  const missing = await seller.call("GET", "/notifications/v1/subscriptions/ORDER_CHANGE");
  const wrongToken = await seller.call("POST", "/notifications/v1/destinations", { body: destinationBody });
  const destination = await seller.call("POST", "/notifications/v1/destinations", {
    body: destinationBody,
    token: grantless,
  });
  const { destinationId } = (destination.body as { payload: { destinationId: string } }).payload;
  const subscription = { payloadVersion: "1.0", destinationId };
  const made = await seller.call("POST", "/notifications/v1/subscriptions/ORDER_CHANGE", { body: subscription });
  const twice = await seller.call("POST", "/notifications/v1/subscriptions/ORDER_CHANGE", { body: subscription });
  const { subscriptionId } = (made.body as { payload: { subscriptionId: string } }).payload;
  const after = sell("after");

  expect([missing.status, wrongToken.status, made.status, twice.status]).toEqual([404, 403, 200, 409]);
  expect((await receive()).map((message) => change(message).AmazonOrderId)).toEqual([after]);
  await seller.call("DELETE", `/notifications/v1/subscriptions/ORDER_CHANGE/${subscriptionId}`, { token: grantless });
  sell("later");
  expect(await receive()).toEqual([]);
  expect(seller.simulator.channel.violations()).toEqual([]);
});

test("a foreign access key is refused", async () => {
  const stranger = new SQSClient({
    region: "us-east-1",
    endpoint: seller.simulator.sqsUrl,
    credentials: { accessKeyId: "AKIAOTHER", secretAccessKey: "x" },
    maxAttempts: 1,
  });

  await expect(stranger.send(new ReceiveMessageCommand({ QueueUrl: seller.simulator.queueUrl }))).rejects.toThrow(
    "security token",
  );
  stranger.destroy();
});
