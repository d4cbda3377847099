import { z } from "zod";
import { type Answer, notFound, ok, refuse } from "./answers.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import type { Destination, Entry, Subscription, World } from "./world.ts";

export type NotificationsDeps = {
  readonly world: World;
  readonly identifiers: Identifiers;
  readonly record: (entry: Entry) => void;
  readonly stampMs: () => number;
};

/** The one notification this simulator sends; it travels by SQS only, with payload version 1.0 (channel document §11). */
export const orderChange = "ORDER_CHANGE";

const CreateDestination = z.object({
  name: z.string(),
  resourceSpecification: z.object({ sqs: z.object({ arn: z.string() }).optional() }),
});
const CreateSubscription = z.object({
  payloadVersion: z.string(),
  destinationId: z.string(),
  processingDirective: z.unknown().optional(),
});

/** Notifications v1: destinations and by-id operations are grantless, the others want the seller's token. */
export const notificationsHandlers = (deps: NotificationsDeps): Readonly<Record<string, Handler>> => {
  const { world, record, stampMs } = deps;
  const grantless = (handle: (call: Call) => Answer): Handler => ({ audience: "grantless", handle });
  const sellers = (handle: (call: Call) => Answer): Handler => ({ audience: "seller", handle });
  const byId = (call: Call): Subscription | undefined =>
    [...world.subscriptions.values()].find(({ subscriptionId }) => subscriptionId === call.path["subscriptionId"]);
  return {
    getSubscription: sellers((call) => {
      const subscription = world.subscriptions.get(call.path["notificationType"] ?? "");
      return subscription === undefined ? noSubscription : ok({ payload: renderSubscription(subscription) });
    }),
    getSubscriptions: sellers((call) => {
      const types = call.query.getAll("notificationTypes").flatMap((text) => text.split(","));
      const found = [...world.subscriptions.values()].filter(({ notificationType }) =>
        types.includes(notificationType),
      );
      return ok({ payload: { subscriptions: found.map(renderSubscription) } });
    }),
    createSubscription: sellers((call) => createSubscription(deps, call)),
    getSubscriptionById: grantless((call) => {
      const subscription = byId(call);
      return subscription === undefined ? noSubscription : ok({ payload: renderSubscription(subscription) });
    }),
    deleteSubscriptionById: grantless((call) => {
      const subscription = byId(call);
      if (subscription === undefined) return noSubscription;
      record({ kind: "unsubscribed", atMs: stampMs(), subscriptionId: subscription.subscriptionId });
      return ok({});
    }),
    getDestinations: grantless(() => ok({ payload: [...world.destinations.values()].map(renderDestination) })),
    getDestination: grantless((call) => {
      const destination = world.destinations.get(call.path["destinationId"] ?? "");
      return destination === undefined ? noDestination : ok({ payload: renderDestination(destination) });
    }),
    createDestination: grantless((call) => createDestination(deps, call)),
    deleteDestination: grantless((call) => {
      const destinationId = call.path["destinationId"] ?? "";
      if (!world.destinations.has(destinationId)) return noDestination;
      record({ kind: "destination-deleted", atMs: stampMs(), destinationId });
      return ok({});
    }),
  };
};

const createDestination = ({ world, identifiers, record, stampMs }: NotificationsDeps, call: Call): Answer => {
  const { name, resourceSpecification } = CreateDestination.parse(call.body);
  const arn = resourceSpecification.sqs?.arn;
  if (arn === undefined) return refuse(400, "InvalidInput", "Only SQS destinations are available.");
  const clash = [...world.destinations.values()].some(
    (destination) => destination.name === name || destination.arn === arn,
  );
  if (clash) return refuse(409, "Conflict", "Destination with this name or resource already exists.");
  const destinationId = identifiers.uuid(`destination:${name}:${stampMs()}`);
  record({ kind: "destination-created", atMs: stampMs(), destinationId, name, arn });
  return ok({ payload: renderDestination({ destinationId, name, arn }) });
};

const createSubscription = ({ world, identifiers, record, stampMs }: NotificationsDeps, call: Call): Answer => {
  const notificationType = call.path["notificationType"] ?? "";
  const { payloadVersion, destinationId, processingDirective } = CreateSubscription.parse(call.body);
  if (notificationType !== orderChange || payloadVersion !== "1.0") {
    return refuse(
      400,
      "InvalidInput",
      `Invalid notification type or payload version: ${notificationType} ${payloadVersion}`,
    );
  }
  if (!world.destinations.has(destinationId)) return refuse(400, "InvalidInput", "Destination does not exist.");
  if (world.subscriptions.has(notificationType)) return refuse(409, "Conflict", "Subscription already exists.");
  const subscription: Subscription = {
    notificationType,
    subscriptionId: identifiers.uuid(`subscription:${notificationType}:${stampMs()}`),
    destinationId,
    payloadVersion,
    ...(processingDirective === undefined ? {} : { processingDirective }),
  };
  record({ kind: "subscribed", atMs: stampMs(), subscription });
  return ok({ payload: renderSubscription(subscription) });
};

const Filter = z.object({ eventFilter: z.object({ orderChangeTypes: z.array(z.string()).optional() }).optional() });

/** Whether a subscription's filter lets changes of an order's state through. */
export const wantsStatusChanges = (subscription: Subscription): boolean => {
  const types = Filter.safeParse(subscription.processingDirective).data?.eventFilter?.orderChangeTypes;
  return types === undefined || types.includes("OrderStatusChange");
};

const noSubscription = notFound("Subscription does not exist.");
const noDestination = notFound("Destination does not exist.");

const renderDestination = ({ destinationId, name, arn }: Destination) => ({
  destinationId,
  name,
  resource: { sqs: { arn } },
});

const renderSubscription = ({ subscriptionId, destinationId, payloadVersion, processingDirective }: Subscription) => ({
  subscriptionId,
  payloadVersion,
  destinationId,
  ...(processingDirective === undefined ? {} : { processingDirective }),
});
