import type { ItemShape } from "./inventory.ts";
import type { RefundRow, ShipmentRow } from "./orders.ts";

export type SetRow = { readonly itemId: string; readonly locationId: string; readonly available: number };

export type Subscription = {
  readonly subscriptionId: string;
  /** As in the GraphQL enum: `ORDERS_CREATE`. */
  readonly topic: string;
  readonly uri: string;
  readonly format: string;
  readonly includeFields: readonly string[];
  readonly metafieldNamespaces?: readonly string[];
  readonly filter: string | null;
  readonly name: string | null;
  readonly createdMs: number;
  readonly updatedMs?: number;
};

/** Everything that ever changes the simulated shop. Times are in the entries: replay reads no clock. */
export type Entry =
  | {
      readonly kind: "listed";
      readonly atMs: number;
      readonly sku: string;
      readonly title: string;
      readonly units: number;
      readonly itemId: string;
      readonly variantId: string;
      readonly productId: string;
    }
  | {
      readonly kind: "sold";
      readonly atMs: number;
      readonly orderId: string;
      readonly reference: string;
      readonly indexed: boolean;
      readonly lines: readonly {
        readonly lineId: string;
        readonly itemId: string;
        readonly allocations: readonly { readonly locationId: string; readonly units: number }[];
      }[];
      readonly soldOut: readonly { readonly sku: string; readonly units: number }[];
    }
  /** The search index has caught up with an order. */
  | { readonly kind: "indexed"; readonly atMs: number; readonly orderId: string }
  | {
      readonly kind: "refunded";
      readonly atMs: number;
      readonly orderId: string;
      readonly refundId: string;
      /** True when the order as a whole was cancelled. */
      readonly cancelsOrder: boolean;
      readonly rows: readonly RefundRow[];
    }
  | {
      readonly kind: "shipped";
      readonly atMs: number;
      readonly orderId: string;
      readonly shipmentId: string;
      readonly locationId: string;
      readonly rows: readonly ShipmentRow[];
    }
  | { readonly kind: "set"; readonly atMs: number; readonly by: "software" | "hand"; readonly rows: readonly SetRow[] }
  | {
      readonly kind: "activated";
      readonly atMs: number;
      readonly itemId: string;
      readonly locationId: string;
      /** null: keep what the level had. */
      readonly available: number | null;
    }
  | { readonly kind: "deactivated"; readonly atMs: number; readonly itemId: string; readonly locationId: string }
  /** The seller's hands: tracking switched, made a bundle of other items, or deleted. */
  | { readonly kind: "shaped"; readonly atMs: number; readonly itemId: string; readonly shape: Partial<ItemShape> }
  /** Open units taken off an order by an edit: no refund tells of it. */
  | {
      readonly kind: "edited";
      readonly atMs: number;
      readonly orderId: string;
      readonly rows: readonly { readonly lineId: string; readonly locationId: string; readonly units: number }[];
    }
  /** The order's open units are sent from another location. */
  | { readonly kind: "moved"; readonly atMs: number; readonly orderId: string; readonly locationId: string }
  | { readonly kind: "key-used"; readonly atMs: number; readonly key: string; readonly fingerprint: string }
  | { readonly kind: "subscribed"; readonly atMs: number; readonly subscription: Subscription }
  | {
      readonly kind: "resubscribed";
      readonly atMs: number;
      readonly subscriptionId: string;
      readonly changes: Partial<Omit<Subscription, "subscriptionId" | "topic" | "createdMs" | "updatedMs">>;
    }
  | { readonly kind: "unsubscribed"; readonly atMs: number; readonly subscriptionId: string }
  | { readonly kind: "target-set"; readonly atMs: number; readonly url: string }
  /** Where the push subscription behind every `pubsub://` topic posts to. */
  | { readonly kind: "pubsub-target-set"; readonly atMs: number; readonly url: string };
