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
