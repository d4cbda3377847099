import { z } from "zod";
import { Units } from "../../core/ids.ts";

/**
 * Amazon's answers, reduced to what we use: zod drops every other key, so these schemas are the allow-list as well.
 * Unknown words in enumerations pass as text, because Amazon adds them without a new version (§4).
 */

/** Any ISO time, kept as UTC with `Z` and milliseconds. */
export const Instant = z
  .string()
  .refine((text) => !Number.isNaN(Date.parse(text)), "must be a time")
  .transform((text) => new Date(text).toISOString());

const Issue = z.object({ code: z.string(), message: z.string(), severity: z.string() });

export const Submission = z.object({
  status: z.string(),
  submissionId: z.string(),
  issues: z.array(Issue).optional(),
});
export type Submission = z.infer<typeof Submission>;

const Summary = z.object({
  marketplaceId: z.string(),
  productType: z.string().optional(),
  status: z.array(z.string()).optional(),
  itemName: z.string().optional(),
  createdDate: Instant.optional(),
});

/** `fulfillmentAvailability` is what is live; `attributes` would be what was last submitted (§0.2) and is never asked for. */
export const ListingsItem = z.object({
  sku: z.string(),
  summaries: z.array(Summary).default([]),
  fulfillmentAvailability: z
    .array(z.object({ fulfillmentChannelCode: z.string(), quantity: Units.optional() }))
    .default([]),
});
export type ListingsItem = z.infer<typeof ListingsItem>;

export const ListingsPage = z.object({
  numberOfResults: z.number(),
  pagination: z.object({ nextToken: z.string().optional() }).optional(),
  items: z.array(ListingsItem),
});

/** Orders are parsed one by one: an odd one must not hold up the others (§13.26). */
export const OrdersPage = z.object({
  orders: z.array(z.unknown()),
  pagination: z.object({ nextToken: z.string().optional() }).optional(),
  lastUpdatedBefore: Instant.optional(),
});

export const OrderItem = z.object({
  orderItemId: z.string().min(1),
  quantityOrdered: Units,
  product: z.object({ sellerSku: z.string().optional() }),
  fulfillment: z.object({ quantityFulfilled: Units.optional(), quantityUnfulfilled: Units.optional() }).optional(),
  /** Only that it happened; its reason is free text and stays out (§5). */
  cancellation: z.object({ cancellationExecution: z.object({}).optional() }).optional(),
});
export type OrderItem = z.infer<typeof OrderItem>;

/** An order of the 2026-01-01 version without anything about the buyer. */
export const Order = z.object({
  orderId: z.string().min(1),
  createdTime: Instant,
  lastUpdatedTime: Instant,
  salesChannel: z.object({ channelName: z.string() }),
  /** Absent when not asked for, and sometimes although asked for (§13.14): then the state is not known. */
  fulfillment: z.object({ fulfillmentStatus: z.string(), fulfilledBy: z.string().optional() }).optional(),
  orderItems: z.array(OrderItem),
});
export type Order = z.infer<typeof Order>;

export const OrderAnswer = z.object({ order: Order });

/** Orders v0 (read operations end on 2027-03-27): the list, and an order's items apart from it. */
export const OrdersPageV0 = z.object({
  payload: z.object({
    Orders: z.array(z.unknown()),
    NextToken: z.string().optional(),
    // The sandbox answers a number in exponent form: then our own clock sets the bound.
    LastUpdatedBefore: Instant.optional().catch(undefined),
  }),
});

export const OrderV0 = z.object({
  AmazonOrderId: z.string().min(1),
  PurchaseDate: Instant,
  LastUpdateDate: Instant,
  OrderStatus: z.string(),
  FulfillmentChannel: z.string().optional(),
  SalesChannel: z.string().optional(),
});
export type OrderV0 = z.infer<typeof OrderV0>;
export const OrderAnswerV0 = z.object({ payload: z.unknown() });

export const OrderItemsV0 = z.object({
  payload: z.object({
    OrderItems: z.array(
      z.object({
        OrderItemId: z.string().min(1),
        SellerSKU: z.string().optional(),
        QuantityOrdered: Units,
        QuantityShipped: Units.optional(),
      }),
    ),
    NextToken: z.string().optional(),
  }),
});
export type OrderItemV0 = z.infer<typeof OrderItemsV0>["payload"]["OrderItems"][number];

/** FBA Inventory v1: `pagination` stands beside `payload` (§4). Without `inventoryDetails` a row says nothing sellable. */
export const InventoryPage = z.object({
  payload: z.object({
    inventorySummaries: z.array(
      z.object({
        sellerSku: z.string().min(1),
        asin: z.string().optional(),
        fnSku: z.string().optional(),
        condition: z.string().optional(),
        lastUpdatedTime: Instant.optional().catch(undefined),
        inventoryDetails: z.object({ fulfillableQuantity: Units }),
      }),
    ),
  }),
  pagination: z.object({ nextToken: z.string().optional() }).optional(),
});

export const DocumentCreated = z.object({ feedDocumentId: z.string().min(1), url: z.url() });
export const FeedCreated = z.object({ feedId: z.string().min(1) });
export const Feed = z.object({ processingStatus: z.string(), resultFeedDocumentId: z.string().optional() });
export const DocumentPlace = z.object({ url: z.url(), compressionAlgorithm: z.string().optional() });

/** What became of a listings feed (schemas/feeds/listings-feed-processing-report-schema-v2.json). */
export const FeedReport = z.object({
  issues: z
    .array(
      z.object({
        messageId: z.number().int().optional(),
        code: z.string().optional(),
        severity: z.string(),
        message: z.string(),
      }),
    )
    .default([]),
  summary: z
    .object({ messagesProcessed: z.number().int().optional(), messagesInvalid: z.number().int().optional() })
    .default({}),
});
export type FeedReport = z.infer<typeof FeedReport>;

export const ReportCreated = z.object({ reportId: z.string().min(1) });
export const Report = z.object({ processingStatus: z.string(), reportDocumentId: z.string().optional() });

export const SubscriptionAnswer = z.object({
  payload: z.object({ subscriptionId: z.string(), payloadVersion: z.string(), destinationId: z.string() }),
});
const Destination = z.object({
  destinationId: z.string(),
  name: z.string(),
  resource: z.object({
    sqs: z.object({ arn: z.string() }).optional(),
    eventBridge: z.object({ accountId: z.string(), region: z.string() }).optional(),
  }),
});
export const DestinationsAnswer = z.object({ payload: z.array(Destination).default([]) });
export const ParticipationsAnswer = z.object({
  payload: z
    .array(
      z.object({
        marketplace: z.object({ id: z.string() }),
        participation: z.object({ isParticipating: z.boolean(), hasSuspendedListings: z.boolean() }),
      }),
    )
    .default([]),
});
export const DestinationAnswer = z.object({ payload: Destination });
