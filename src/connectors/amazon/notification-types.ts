/** How each notification that we know of travels, and which version of its payload we read (§11). */
export type Transport = "sqs" | "eventbridge";

/** `use`: what a subscription to it gives us; null = it may come, and is ignored. */
export type NotificationType = {
  readonly transport: Transport;
  readonly payloadVersion: string;
  readonly use: string | null;
};

export const notificationTypes = {
  ORDER_CHANGE: { transport: "sqs", payloadVersion: "1.0", use: "orders within seconds" },
  FEED_PROCESSING_FINISHED: { transport: "sqs", payloadVersion: "2020-09-04", use: null },
  REPORT_PROCESSING_FINISHED: { transport: "sqs", payloadVersion: "2020-09-04", use: null },
  FBA_INVENTORY_AVAILABILITY_CHANGES: { transport: "sqs", payloadVersion: "1.0", use: null },
  LISTINGS_ITEM_MFN_QUANTITY_CHANGE: {
    transport: "eventbridge",
    payloadVersion: "1.0",
    use: "quantities changed by hand are noticed at once",
  },
  LISTINGS_ITEM_STATUS_CHANGE: {
    transport: "eventbridge",
    payloadVersion: "1.0",
    use: "listings that come and go are looked at again",
  },
  LISTINGS_ITEM_ISSUES_CHANGE: {
    transport: "eventbridge",
    // 1.0 was withdrawn in March 2025.
    payloadVersion: "2023-12-13",
    use: "listings that Amazon suppresses are looked at again",
  },
} as const satisfies Record<string, NotificationType>;

export type NotificationName = keyof typeof notificationTypes;

/** Others that Amazon documents (contracts/amazon/samples/notification-type-definition.json): nothing here is about stock. */
const otherTypes: ReadonlySet<string> = new Set([
  "BRANDED_ITEM_CONTENT_CHANGE",
  "ITEM_PRODUCT_TYPE_CHANGE",
  "PRODUCT_TYPE_DEFINITIONS_CHANGE",
  "ACCOUNT_STATUS_CHANGED",
  "ANY_OFFER_CHANGED",
  "B2B_ANY_OFFER_CHANGED",
  "DETAIL_PAGE_TRAFFIC_EVENT",
  "FBA_OUTBOUND_SHIPMENT_STATUS",
  "FEE_PROMOTION",
  "FULFILLMENT_ORDER_STATUS",
  "ITEM_INVENTORY_EVENT_CHANGE",
  "ITEM_SALES_EVENT_CHANGE",
  "PRICING_HEALTH",
  "TRANSACTION_UPDATE",
]);

export const isKnownType = (name: string): boolean => Object.hasOwn(notificationTypes, name) || otherTypes.has(name);
