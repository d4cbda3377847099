import type { WebhookTarget } from "../kit/simulator.ts";
import { passesChallenge } from "./challenge.ts";
import { isReachable } from "./destinations-api.ts";
import type { Identifiers } from "./identifiers.ts";
import type { Store } from "./store.ts";

const userTopics = ["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"] as const;
const applicationTopics = ["MARKETPLACE_ACCOUNT_DELETION"] as const;
const targetName = "control target";

/**
 * Does in one go what the Notification interface does in steps: alert address, challenge, destination, subscriptions to
 * the order topics and the compulsory one. Called again it moves the same destination. Throws when the challenge fails.
 */
export const createWebhookTarget =
  (store: Store, identifiers: Identifiers) =>
  async ({ url, verificationToken = "" }: WebhookTarget): Promise<void> => {
    const { world } = store;
    if (!isReachable(url)) throw new Error(`eBay would not call ${url}`);
    if (!/^[A-Za-z0-9_-]{32,80}$/.test(verificationToken)) {
      throw new Error("a verification token of 32 to 80 letters, digits, _ or - is needed");
    }
    const passed = await passesChallenge(
      { endpoint: url, verificationToken },
      identifiers.uuid(`challenge:target:${store.now()}`),
    );
    if (!passed) throw new Error(`${url} failed the endpoint challenge`);
    if (world.alertEmail === undefined) {
      store.commit({ kind: "alert-email-set", atMs: store.now(), alertEmail: "alerts@seller.example" });
    }
    const existing = [...world.destinations.values()].find(
      ({ name, endpoint }) => endpoint === url || name === targetName,
    );
    const destinationId = existing?.destinationId ?? identifiers.uuid("destination:target");
    store.commit({
      kind: "destination-set",
      atMs: store.now(),
      destination: { destinationId, name: targetName, status: "ENABLED", endpoint: url, verificationToken },
    });
    const subscribe = (topicId: string, owner: "user" | "application"): void => {
      const known = [...world.subscriptions.values()].find(
        (other) => other.topicId === topicId && other.owner === owner,
      );
      const subscription = {
        subscriptionId: known?.subscriptionId ?? identifiers.uuid(`subscription:target:${topicId}`),
        topicId,
        owner,
        destinationId,
        status: "ENABLED",
        schemaVersion: "1.0",
        createdMs: known?.createdMs ?? store.now(),
      } as const;
      store.commit({ kind: "subscription-set", atMs: store.now(), subscription });
    };
    for (const topicId of userTopics) subscribe(topicId, "user");
    for (const topicId of applicationTopics) subscribe(topicId, "application");
  };
