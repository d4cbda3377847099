/** Notification topics that wake us: both name orders to be re-read (§9.2). */
export const orderTopics: ReadonlySet<string> = new Set(["ORDER_CONFIRMATION", "ORDER_CANCELLATION_ACTIVITY"]);

/** Compulsory for every application that stores eBay users' data (§9.1). It names a user, not the seller. */
export const privacyTopic = "MARKETPLACE_ACCOUNT_DELETION";
