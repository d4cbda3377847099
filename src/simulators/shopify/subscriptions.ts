import { z } from "zod";
import { isLoopback } from "./announcer.ts";
import type { Entry, Subscription } from "./entries.ts";
import { gid, type IdSource, parseGid } from "./identifiers.ts";
import { connection, listSource } from "./paging.ts";
import { apiVersion } from "./schema.ts";
import { utcSeconds } from "./times.ts";
import type { FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const Wanted = z.object({
  uri: z.string().nullish(),
  callbackUrl: z.string().nullish(),
  format: z.string().nullish(),
  includeFields: z.array(z.string()).nullish(),
  metafieldNamespaces: z.array(z.string()).nullish(),
  filter: z.string().nullish(),
  name: z.string().nullish(),
});
type Wanted = z.infer<typeof Wanted>;
const CreateInput = z.object({ topic: z.string(), webhookSubscription: Wanted });
const UpdateInput = z.object({ id: z.string(), webhookSubscription: Wanted });
const ListInput = z.object({
  topics: z.array(z.string()).nullish(),
  uri: z.string().nullish(),
  callbackUrl: z.string().nullish(),
});
const Identified = z.object({ id: z.string() });

/** API-made webhook subscriptions (channel document §7); what the app's own configuration subscribes is not listed. */
export const createSubscriptions = (deps: {
  readonly world: World;
  readonly ids: IdSource;
  readonly now: () => number;
  readonly commit: (entry: Entry) => void;
}) => {
  const { world } = deps;

  const create: FieldFunction = (args) => {
    const { topic, webhookSubscription: input } = CreateInput.parse(args);
    const uri = input.uri ?? input.callbackUrl ?? "";
    const userErrors = complaints(world, { topic, uri, input, subscriptionId: null });
    if (userErrors.length > 0) {
      return { __typename: "WebhookSubscriptionCreatePayload", webhookSubscription: null, userErrors };
    }
    const subscription: Subscription = {
      subscriptionId: deps.ids("subscription", world.counts.subscriptions),
      topic,
      uri,
      format: input.format ?? "JSON",
      includeFields: input.includeFields ?? [],
      metafieldNamespaces: input.metafieldNamespaces ?? [],
      filter: input.filter ?? null,
      name: input.name ?? null,
      createdMs: deps.now(),
    };
    deps.commit({ kind: "subscribed", atMs: subscription.createdMs, subscription });
    return { __typename: "WebhookSubscriptionCreatePayload", webhookSubscription: show(subscription), userErrors: [] };
  };

  const update: FieldFunction = (args) => {
    const { id, webhookSubscription: input } = UpdateInput.parse(args);
    const subscriptionId = parseGid(id)?.id ?? "";
    const known = world.subscriptions.get(subscriptionId);
    const answer = (shown: View | null, userErrors: readonly Complaint[]): View => ({
      __typename: "WebhookSubscriptionUpdatePayload",
      webhookSubscription: shown,
      userErrors,
    });
    if (known === undefined) return answer(null, [{ field: ["id"], message: "Webhook subscription does not exist" }]);
    const uri = input.uri ?? input.callbackUrl ?? known.uri;
    const userErrors = complaints(world, { topic: known.topic, uri, input, subscriptionId });
    if (userErrors.length > 0) return answer(null, userErrors);
    const { callbackUrl: _, ...given } = input;
    const changes = Object.entries({ ...given, uri }).filter(([, value]) => value !== null && value !== undefined);
    deps.commit({ kind: "resubscribed", atMs: deps.now(), subscriptionId, changes: Object.fromEntries(changes) });
    return answer(show(world.subscriptions.get(subscriptionId) ?? known), []);
  };

  const remove: FieldFunction = (args) => {
    const { id } = Identified.parse(args);
    const subscriptionId = parseGid(id)?.id ?? "";
    const known = world.subscriptions.has(subscriptionId);
    if (known) deps.commit({ kind: "unsubscribed", atMs: deps.now(), subscriptionId });
    return {
      __typename: "WebhookSubscriptionDeletePayload",
      deletedWebhookSubscriptionId: known ? id : null,
      userErrors: known ? [] : [{ field: ["id"], message: "Webhook subscription does not exist" }],
    };
  };

  const list: FieldFunction = (args) => {
    const wanted = ListInput.parse(args);
    const uri = wanted.uri ?? wanted.callbackUrl ?? null;
    const subscriptions = [...world.subscriptions.values()].filter(
      (subscription) =>
        (wanted.topics?.includes(subscription.topic) ?? true) && (uri === null || subscription.uri === uri),
    );
    const places = new Map(subscriptions.map((subscription) => [subscription, Number(subscription.subscriptionId)]));
    const source = listSource(
      subscriptions,
      (subscription) => places.get(subscription) ?? 0,
      (subscription) => subscription.subscriptionId,
    );
    return connection("WebhookSubscription", args, source, show);
  };

  const show = (subscription: Subscription): View => ({
    __typename: "WebhookSubscription",
    id: gid("WebhookSubscription", subscription.subscriptionId),
    legacyResourceId: subscription.subscriptionId,
    topic: subscription.topic,
    uri: subscription.uri,
    callbackUrl: subscription.uri,
    format: subscription.format,
    includeFields: subscription.includeFields,
    metafieldNamespaces: subscription.metafieldNamespaces ?? [],
    endpoint: () => endpointOf(subscription.uri),
    filter: subscription.filter,
    name: subscription.name,
    createdAt: utcSeconds(subscription.createdMs),
    updatedAt: utcSeconds(subscription.updatedMs ?? subscription.createdMs),
    apiVersion: { handle: apiVersion, displayName: `${apiVersion} (Latest)`, supported: true },
  });

  return { create, update, remove, list, show };
};

const endpointOf = (uri: string): View => {
  const [, project, topic] = /^pubsub:\/\/([^:]+):(.+)$/.exec(uri) ?? [];
  if (project !== undefined) return { __typename: "WebhookPubSubEndpoint", pubSubProject: project, pubSubTopic: topic };
  return uri.startsWith("arn:")
    ? { __typename: "WebhookEventBridgeEndpoint", arn: uri }
    : { __typename: "WebhookHttpEndpoint", callbackUrl: uri };
};

type Complaint = { readonly field: readonly string[]; readonly message: string };
type Proposal = {
  readonly topic: string;
  readonly uri: string;
  readonly input: Wanted;
  /** The subscription that is changed; null = a new one. */
  readonly subscriptionId: string | null;
};

/** What the channel has against a subscription, in its recorded words. */
const complaints = (world: World, { topic, uri, input, subscriptionId }: Proposal): readonly Complaint[] => {
  const others = [...world.subscriptions.values()].filter((known) => known.subscriptionId !== subscriptionId);
  const of = (field: string, messages: readonly string[]): Complaint[] =>
    messages.map((message) => ({ field: ["webhookSubscription", field], message }));
  const address = addressComplaints(uri);
  if (address.length > 0) return of("callbackUrl", address);
  const format = formatComplaint(topic, uri, input.format ?? "JSON");
  if (format !== undefined) return of("format", [format]);
  const sameFormat = (known: Subscription): boolean => known.format === (input.format ?? "JSON");
  const taken = others.some((known) => known.topic === topic && known.uri === uri && sameFormat(known));
  if (taken) return of("callbackUrl", ["Address for this topic has already been taken"]);
  const { name } = input;
  if (typeof name !== "string") return [];
  const nameTaken = others.some((known) => known.name?.toLowerCase() === name.toLowerCase());
  return of("name", [
    ...(name === "" ? ["Name is too short (minimum is 1 character)"] : []),
    ...(/^[\w-]+$/.test(name)
      ? []
      : ["Name name field can only contain alphanumeric characters, underscores, and hyphens"]),
    ...(nameTaken ? ["Name already exists, no duplicate allowed"] : []),
  ]);
};

/** Plain http is refused (recorded) but for loopback, where the simulator and what it calls live. */
const addressComplaints = (uri: string): readonly string[] => {
  if (uri === "") return ["Address can't be blank"];
  if (isCloud(uri)) return [];
  if (uri.startsWith("pubsub://")) {
    return [
      "Address protocol pubsub:// is not supported",
      "Address is not a valid GCP pub/sub format. Format should be pubsub://project:topic",
    ];
  }
  if (!URL.canParse(uri)) return ["Address is invalid"];
  const { protocol, hostname } = new URL(uri);
  if (protocol !== "https:" && !isLoopback(uri)) return [`Address protocol ${protocol}// is not supported`];
  const internal = /(^|\.)(shopify|myshopify)\.com$/.test(hostname);
  return internal ? ["Address cannot be a Shopify or an internal domain"] : [];
};

const isCloud = (uri: string): boolean => /^(pubsub:\/\/[^:]+:.+|arn:aws:events:.+)/.test(uri);

const formatComplaint = (topic: string, uri: string, format: string): string | undefined => {
  if (format === "JSON") return undefined;
  if (isCloud(uri)) return "Format can only be used with format: 'json'";
  return topic.startsWith("RETURNS_")
    ? `Format '${format.toLowerCase()}' is invalid for this webhook topic. Allowed formats: json`
    : undefined;
};
