import { createHash, createHmac } from "node:crypto";
import type { WebhookSender } from "../kit/webhook-sender.ts";
import type { ShopifyAccount } from "./account.ts";
import { payloadText } from "./payloads.ts";
import type { World } from "./world.ts";

/** What the app's own configuration subscribes to (channel document §7); survives failures, never listed by the API. */
const configuredTopics: ReadonlySet<string> = new Set([
  "orders/create",
  "orders/updated",
  "orders/cancelled",
  "orders/fulfilled",
  "orders/partially_fulfilled",
  "refunds/create",
  "inventory_levels/update",
]);

/** 8 retries over 4 hours (channel document §7), ever slower. */
const retryDelaysMs: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 113].map((minutes) => minutes * 60_000);
const acknowledgeTimeoutMs = 5_000;

export type Announcement = { readonly topic: string; readonly payload: unknown };

type Destination = {
  readonly url: string;
  readonly key: string;
  readonly name: string | null;
  /** Brought by Pub/Sub: headers become attributes, the body becomes base64, and nothing is signed for the bus. */
  readonly byPubsub: boolean;
};

/** Sends one event to everybody who subscribed to its topic, signed with the app's client secret. */
export const createAnnouncer = (deps: {
  readonly world: World;
  readonly account: ShopifyAccount;
  readonly sender: WebhookSender;
  readonly apiVersion: string;
  readonly speedUp: number;
  readonly seed: number;
  readonly now: () => number;
}): ((announcement: Announcement) => void) => {
  const { world, account, sender, seed } = deps;
  let events = 0;
  return ({ topic, payload }) => {
    const destinations = destinationsOf(world, topic);
    if (destinations.length === 0) return;
    // The state's sequence makes the name unique across restarts, the counter within one change.
    events += 1;
    const event = `${seed}/${world.sequence}/${events}/${topic}`;
    const body = payloadText(payload);
    const signature = createHmac("sha256", account.clientSecret).update(body, "utf8").digest("base64");
    for (const { url, key, name, byPubsub } of destinations) {
      const headers = {
        "Content-Type": "application/json",
        "User-Agent": "Shopify-Captain-Hook",
        "X-Shopify-Topic": topic,
        "X-Shopify-Hmac-Sha256": signature,
        "X-Shopify-Shop-Domain": account.shopDomain,
        "X-Shopify-API-Version": deps.apiVersion,
        "X-Shopify-Webhook-Id": uuidOf(`${event}/${key}`),
        "X-Shopify-Event-Id": uuidOf(event),
        "X-Shopify-Triggered-At": nanoseconds(deps.now(), event),
        ...(name === null ? {} : { "X-Shopify-Name": name }),
      };
      // A retry repeats body, id and time: nothing is rendered anew.
      sender.send({
        url,
        render: () => (byPubsub ? pubsubPush(headers, body) : { headers, body }),
        retryDelaysMs: retryDelaysMs.map((delayMs) => delayMs / deps.speedUp),
        timeoutMs: acknowledgeTimeoutMs,
      });
    }
  };
};

/**
 * Loopback addresses are called as they are. Any other address is reached through the configured target, as through a
 * tunnel: the simulator never calls out into the world. The same address twice for a topic is called once.
 */
const destinationsOf = (world: World, topic: string): readonly Destination[] => {
  const byUrl = new Map<string, Destination>();
  if (world.webhookUrl !== null && configuredTopics.has(topic)) {
    byUrl.set(world.webhookUrl, { url: world.webhookUrl, key: "app", name: null, byPubsub: false });
  }
  const enumName = topic.replace("/", "_").toUpperCase();
  for (const subscription of world.subscriptions.values()) {
    if (subscription.topic !== enumName) continue;
    const byPubsub = subscription.uri.startsWith("pubsub://");
    const tunnel = byPubsub ? world.pubsubUrl : world.webhookUrl;
    const url = isLoopback(subscription.uri) ? subscription.uri : tunnel;
    const { subscriptionId: key, name } = subscription;
    if (url !== null && !byUrl.has(url)) byUrl.set(url, { url, key, name, byPubsub });
  }
  return [...byUrl.values()];
};

/** The JSON that a push subscription of Google Pub/Sub posts. */
const pubsubPush = (
  headers: Readonly<Record<string, string>>,
  body: string,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } => {
  const { "X-Shopify-Hmac-Sha256": _, "User-Agent": _agent, ...attributes } = headers;
  const messageId = BigInt(`0x${createHash("sha256").update(JSON.stringify(attributes)).digest("hex").slice(0, 14)}`);
  const message = {
    attributes,
    data: Buffer.from(body, "utf8").toString("base64"),
    messageId: String(messageId),
    publishTime: headers["X-Shopify-Triggered-At"],
  };
  return {
    headers: { "Content-Type": "application/json", "User-Agent": "CloudPubSub-Google" },
    body: JSON.stringify({ message, subscription: "projects/simulated/subscriptions/lockstep" }),
  };
};

export const isLoopback = (uri: string): boolean =>
  URL.canParse(uri) && ["127.0.0.1", "localhost", "[::1]"].includes(new URL(uri).hostname);

const uuidOf = (text: string): string => {
  const hex = createHash("sha256").update(text).digest("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
};

/** More than millisecond precision, as the header has; the digits below are made up from the event's name. */
const nanoseconds = (epochMs: number, event: string): string => {
  const below = Number.parseInt(createHash("sha256").update(event).digest("hex").slice(0, 8), 16) % 1_000_000;
  return new Date(epochMs).toISOString().replace("Z", `${String(below).padStart(6, "0")}Z`);
};
