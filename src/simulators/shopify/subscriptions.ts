import { z } from "zod";
import { isLoopback } from "./announcer.ts";
import type { Entry, Subscription } from "./entries.ts";
import { gid, type IdSource, parseGid } from "./identifiers.ts";
import { connection, listSource } from "./paging.ts";
import { apiVersion } from "./schema.ts";
import { utcSeconds } from "./times.ts";
import type { FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const CreateInput = z.object({
  topic: z.string(),
  webhookSubscription: z.object({
    uri: z.string().nullish(),
    callbackUrl: z.string().nullish(),
    format: z.string().nullish(),
    includeFields: z.array(z.string()).nullish(),
    filter: z.string().nullish(),
    name: z.string().nullish(),
  }),
});
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
    const complaint = uriComplaint(world, topic, uri);
    if (complaint !== undefined) {
      const userErrors = [{ field: ["webhookSubscription", "callbackUrl"], message: complaint }];
      return { __typename: "WebhookSubscriptionCreatePayload", webhookSubscription: null, userErrors };
    }
    const subscription: Subscription = {
      subscriptionId: deps.ids("subscription", world.counts.subscriptions),
      topic,
      uri,
      format: input.format ?? "JSON",
      includeFields: input.includeFields ?? [],
      filter: input.filter ?? null,
      name: input.name ?? null,
      createdMs: deps.now(),
    };
    deps.commit({ kind: "subscribed", atMs: subscription.createdMs, subscription });
    return { __typename: "WebhookSubscriptionCreatePayload", webhookSubscription: show(subscription), userErrors: [] };
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
    metafieldNamespaces: [],
    filter: subscription.filter,
    name: subscription.name,
    createdAt: utcSeconds(subscription.createdMs),
    updatedAt: utcSeconds(subscription.createdMs),
    apiVersion: { handle: apiVersion, displayName: `${apiVersion} (Latest)`, supported: true },
  });

  return { create, remove, list, show };
};

/** Plain http is refused (recorded) but for loopback, where the simulator and what it calls live. */
const uriComplaint = (world: World, topic: string, uri: string): string | undefined => {
  if (uri === "") return "Address can't be blank";
  if (/^(pubsub:\/\/|arn:aws:events:)/.test(uri)) return undefined;
  if (!URL.canParse(uri)) return "Address is invalid";
  const { protocol, hostname } = new URL(uri);
  if (protocol !== "https:" && !isLoopback(uri)) return `Address protocol ${protocol}// is not supported`;
  if (/(^|\.)(shopify|myshopify)\.com$/.test(hostname)) return "Address cannot be a Shopify or an internal domain";
  const taken = [...world.subscriptions.values()].some((known) => known.topic === topic && known.uri === uri);
  return taken ? "Address for this topic has already been taken" : undefined;
};
