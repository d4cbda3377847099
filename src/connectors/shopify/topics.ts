/**
 * What we subscribe to (channel document §7), as in the GraphQL enum. Fulfilments and returns show as `orders/updated`
 * and `refunds/create`; their own topics would ask for further scopes. Compliance topics can be set in the app's
 * configuration alone.
 */
export const stockTopics = [
  "ORDERS_CREATE",
  "ORDERS_UPDATED",
  "ORDERS_CANCELLED",
  "ORDERS_EDITED",
  "ORDERS_DELETE",
  "REFUNDS_CREATE",
  "INVENTORY_LEVELS_UPDATE",
  "INVENTORY_LEVELS_CONNECT",
  "INVENTORY_LEVELS_DISCONNECT",
  "INVENTORY_ITEMS_UPDATE",
  "INVENTORY_ITEMS_DELETE",
] as const;

/** Without these a poll is the only way to hear of a sale or a change; `check` names the missing ones. */
export const neededTopics: readonly (typeof stockTopics)[number][] = [
  "ORDERS_CREATE",
  "ORDERS_UPDATED",
  "ORDERS_CANCELLED",
  "ORDERS_EDITED",
  "REFUNDS_CREATE",
  "INVENTORY_LEVELS_UPDATE",
];
