import type { Json } from "../core/digest.ts";
import type { Bulk, ChannelStock, ListingReport, Notifications, Subscriptions, Webhooks } from "./abilities.ts";

/** The rooms above know this file alone. */
export type {
  Bulk,
  ChannelStock,
  ChannelStockRow,
  DoorRequest,
  ListingReport,
  Notifications,
  PushDoor,
  QueuedMessage,
  RawRequest,
  ReportedListing,
  Subscriptions,
  Verification,
  Webhooks,
} from "./abilities.ts";

/**
 * The one door between Lockstep and a channel. A connector is a function's result
 * (`createEbayConnector(settings, deps)`), stateless but for cached tokens, and throws only `ChannelError`,
 * only when a whole call failed. Results per listing are values. No channel's name is known above this folder.
 */
export const channels = ["amazon", "ebay", "shopify"] as const;
export type Channel = (typeof channels)[number];

export type CallContext = {
  readonly accountId: string;
  /** Aborts the call: shutdown, lost lease, deadline. */
  readonly signal: AbortSignal;
};

/** A listing as a call needs it: our ref plus what the connector itself noted at import (offer ids, location …). */
export type ListingHandle = {
  /** Opaque, unique in the account, stable for the life of the listing. */
  readonly ref: string;
  /** Written by `importListings` of the same connector, opaque to everybody else. */
  readonly details: Json;
};

export type ListingWrite = ListingHandle & {
  /** The absolute quantity the listing shall show, ≥ 0. */
  readonly units: number;
  /** What the channel showed when we decided, for channels with compare-and-set; null = never read. */
  readonly expectedUnits: number | null;
};

/**
 * `accepted`: the channel took it; only a read-back makes it *applied*.
 * `refused`: nothing was written, and why: `retryable` later, `permanent` needs a person.
 * `conflict`: compare-and-set lost; re-read and recompute. `unknown`: it may or may not have taken effect.
 */
export type PushOutcome =
  | { readonly ref: string; readonly status: "accepted"; readonly receipt: string | null }
  | {
      readonly ref: string;
      readonly status: "refused";
      readonly retry: "later" | "never";
      readonly reason: string;
      /** With `later`: before this time (ISO, UTC) the channel refuses it surely. */
      readonly notBefore?: string;
    }
  | { readonly ref: string; readonly status: "conflict"; readonly reason: string }
  | { readonly ref: string; readonly status: "unknown"; readonly reason: string };

/** `units: null`: the channel answered that it does not have or does not track this listing; `reason` says so. */
export type QuantityReading = {
  readonly ref: string;
  readonly units: number | null;
  readonly reason?: string;
};

/** A reading out of a report: `at` is when the channel last changed it (ISO, UTC); null when it does not say. */
export type DatedReading = QuantityReading & { readonly at: string | null };

export type ImportedListing = ListingHandle & {
  /** Other names under which orders or messages may mention it (`sku:…`, `item:…/variation`), unique per account. */
  readonly aliases: readonly string[];
  /** The seller's SKU on the channel, byte-exact; null when the listing has none. */
  readonly channelSku: string | null;
  readonly title: string | null;
  /** `channel`: stock lies with the channel (FBA); such a listing is never written. */
  readonly fulfilledBy: "merchant" | "channel";
  readonly status: "active" | "inactive" | "ended";
  /** What the channel shows now; null = not tracked or not told. */
  readonly units: number | null;
};

/** Cumulative truth about an order line, whatever happened before: holds + left ≤ ordered. Units of the listing. */
export type OrderLine = {
  readonly lineRef: string;
  /** Candidate names of the listing, best first; each is a ref or an alias. Empty = the channel named none. */
  readonly listingRefs: readonly string[];
  readonly channelSku: string | null;
  /** Sold and not yet gone: must stay reserved. */
  readonly holdUnits: number;
  /** Have left the building. */
  readonly leftUnits: number;
  /** Came back to sellable stock (restocked), a part of those that left. */
  readonly backUnits: number;
};

/** Nothing here may identify a buyer: ids, quantities, states, times. */
export type OrderSnapshot = {
  readonly orderRef: string;
  /** `channel`: fulfilled from the channel's own stock; never touches ours. */
  readonly fulfilledBy: "merchant" | "channel";
  /** The channel's own words for the order's state, for people. */
  readonly channelState: string;
  readonly createdAt: string;
  /** The channel's update time (ISO, UTC): newer beats older. */
  readonly updatedAt: string;
  /** When the channel rendered this view (event time, or our request's send time): breaks ties of `updatedAt`. */
  readonly observedAt: string;
  readonly lines: readonly OrderLine[];
};

/** What a delivery means, in our words. */
export type ChannelEvent =
  | { readonly kind: "order"; readonly order: OrderSnapshot }
  /** Re-read these orders: the message itself is not the truth. */
  | { readonly kind: "order-hint"; readonly orderRefs: readonly string[] }
  /** A hint that a listing's quantity moved; never pushed from, only re-read. */
  | { readonly kind: "stock-hint"; readonly listingRef: string; readonly units: number | null; readonly at: string }
  /** The channel wants personal data told or erased: we hold none, and record that. */
  | { readonly kind: "privacy"; readonly topic: string }
  | { readonly kind: "ignored"; readonly reason: string };

/**
 * An inbound message reduced to its allow-listed projection: no personal data, ids as strings.
 * `id` is unique in the account and the same when the channel repeats the message.
 */
export type Delivery = {
  readonly id: string;
  readonly topic: string;
  readonly payload: Json;
  /** The channel's time of the event, ISO, UTC; null when it states none. */
  readonly sourceAt: string | null;
};

export type Page<Item> = {
  readonly items: readonly Item[];
  /** Resume token, opaque to everybody else; store it only together with the items. null = start. */
  readonly next: string | null;
  readonly done: boolean;
};

/** One page of orders as deliveries, so that polls and pushes share one inbox. */
export type OrderPage = Page<Delivery> & {
  /** With `done`: every order changed up to this time (ISO) has now been seen. The account's watermark. */
  readonly watermark: string | null;
};

/** One line of `lockstep check`: `fix` is a sentence an operator can follow. */
export type CheckFinding = {
  readonly check: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly fix?: string;
  /** When what was looked at ends by itself (ISO, UTC), if that is known. */
  readonly expiresAt?: string;
};

export interface Connector {
  readonly channel: Channel;
  readonly limits: {
    /** Most listings in one `pushQuantities` / `readQuantities` call. */
    readonly pushBatchMax: number;
    readonly readBatchMax: number;
    /** How long an accepted write may take to show before it counts as lost. */
    readonly settleMs: number;
    /** True when a write takes effect only if `expectedUnits` still holds. */
    readonly comparesAndSets: boolean;
    /**
     * For a channel that neither compares nor is looked at by its connector right before the write: a reading older than
     * this starts no further call, for what was sold since would be put back on sale.
     */
    readonly readingLifeMs?: number;
    /** Absent: no such limit. Writes of one listing on one UTC day; after the last the channel locks it until the next. */
    readonly revisionsPerListingPerDay?: number;
  };
  /** One outcome per listing, in any order. `attemptKey` is stored before the call: the same key means the same attempt. */
  pushQuantities(
    batch: readonly ListingWrite[],
    attemptKey: string,
    context: CallContext,
  ): Promise<readonly PushOutcome[]>;
  /**
   * What the listings show now, live (never "last submitted"). At most one reading per listing; one that could not be
   * told just now is left out, and asked for again.
   */
  readQuantities(listings: readonly ListingHandle[], context: CallContext): Promise<readonly QuantityReading[]>;
  /** Every listing of the account. `cursor: null` starts over. */
  importListings(cursor: string | null, context: CallContext): Promise<Page<ImportedListing>>;
  /** Orders changed since the cursor, with overlap. May repeat, never skips. */
  pullOrders(cursor: string | null, context: CallContext): Promise<OrderPage>;
  /** Orders as they are now; a ref the channel does not know is left out. */
  fetchOrders(orderRefs: readonly string[], context: CallContext): Promise<readonly OrderSnapshot[]>;
  /** Pure. A stored delivery's meaning; throws `ChannelError` (permanent) when it has none. */
  translate(delivery: Delivery): readonly ChannelEvent[];
  /** Credentials, scopes, region, clock, quota, expiries: read-only. Subscriptions have an audit of their own. */
  check(context: CallContext): Promise<readonly CheckFinding[]>;
  /**
   * Every listing's quantity at once, streamed, for audits and large shops. Not a point in time: a reading older than
   * what is known since must not win. Throws after what could be read when it is not all.
   */
  readEverything?(context: CallContext): AsyncIterable<DatedReading>;
  /**
   * How long calls of this kind would be turned away at once, in ms, because the channel does not answer; 0 = they go.
   * Absent: nobody keeps count.
   */
  waitMs?(callClass: "push" | "read"): number;
  /**
   * How many reads of the order list may be made now without delaying the regular polls, for a channel whose quota is so
   * small that it matters. Absent: as many as the settings allow.
   */
  spareOrderReads?(): Promise<number>;
  /** Abilities: presence is the opt-in. */
  readonly webhooks?: Webhooks;
  readonly notifications?: Notifications;
  readonly channelStock?: ChannelStock;
  readonly bulk?: Bulk;
  readonly subscriptions?: Subscriptions;
  readonly listingReport?: ListingReport;
}
