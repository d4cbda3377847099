import {
  DeleteMessageBatchCommand,
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SQSClient,
  SQSServiceException,
} from "@aws-sdk/client-sqs";
import { ChannelError } from "../../core/failure.ts";
import type { CallContext, Notifications, QueuedMessage } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { readMessage } from "./envelope.ts";

/** SQS's own maximum for receiving and for deleting. */
const batchMax = 10;
/** Long enough to spare empty answers, short enough that one job serves many accounts in turn. */
const waitSeconds = 2;
const timeoutMs = 10_000;

const authNames =
  /AccessDenied|InvalidClientTokenId|UnrecognizedClient|SignatureDoesNotMatch|ExpiredToken|CredentialsProvider|InvalidSecurity/;

/** The queue lies in our own AWS account: its errors are AWS's, not Amazon's selling partner ones. */
const queueFailure = (cause: unknown): ChannelError => {
  const name = cause instanceof Error ? cause.name : "unknown";
  const status = cause instanceof SQSServiceException ? cause.$metadata.httpStatusCode : undefined;
  const message = `SQS: ${name}`;
  if (authNames.test(name) || status === 403)
    return new ChannelError({ kind: "auth", message, channelCode: name, cause });
  if (/Throttl|OverLimit/.test(name) || status === 429) {
    return new ChannelError({ kind: "throttled", message, channelCode: name, retryAfterMs: 1_000, cause });
  }
  const isOurs = status !== undefined && status >= 400 && status < 500;
  return new ChannelError({ kind: isOurs ? "permanent" : "retryable", message, channelCode: name, cause });
};

export interface AmazonQueue extends Notifications {
  /** Messages waiting, as SQS counts them. Fails where `receive` would fail. */
  waiting(context: CallContext): Promise<number>;
  /** The queue's name at AWS (ARN), and whether it is one that Amazon delivers into. */
  describe(context: CallContext): Promise<{ readonly arn: string; readonly isFifo: boolean }>;
}

type QueueSettings = NonNullable<AmazonSettings["notifications"]>;

const createClient = (queue: QueueSettings, endpoint: string | undefined): SQSClient => {
  const { region, accessKeyId, secretAccessKey } = queue;
  return new SQSClient({
    region,
    maxAttempts: 2,
    ...(endpoint === undefined ? {} : { endpoint }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey: secretAccessKey.reveal() } }),
  });
};

/**
 * Amazon's notifications out of an SQS standard queue. SQS has no quota that matters here, so no budget is taken.
 * Errors: `ChannelError`, or the signal's reason.
 */
export const createNotifications = (
  settings: AmazonSettings,
  queue: QueueSettings,
  deps: Pick<ConnectorDeps, "log">,
): AmazonQueue => {
  const { queueUrl: QueueUrl } = queue;
  let made: SQSClient | undefined;
  const client = (): SQSClient => {
    made ??= createClient(queue, settings.endpoints.sqs);
    return made;
  };
  const guarded = async <Answer>(
    context: CallContext,
    ask: (abortSignal: AbortSignal) => Promise<Answer>,
  ): Promise<Answer> => {
    context.signal.throwIfAborted();
    try {
      return await ask(AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]));
    } catch (cause) {
      if (context.signal.aborted) throw context.signal.reason;
      throw queueFailure(cause);
    }
  };
  const read = (body: string, messageId: string, handle: string): QueuedMessage => {
    const message = readMessage(body, settings.sellerId);
    if (message.kind === "delivery") return { handle, ...message };
    return { handle, ...message, id: message.id ?? `sqs:${messageId}` };
  };
  return {
    async receive(context) {
      const command = new ReceiveMessageCommand({
        QueueUrl,
        MaxNumberOfMessages: batchMax,
        WaitTimeSeconds: waitSeconds,
      });
      const { Messages = [] } = await guarded(context, (abortSignal) => client().send(command, { abortSignal }));
      return Messages.flatMap(({ Body = "", MessageId = "", ReceiptHandle }) =>
        ReceiptHandle === undefined ? [] : [read(Body, MessageId, ReceiptHandle)],
      );
    },
    async acknowledge(handles, context) {
      for (let start = 0; start < handles.length; start += batchMax) {
        const Entries = handles
          .slice(start, start + batchMax)
          .map((ReceiptHandle, index) => ({ Id: String(index), ReceiptHandle }));
        const command = new DeleteMessageBatchCommand({ QueueUrl, Entries });
        const { Failed = [] } = await guarded(context, (abortSignal) => client().send(command, { abortSignal }));
        // What was not deleted comes again and is absorbed by its id.
        if (Failed.length > 0) {
          deps.log.warn({ accountId: context.accountId, failed: Failed.length }, "queue messages not deleted");
        }
      }
    },
    async waiting(context) {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["ApproximateNumberOfMessages"] });
      const { Attributes } = await guarded(context, (abortSignal) => client().send(command, { abortSignal }));
      return Number(Attributes?.["ApproximateNumberOfMessages"] ?? 0);
    },
    async describe(context) {
      const command = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
      const { Attributes } = await guarded(context, (abortSignal) => client().send(command, { abortSignal }));
      const arn = Attributes?.["QueueArn"] ?? "";
      // SQS has no other sign: a FIFO queue's name must end so.
      return { arn, isFifo: arn.endsWith(".fifo") };
    },
  };
};
