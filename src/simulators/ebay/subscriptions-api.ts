import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { type Answer, failed, notificationError } from "./answers.ts";
import type { Topic } from "./contracts.ts";
import { notConfigured } from "./destinations-api.ts";
import type { Subscription } from "./entries.ts";
import type { Call, Handler } from "./gate.ts";
import type { Identifiers } from "./identifiers.ts";
import { listPage } from "./notification-paging.ts";
import type { Signer } from "./signing.ts";
import type { Store } from "./store.ts";

const base = "/commerce/notification/v1";
const Asked = z.object({
  topicId: z.string().optional(),
  status: z.string().optional(),
  destinationId: z.string().optional(),
  payload: z
    .object({
      format: z.string().optional(),
      schemaVersion: z.string().optional(),
      deliveryProtocol: z.string().optional(),
    })
    .default({}),
});
type Asked = z.infer<typeof Asked>;

const noSuchSubscription = failed(404, notificationError(195013, "The subscription id does not exist."));
const destinationOff = failed(
  409,
  notificationError(195015, "The subscription cannot be enabled since the destination is not enabled."),
);

/** Topics, public keys and subscriptions of the Notification interface (channel document §9.1). */
export const subscriptionHandlers = (deps: {
  readonly store: Store;
  readonly topics: readonly Topic[];
  readonly signer: Signer;
  readonly identifiers: Identifiers;
}): Readonly<Record<string, Handler>> => {
  const { store, topics, signer, identifiers } = deps;
  const { world } = store;
  const owned = (call: Call): readonly Subscription[] =>
    [...world.subscriptions.values()].filter(({ owner }) => owner === call.claims.audience);
  const destinationEnabled = (destinationId: string): boolean =>
    world.destinations.get(destinationId)?.status === "ENABLED";
  const set = (subscription: Subscription): void =>
    store.commit({ kind: "subscription-set", atMs: store.now(), subscription });

  const create = (call: Call): Answer => {
    const asked = Asked.parse(call.body);
    if (world.alertEmail === undefined) return notConfigured;
    const topic = topics.find(({ topicId }) => topicId === asked.topicId);
    if (topic === undefined) return failed(400, notificationError(195002, "Invalid or missing topic id."));
    if (!mayHear(topic, call)) return failed(403, notificationError(195011, "Not authorized for this topic."));
    const refusal = judge(asked, topic, world.destinations.has(asked.destinationId ?? ""));
    if (refusal !== undefined) {
      call.complain(`subscription: error ${refusal[0]}`);
      return failed(400, notificationError(...refusal));
    }
    if (owned(call).some(({ topicId }) => topicId === topic.topicId)) {
      return failed(409, notificationError(195012, "Subscription already exists"));
    }
    const { destinationId = "", payload } = asked;
    const status = asked.status === "ENABLED" ? "ENABLED" : "DISABLED";
    if (status === "ENABLED" && !destinationEnabled(destinationId)) return destinationOff;
    const createdMs = store.now();
    const owner = call.claims.audience;
    const { topicId } = topic;
    const subscriptionId = identifiers.uuid(`subscription:${topicId}:${owner}:${createdMs}`);
    set({
      subscriptionId,
      topicId,
      owner,
      destinationId,
      status,
      schemaVersion: payload.schemaVersion ?? "1.0",
      createdMs,
    });
    return { status: 201, body: {}, headers: { Location: `${call.origin}${base}/subscription/${subscriptionId}` } };
  };

  const withSubscription = (answer: (subscription: Subscription, call: Call) => Answer): Handler => ({
    needs: "subscriptions",
    handle: (call) => {
      const found = owned(call).find(({ subscriptionId }) => subscriptionId === call.path["subscription_id"]);
      return found === undefined ? noSuchSubscription : answer(found, call);
    },
  });

  const update = withSubscription((subscription, call) => {
    const asked = Asked.parse(call.body);
    const topic = topics.find(({ topicId }) => topicId === subscription.topicId);
    const refusal = topic && judge(asked, topic, world.destinations.has(asked.destinationId ?? ""));
    if (refusal !== undefined) return failed(400, notificationError(...refusal));
    const status = asked.status === "ENABLED" ? "ENABLED" : "DISABLED";
    const { destinationId = "" } = asked;
    if (status === "ENABLED" && !destinationEnabled(destinationId)) return destinationOff;
    set({ ...subscription, destinationId, status });
    return { status: 204 };
  });

  return {
    getTopics: {
      needs: "notifications",
      handle: (call) => listPage(call, `${base}/topic`, "topics", topics),
    },
    getTopic: {
      needs: "notifications",
      handle: ({ path }) => {
        const topic = topics.find(({ topicId }) => topicId === path["topic_id"]);
        if (topic === undefined) return failed(404, notificationError(195002, "Invalid or missing topic id."));
        return { status: 200, body: topic };
      },
    },
    getPublicKey: {
      needs: "notifications",
      handle: ({ path }) =>
        path["public_key_id"] === signer.keyId
          ? { status: 200, body: { key: signer.publicKey, algorithm: "ECDSA", digest: "SHA1" } }
          : failed(404, notificationError(195001, "The specified key id is invalid.")),
    },
    getSubscriptions: {
      needs: "subscriptions",
      handle: (call) => listPage(call, `${base}/subscription`, "subscriptions", owned(call).map(subscriptionView)),
    },
    createSubscription: { needs: "subscriptions", handle: create },
    getSubscription: withSubscription((subscription) => ({ status: 200, body: subscriptionView(subscription) })),
    updateSubscription: update,
    deleteSubscription: withSubscription(({ subscriptionId }) => {
      store.commit({ kind: "subscription-deleted", atMs: store.now(), subscriptionId });
      return { status: 204 };
    }),
    enableSubscription: withSubscription((subscription) => {
      if (!destinationEnabled(subscription.destinationId)) return destinationOff;
      set({ ...subscription, status: "ENABLED" });
      return { status: 204 };
    }),
    disableSubscription: withSubscription((subscription) => {
      set({ ...subscription, status: "DISABLED" });
      return { status: 204 };
    }),
  };
};

/** A USER topic wants the seller's token with one of its scopes, an APPLICATION topic the application's own. */
const mayHear = (topic: Topic, { claims }: Call): boolean =>
  claims.audience === (topic.scope === "USER" ? "user" : "application") &&
  topic.authorizationScopes.some((scope) => claims.scopes.includes(scope));

const judge = (asked: Asked, topic: Topic, destinationKnown: boolean): readonly [number, string] | undefined => {
  const { status, payload } = asked;
  if (status !== "ENABLED" && status !== "DISABLED") return [195006, "Invalid or missing subscription status."];
  if (!destinationKnown) return [195007, "Invalid or missing destination id."];
  const supported = topic.supportedPayloads.find(({ schemaVersion }) => schemaVersion === payload.schemaVersion);
  if (supported === undefined) return [195008, "Invalid or missing schema version."];
  if (!supported.format.includes(payload.format ?? ""))
    return [195009, "Specified format is not supported for the topic."];
  if (payload.deliveryProtocol !== "HTTPS") return [195010, "Invalid or missing protocol"];
  return undefined;
};

const subscriptionView = (subscription: Subscription) => ({
  subscriptionId: subscription.subscriptionId,
  topicId: subscription.topicId,
  status: subscription.status,
  creationDate: toIso(subscription.createdMs),
  destinationId: subscription.destinationId,
  payload: { format: "JSON", schemaVersion: subscription.schemaVersion, deliveryProtocol: "HTTPS" },
});
