import { toIso } from "../../core/clock.ts";
import type { WebhookSender } from "../kit/webhook-sender.ts";
import type { Destination } from "./entries.ts";
import type { Identifiers } from "./identifiers.ts";
import type { Message } from "./notification-payloads.ts";
import type { Signer } from "./signing.ts";
import type { Store } from "./store.ts";

/** At most three attempts (channel document §9.1); the waits between them are not documented. */
const retryDelaysMs = [60_000, 600_000] as const;
/** An endpoint that acknowledged nothing for this long is marked down until the seller's software enables it again. */
const failingMs = 24 * 3_600_000;
const timeoutMs = 5_000;

export interface Notifier {
  /** Sends to every enabled subscription of the message's topic whose destination is enabled. */
  send(message: Message): void;
}

export const createNotifier = (deps: {
  readonly store: Store;
  readonly sender: WebhookSender;
  readonly signer: Signer;
  readonly identifiers: Identifiers;
  readonly speedUp: number;
}): Notifier => {
  const { store, signer, identifiers, speedUp } = deps;
  const failingSinceMs = new Map<string, number>();

  const settled = (destinationId: string, acknowledged: boolean): void => {
    const destination = store.world.destinations.get(destinationId);
    if (destination === undefined) return;
    if (acknowledged) {
      failingSinceMs.delete(destinationId);
      return;
    }
    const atMs = store.now();
    const sinceMs = failingSinceMs.get(destinationId) ?? atMs;
    failingSinceMs.set(destinationId, sinceMs);
    if (atMs - sinceMs < failingMs / speedUp || destination.status !== "ENABLED") return;
    failingSinceMs.delete(destinationId);
    store.commit({ kind: "destination-set", atMs, destination: { ...destination, status: "MARKED_DOWN" } });
  };

  const sendTo = (destination: Destination, schemaVersion: string, message: Message): void => {
    // The same over all attempts and duplicates: what a receiver tells them by.
    const notificationId = `${identifiers.uuid(`n:${message.label}`)}_${identifiers.uuid(`s:${destination.destinationId}`)}`;
    deps.sender.send({
      url: destination.endpoint,
      retryDelaysMs: retryDelaysMs.map((delayMs) => delayMs / speedUp),
      timeoutMs,
      settled: (acknowledged) => settled(destination.destinationId, acknowledged),
      render: (attempt) => {
        const body = JSON.stringify({
          metadata: { topic: message.topicId, schemaVersion, deprecated: false },
          notification: {
            notificationId,
            eventDate: toIso(message.atMs),
            publishDate: toIso(store.now()),
            publishAttemptCount: attempt,
            data: message.data,
          },
        });
        return { headers: { "content-type": "application/json", "x-ebay-signature": signer.header(body) }, body };
      },
    });
  };

  return {
    send: (message) => {
      for (const subscription of store.world.subscriptions.values()) {
        if (subscription.topicId !== message.topicId || subscription.status !== "ENABLED") continue;
        const destination = store.world.destinations.get(subscription.destinationId);
        if (destination?.status === "ENABLED") sendTo(destination, subscription.schemaVersion, message);
      }
    },
  };
};
