/** Notification topics that wake us: both name orders to be re-read (§9.2). */
export const orderTopics: ReadonlySet<string> = new Set(["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"]);

/** Ours, for a closed return that a search brought: its order is to be re-read. */
export const returnTopic = "poll:return";

/** Compulsory for every application that stores eBay users' data (§9.1). It names a user, not the seller. */
export const privacyTopic = "MARKETPLACE_ACCOUNT_DELETION";

/** Every topic we want, and whose token subscribes to it. */
export const topicOwners: readonly (readonly [topicId: string, as: "seller" | "application"])[] = [
  ...[...orderTopics].map((topic) => [topic, "seller"] as const),
  [privacyTopic, "application"],
];
