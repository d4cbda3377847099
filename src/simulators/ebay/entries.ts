import type { ListingState, OfferSeed, TradingMade } from "./listings.ts";
import type { Lines } from "./orders.ts";

export type Destination = {
  readonly destinationId: string;
  readonly name: string;
  readonly status: "ENABLED" | "DISABLED" | "MARKED_DOWN";
  readonly endpoint: string;
  readonly verificationToken: string;
};

export type Subscription = {
  readonly subscriptionId: string;
  readonly topicId: string;
  /** Whose token made it: topics of scope USER belong to the seller, the others to the application. */
  readonly owner: "user" | "application";
  readonly destinationId: string;
  readonly status: "ENABLED" | "DISABLED";
  readonly schemaVersion: string;
  readonly createdMs: number;
};

export type QuantityChange = {
  readonly sku: string;
  /** `undefined`: the item's own quantity stays. */
  readonly itemUnits?: number;
  readonly offers: readonly { readonly offerId: string; readonly units: number }[];
};

/** Everything that ever changes the simulated channel. Times are in the entries: replay reads no clock. */
export type Entry =
  | { kind: "key"; atMs: number; keyId: string; privateKeyPem: string }
  | {
      kind: "listed";
      atMs: number;
      sku: string;
      title: string;
      units: number;
      priceCents: number;
      offers: readonly OfferSeed[];
      trading?: TradingMade;
    }
  | { kind: "state-set"; atMs: number; sku: string; state: ListingState }
  | {
      kind: "sold";
      atMs: number;
      visibleAtMs: number;
      reference: string;
      orderId: string;
      lines: readonly {
        readonly lineId: string;
        readonly sku: string;
        readonly offerId: string;
        readonly units: number;
      }[];
      soldOut: readonly { readonly sku: string; readonly units: number }[];
    }
  | { kind: "cancelled"; atMs: number; orderId: string; cancelId: string; restocks: boolean }
  | { kind: "shipped"; atMs: number; orderId: string; fulfillmentId: string; lines: Lines }
  /** A return of shipped units; closing it refunds the buyer. */
  | {
      kind: "return-set";
      atMs: number;
      orderId: string;
      returnId: string;
      lineId: string;
      units: number;
      closed: boolean;
    }
  | { kind: "edited"; atMs: number; sku: string; units: number }
  /** A write was taken; its application, if it comes, is an entry of its own. `offerIds`: whose listings it revises on `day`. */
  | { kind: "accepted"; atMs: number; sku: string; offerIds: readonly string[]; day: number }
  | { kind: "applied"; atMs: number; change: QuantityChange; acceptedMs: number; unitsWhenAccepted: number }
  | { kind: "alert-email-set"; atMs: number; alertEmail: string }
  | { kind: "destination-set"; atMs: number; destination: Destination }
  | { kind: "destination-deleted"; atMs: number; destinationId: string }
  | { kind: "subscription-set"; atMs: number; subscription: Subscription }
  | { kind: "subscription-deleted"; atMs: number; subscriptionId: string };
