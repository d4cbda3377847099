/**
 * Every GraphQL document we send, with an upper bound of what it costs. Shopify charges the *requested* cost first
 * (objects 1, a connection by its `first`, a mutation 10) and refuses a query above 1000 points, so the page sizes
 * here keep the linear bound below that.
 */
export type Document = {
  readonly name: string;
  readonly text: string;
  /** Points at most, for `rows` ids where the document takes a list of them. */
  readonly cost: (rows: number) => number;
};

export const inventoryPageSize = 50;
export const orderPageSize = 12;
/** Orders in one `nodes` call. */
export const orderBatchMax = 12;
export const levelBatchMax = 250;

const level = `inventoryLevel(locationId: $location, includeInactive: true) { isActive quantities(names: ["available"]) { name quantity } }`;

export const setQuantities: Document = {
  name: "SetQuantities",
  // The directive belongs on the field: on the operation it fails validation, without it the call fails at run time.
  text: `mutation SetQuantities($input: InventorySetQuantitiesInput!, $key: String!) {
  inventorySetQuantities(input: $input) @idempotent(key: $key) {
    inventoryAdjustmentGroup { id }
    userErrors { field message code }
  }
}`,
  cost: () => 13,
};

export const activate: Document = {
  name: "Activate",
  // Bare: the seed `available` was once ignored (recorded), and the quantity is set by comparison anyway.
  text: `mutation Activate($item: ID!, $location: ID!, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location) @idempotent(key: $key) {
    inventoryLevel { isActive quantities(names: ["available"]) { name quantity } }
    userErrors { field message }
  }
}`,
  cost: () => 13,
};

export const readLevels: Document = {
  name: "ReadLevels",
  text: `query ReadLevels($ids: [ID!]!, $location: ID!) {
  nodes(ids: $ids) { ... on InventoryItem { id tracked ${level} } }
}`,
  cost: (rows) => rows * 3,
};

export const inventoryPage: Document = {
  name: "InventoryPage",
  text: `query InventoryPage($first: Int!, $after: String, $query: String, $location: ID!) {
  inventoryItems(first: $first, after: $after, query: $query) {
    nodes {
      id sku tracked duplicateSkuCount
      ${level}
      variants(first: 5) {
        nodes { id displayName inventoryPolicy requiresComponents product { status } }
        pageInfo { hasNextPage endCursor }
      }
    }
    pageInfo { hasNextPage endCursor }
  }
}`,
  cost: () => 2 + inventoryPageSize * 15,
};

export const locations: Document = {
  name: "Locations",
  text: "query Locations { locations(first: 10) { nodes { id name } pageInfo { hasNextPage endCursor } } }",
  cost: () => 12,
};

const line = "id sku quantity currentQuantity unfulfilledQuantity variant { id inventoryItem { id } }";
const page = "pageInfo { hasNextPage endCursor }";
const refundLine = "quantity restockType location { id } lineItem { id }";
const orderHead = "id createdAt updatedAt cancelledAt displayFinancialStatus displayFulfillmentStatus";

/** One view of an order in one answer; `lines` and `refunds` say how many of each, the rest is fetched when there is more. */
const orderView = (size: { readonly lines: number; readonly refunds: number; readonly refundLines: number }): string =>
  `${orderHead}
    lineItems(first: ${size.lines}) { nodes { ${line} } ${page} }
    refunds(first: ${size.refunds}) { id refundLineItems(first: ${size.refundLines}) { nodes { ${refundLine} } ${page} } }`;

/** A list of refunds that comes back this long may have been cut. */
export const refundsInPage = 2;
export const refundsInWhole = 10;
export const refundsMax = 250;
const smallView = orderView({ lines: 10, refunds: refundsInPage, refundLines: 5 });
const wholeView = orderView({ lines: 100, refunds: refundsInWhole, refundLines: 20 });

export const orderPage: Document = {
  name: "OrderPage",
  text: `query OrderPage($first: Int!, $after: String, $query: String!) {
  orders(first: $first, after: $after, query: $query, sortKey: UPDATED_AT) {
    nodes { ${smallView} }
    ${page}
  }
}`,
  cost: () => 2 + orderPageSize * 70,
};

export const ordersById: Document = {
  name: "OrdersById",
  text: `query OrdersById($ids: [ID!]!) { nodes(ids: $ids) { ... on Order { ${smallView} } } }`,
  cost: (rows) => rows * 70,
};

export const orderWhole: Document = {
  name: "OrderWhole",
  text: `query OrderWhole($id: ID!) { order(id: $id) { ${wholeView} } }`,
  cost: () => 950,
};

export const orderLines: Document = {
  name: "OrderLines",
  text: `query OrderLines($id: ID!, $after: String) {
  order(id: $id) { updatedAt lineItems(first: 100, after: $after) { nodes { ${line} } ${page} } }
}`,
  cost: () => 303,
};

export const orderRefundIds: Document = {
  name: "OrderRefundIds",
  text: `query OrderRefundIds($id: ID!) { order(id: $id) { updatedAt refunds(first: ${refundsMax}) { id } } }`,
  cost: () => 251,
};

export const refundLines: Document = {
  name: "RefundLines",
  text: `query RefundLines($id: ID!, $after: String) {
  refund(id: $id) { refundLineItems(first: 100, after: $after) { nodes { ${refundLine} } ${page} } }
}`,
  cost: () => 303,
};

export const appState: Document = {
  name: "AppState",
  text: `query AppState {
  currentAppInstallation { accessScopes { handle } }
  publicApiVersions { handle supported }
}`,
  cost: () => 3,
};

export const subscriptions: Document = {
  name: "Subscriptions",
  text: `query Subscriptions($after: String) {
  webhookSubscriptions(first: 100, after: $after) { nodes { id topic uri format } ${page} }
}`,
  cost: () => 103,
};

const subscribed = "webhookSubscription { id } userErrors { field message }";
export const subscribe: Document = {
  name: "Subscribe",
  text: `mutation Subscribe($topic: WebhookSubscriptionTopic!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionCreate(topic: $topic, webhookSubscription: $subscription) { ${subscribed} }
}`,
  cost: () => 10,
};

export const resubscribe: Document = {
  name: "Resubscribe",
  text: `mutation Resubscribe($id: ID!, $subscription: WebhookSubscriptionInput!) {
  webhookSubscriptionUpdate(id: $id, webhookSubscription: $subscription) { ${subscribed} }
}`,
  cost: () => 10,
};

/** Run by the channel itself: no page sizes, no variables, `edges` instead of `nodes`, the id of every parent. */
export const bulkLevels = `{ inventoryItems { edges { node { id tracked
  inventoryLevels(includeInactive: true) { edges { node {
    id isActive updatedAt location { id } quantities(names: ["available"]) { name quantity }
  } } }
} } } }`;

export const bulkRun: Document = {
  name: "BulkRun",
  text: `mutation BulkRun($query: String!) {
  bulkOperationRunQuery(query: $query, groupObjects: false) {
    bulkOperation { id }
    userErrors { field message code }
  }
}`,
  cost: () => 10,
};

export const bulkState: Document = {
  name: "BulkState",
  text: "query BulkState($id: ID!) { bulkOperation(id: $id) { id status errorCode url partialDataUrl } }",
  cost: () => 1,
};

export const documents: readonly Document[] = [
  setQuantities,
  activate,
  readLevels,
  inventoryPage,
  locations,
  orderPage,
  ordersById,
  orderWhole,
  orderLines,
  orderRefundIds,
  refundLines,
  appState,
  subscriptions,
  subscribe,
  resubscribe,
  bulkRun,
  bulkState,
];
