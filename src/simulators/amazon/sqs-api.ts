import { Hono } from "hono";
import { z } from "zod";
import type { AmazonAccount } from "./account.ts";
import { type MessageQueue, md5, type ReceivedMessage } from "./message-queue.ts";

const seconds = (most: number) => z.number().int().min(0).max(most);
const Names = z.array(z.string()).optional();
const Receive = z.object({
  QueueUrl: z.string(),
  MaxNumberOfMessages: z.number().int().min(1).max(10).default(1),
  VisibilityTimeout: seconds(43_200).default(30),
  WaitTimeSeconds: seconds(20).default(0),
  AttributeNames: Names,
  MessageSystemAttributeNames: Names,
});
const Handle = z.object({ ReceiptHandle: z.string() });
const Visibility = Handle.extend({ VisibilityTimeout: seconds(43_200) });
const Entries = <Entry extends z.ZodObject>(entry: Entry) =>
  z.object({
    Entries: z
      .array(z.intersection(entry, z.object({ Id: z.string() })))
      .min(1)
      .max(10),
  });

class SqsRefusal extends Error {
  readonly status: 400 | 403;
  /** Shape name of the JSON protocol, and the code the older query protocol used for the same. */
  readonly shape: string;
  readonly queryCode: string;

  constructor(status: 400 | 403, shape: string, queryCode: string, message: string) {
    super(message);
    this.status = status;
    this.shape = shape;
    this.queryCode = queryCode;
  }
}

/**
 * The seller's own queue at AWS: the SQS JSON protocol for one standard queue. The access key must be the account's;
 * the signature itself is not recomputed.
 */
export const sqsRoutes = (options: {
  readonly account: AmazonAccount;
  readonly queue: MessageQueue;
  readonly queueArn: string;
}): Hono => {
  const { account, queue } = options;
  const actions = createActions(queue, options.queueArn);
  const app = new Hono();
  app.onError((error, c) => {
    if (error instanceof SqsRefusal) {
      c.header("x-amzn-query-error", `${error.queryCode};Sender`);
      return c.json({ __type: `com.amazonaws.sqs#${error.shape}`, message: error.message }, error.status);
    }
    if (error instanceof z.ZodError || error instanceof SyntaxError) {
      return c.json({ __type: "com.amazonaws.sqs#InvalidParameterValue", message: error.message }, 400);
    }
    throw error;
  });
  app.post("*", async (c) => {
    const signed = c.req.header("authorization") ?? "";
    if (!signed.startsWith("AWS4-HMAC-SHA256 ") || !signed.includes(`Credential=${account.awsAccessKeyId}/`)) {
      throw new SqsRefusal(
        403,
        "InvalidClientTokenId",
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
      );
    }
    const action = c.req.header("x-amz-target")?.replace(/^AmazonSQS\./, "") ?? "";
    const run = actions[action];
    if (run === undefined)
      throw new SqsRefusal(
        400,
        "UnsupportedOperation",
        "AWS.SimpleQueueService.UnsupportedOperation",
        `No ${action} here.`,
      );
    const body: unknown = JSON.parse(await c.req.text());
    const { QueueUrl } = z.object({ QueueUrl: z.string() }).parse(body);
    if (new URL(QueueUrl).pathname.split("/").at(-1) !== account.queueName) {
      throw new SqsRefusal(
        400,
        "QueueDoesNotExist",
        "AWS.SimpleQueueService.NonExistentQueue",
        "The specified queue does not exist.",
      );
    }
    const answer = await run(body, c.req.raw.signal);
    return c.body(JSON.stringify(answer), 200, { "content-type": "application/x-amz-json-1.0" });
  });
  return app;
};

type Action = (body: unknown, signal: AbortSignal) => unknown;

const createActions = (queue: MessageQueue, queueArn: string): Readonly<Record<string, Action>> => ({
  ReceiveMessage: async (body, signal) => {
    const asked = Receive.parse(body);
    const messages = await queue.receive({
      max: asked.MaxNumberOfMessages,
      visibilityMs: asked.VisibilityTimeout * 1000,
      waitMs: asked.WaitTimeSeconds * 1000,
      signal,
    });
    const names = [...(asked.AttributeNames ?? []), ...(asked.MessageSystemAttributeNames ?? [])];
    return messages.length === 0
      ? {}
      : { Messages: messages.map((message) => renderMessage(message, names.length > 0)) };
  },
  DeleteMessage: (body) => {
    queue.delete(Handle.parse(body).ReceiptHandle);
    return {};
  },
  DeleteMessageBatch: (body) => {
    const { Entries: entries } = Entries(Handle).parse(body);
    for (const { ReceiptHandle } of entries) queue.delete(ReceiptHandle);
    return { Successful: entries.map(({ Id }) => ({ Id })), Failed: [] };
  },
  ChangeMessageVisibility: (body) => {
    const { ReceiptHandle, VisibilityTimeout } = Visibility.parse(body);
    if (!queue.changeVisibility(ReceiptHandle, VisibilityTimeout * 1000)) {
      throw new SqsRefusal(
        400,
        "MessageNotInflight",
        "AWS.SimpleQueueService.MessageNotInflight",
        "The message is not in flight.",
      );
    }
    return {};
  },
  ChangeMessageVisibilityBatch: (body) => {
    const { Entries: entries } = Entries(Visibility).parse(body);
    const done = entries.map((entry) => ({
      Id: entry.Id,
      changed: queue.changeVisibility(entry.ReceiptHandle, entry.VisibilityTimeout * 1000),
    }));
    return {
      Successful: done.filter(({ changed }) => changed).map(({ Id }) => ({ Id })),
      Failed: done
        .filter(({ changed }) => !changed)
        .map(({ Id }) => ({ Id, SenderFault: true, Code: "MessageNotInflight" })),
    };
  },
  SendMessage: (body) => {
    const { MessageBody, DelaySeconds } = z
      .object({ MessageBody: z.string().min(1), DelaySeconds: seconds(900).default(0) })
      .parse(body);
    return { MessageId: queue.send(MessageBody, DelaySeconds * 1000), MD5OfMessageBody: md5(MessageBody) };
  },
  GetQueueAttributes: () => {
    const { inFlight, size } = queue;
    return {
      Attributes: {
        QueueArn: queueArn,
        ApproximateNumberOfMessages: String(size - inFlight),
        ApproximateNumberOfMessagesNotVisible: String(inFlight),
        VisibilityTimeout: "30",
      },
    };
  },
});

const renderMessage = (message: ReceivedMessage, withAttributes: boolean) => ({
  MessageId: message.messageId,
  ReceiptHandle: message.receiptHandle,
  MD5OfBody: message.bodyMd5,
  Body: message.body,
  ...(withAttributes
    ? { Attributes: { SentTimestamp: String(message.sentAtMs), ApproximateReceiveCount: String(message.receiveCount) } }
    : {}),
});
