import { ChannelError } from "../../core/failure.ts";
import type { CallContext, CheckFinding, Subscriptions } from "../connector.ts";
import { type AmazonClient, parseAnswer } from "./client.ts";
import { isNotFound } from "./failures.ts";
import { type NotificationName, notificationTypes, type Transport } from "./notification-types.ts";
import type { AmazonQueue } from "./notifications.ts";
import { DestinationAnswer, DestinationsAnswer, SubscriptionAnswer } from "./schemas.ts";

const notificationsPath = "/notifications/v1";

type Destination = {
  readonly destinationId: string;
  readonly resource: {
    readonly sqs?: { readonly arn: string } | undefined;
    readonly eventBridge?: { readonly accountId: string; readonly region: string } | undefined;
  };
};

const destinationsOf = async (client: AmazonClient, signal: AbortSignal): Promise<readonly Destination[]> => {
  const path = `${notificationsPath}/destinations`;
  const answer = await client.call(
    { operation: "getDestinations", method: "GET", path, audience: "grantless" },
    signal,
  );
  return parseAnswer(DestinationsAnswer, answer.data, "getDestinations").payload;
};

const createDestination = async (
  client: AmazonClient,
  name: string,
  arn: string,
  signal: AbortSignal,
): Promise<string> => {
  const path = `${notificationsPath}/destinations`;
  const body = { name, resourceSpecification: { sqs: { arn } } };
  const answer = await client.call(
    { operation: "createDestination", method: "POST", path, audience: "grantless", body },
    signal,
  );
  return parseAnswer(DestinationAnswer, answer.data, "createDestination").payload.destinationId;
};

type Looking = { readonly client: AmazonClient; readonly signal: AbortSignal; readonly mends: boolean };

const connectMends = "Run `lockstep connect` for this account: it makes what is missing.";

/** The subscription as it is; undefined when there is none. */
const findSubscription = async (client: AmazonClient, name: NotificationName, signal: AbortSignal) => {
  const { payloadVersion } = notificationTypes[name];
  const path = `${notificationsPath}/subscriptions/${name}`;
  try {
    const answer = await client.call(
      { operation: "getSubscription", method: "GET", path, query: { payloadVersion } },
      signal,
    );
    return parseAnswer(SubscriptionAnswer, answer.data, "getSubscription").payload;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw error;
  }
};

/** No filter: whether ORDER_CHANGE tells of brand-new orders is contested enough (§11). */
const createSubscription = async (
  client: AmazonClient,
  name: NotificationName,
  destinationId: string,
  signal: AbortSignal,
) => {
  const { payloadVersion } = notificationTypes[name];
  const path = `${notificationsPath}/subscriptions/${name}`;
  const body = { payloadVersion, destinationId };
  const answer = await client.call({ operation: "createSubscription", method: "POST", path, body }, signal);
  return parseAnswer(SubscriptionAnswer, answer.data, "createSubscription").payload;
};

const byPolling = "until then what it would tell is seen at the next poll";

/** `destinationId` undefined: there is none yet, and none was to be made. */
const lookAtOne = async (
  { client, signal, mends }: Looking,
  name: NotificationName,
  destinationId: string | undefined,
): Promise<CheckFinding> => {
  const check = `subscription ${name}`;
  try {
    const found = await findSubscription(client, name, signal);
    if (found === undefined) {
      if (!mends || destinationId === undefined)
        return { check, ok: false, detail: `there is no subscription; ${byPolling}`, fix: connectMends };
      await createSubscription(client, name, destinationId, signal);
      return { check, ok: true, detail: `subscribed now: ${notificationTypes[name].use}` };
    }
    if (found.destinationId === destinationId) return { check, ok: true, detail: "subscribed" };
    return {
      check,
      ok: false,
      detail: `subscribed for another destination (${found.destinationId})`,
      fix: "Two programmes share this application: delete that subscription, or use an application of its own.",
    };
  } catch (error) {
    if (!(error instanceof ChannelError)) throw error;
    // Somebody made it between our look and our try.
    if (error.kind === "conflict") return { check, ok: true, detail: "subscribed" };
    return { check, ok: false, detail: error.message, fix: "Run this again; if it lasts, check the app's roles." };
  }
};

const wantedBy = (transport: Transport): readonly NotificationName[] =>
  (Object.keys(notificationTypes) as NotificationName[]).filter(
    (name) => notificationTypes[name].transport === transport && notificationTypes[name].use !== null,
  );

const noBridge = (arn: string): readonly CheckFinding[] => {
  const [, , , region = "", accountId = ""] = arn.split(":");
  return wantedBy("eventbridge").map((name) => ({
    check: `subscription ${name}`,
    ok: true,
    detail: "not subscribed: it travels through EventBridge only, and the application has no such destination",
    fix: `Optional: make an EventBridge destination for AWS account ${accountId} in ${region}, and a rule from its partner source to the queue; then run this again.`,
  }));
};

const sqsDestination = async (
  client: AmazonClient,
  arn: string,
  { accountId, signal }: CallContext,
): Promise<string> => {
  const isOurs = ({ resource }: Destination): boolean => resource.sqs?.arn === arn;
  try {
    return await createDestination(client, `lockstep-${accountId}`, arn, signal);
  } catch (error) {
    const made =
      error instanceof ChannelError && error.kind === "conflict"
        ? (await destinationsOf(client, signal)).find(isOurs)
        : undefined;
    if (made === undefined) throw error;
    return made.destinationId;
  }
};

const failed = (check: string, error: unknown, fix: string): CheckFinding => {
  if (!(error instanceof ChannelError)) throw error;
  return { check, ok: false, detail: error.message, fix };
};

/**
 * Destination and subscriptions as they should be: what is missing is made, what is another's is left alone. Each type
 * goes by the transport that Amazon sends it by, and never into a FIFO queue, where nothing arrives (§13.23).
 */
export const createSubscriptions = (client: AmazonClient, queue: AmazonQueue): Subscriptions => {
  const look = async (context: CallContext, mends: boolean): Promise<readonly CheckFinding[]> => {
    const looking = { client, signal: context.signal, mends };
    const described = await describeQueue(queue, context);
    if (typeof described !== "string") return [described];
    const found = await destinationFor(looking, described, context);
    if (!("destinations" in found)) return [found];
    const findings: CheckFinding[] = [found.finding];
    for (const name of wantedBy("sqs")) findings.push(await lookAtOne(looking, name, found.destinationId));
    const [, , , region, awsAccount] = described.split(":");
    const bridge = found.destinations.find(
      ({ resource: { eventBridge } }) => eventBridge?.accountId === awsAccount && eventBridge?.region === region,
    );
    if (bridge === undefined) return [...findings, ...noBridge(described)];
    for (const name of wantedBy("eventbridge")) findings.push(await lookAtOne(looking, name, bridge.destinationId));
    return findings;
  };
  return { audit: (context) => look(context, false), ensure: (context) => look(context, true) };
};

/** The queue's ARN, or why it will not do. */
const describeQueue = async (queue: AmazonQueue, context: CallContext): Promise<string | CheckFinding> => {
  try {
    const { arn, isFifo } = await queue.describe(context);
    if (!isFifo && arn !== "") return arn;
    const fix = "Use a standard queue: Amazon delivers nothing into a FIFO queue.";
    return { check: "queue", ok: false, detail: isFifo ? "a FIFO queue" : "no ARN was told", fix };
  } catch (error) {
    return failed("queue", error, "Allow these AWS keys sqs:GetQueueAttributes.");
  }
};

type Found = {
  readonly destinations: readonly Destination[];
  readonly destinationId: string | undefined;
  readonly finding: CheckFinding;
};

const destinationFor = async (
  { client, signal, mends }: Looking,
  arn: string,
  context: CallContext,
): Promise<Found | CheckFinding> => {
  const check = "destination";
  try {
    const destinations = await destinationsOf(client, signal);
    const known = destinations.find(({ resource }) => resource.sqs?.arn === arn);
    if (known !== undefined)
      return { destinations, destinationId: known.destinationId, finding: { check, ok: true, detail: "there" } };
    if (!mends) {
      const finding = { check, ok: false, detail: "Amazon does not know the queue yet", fix: connectMends };
      return { destinations, destinationId: undefined, finding };
    }
    const destinationId = await sqsDestination(client, arn, context);
    return { destinations, destinationId, finding: { check, ok: true, detail: "made now" } };
  } catch (error) {
    const fix = "Let the queue's policy allow 437568002678 sqs:SendMessage and sqs:GetQueueAttributes.";
    return failed(check, error, fix);
  }
};
