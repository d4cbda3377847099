/**
 * What every simulated channel offers to the demo, the tests and the benchmarks, over HTTP under `/_control`
 * (see control.ts) and in process. The channel's own protocol is served beside it, validated against the official
 * contract. A simulator keeps its own stock and orders: it is the outside witness.
 */

/** A listing as the seller created it on the channel. */
export type SeedListing = {
  readonly sku: string;
  readonly title: string;
  readonly units: number;
  /** Amazon only: stock lies with the channel. Default merchant. */
  readonly fulfilledBy?: "merchant" | "channel";
};

export type SaleRequest = {
  /** The buyer's reference: the same one twice makes one order. */
  readonly reference: string;
  readonly lines: readonly { readonly sku: string; readonly units: number }[];
};

export type SaleLine = {
  readonly lineId: string;
  readonly sku: string;
  /** Cumulative, as the channel knows them. ordered = cancelled + shipped + still open; restocked is a part of shipped. */
  readonly orderedUnits: number;
  readonly cancelledUnits: number;
  readonly shippedUnits: number;
  readonly restockedUnits: number;
};

/** `lines` holds what was sold; a line the channel could not sell in full (sold out) is in `soldOut` and not sold at all. */
export type SaleResult = {
  readonly orderId: string | null;
  readonly lines: readonly SaleLine[];
  readonly soldOut: readonly { readonly sku: string; readonly units: number }[];
};

export type OrderTruth = {
  readonly orderId: string;
  readonly reference: string;
  readonly atMs: number;
  /** From then on the order list tells of it; null = not yet. Messages may be lost, this may not. */
  readonly listedAtMs: number | null;
  readonly lines: readonly SaleLine[];
};

/** One change of a quantity by the seller's software, when the channel applied it. */
export type QuantityWrite = {
  readonly sequence: number;
  readonly atMs: number;
  readonly sku: string;
  readonly unitsBefore: number;
  /** When the channel took the write, and what it showed then: what happened between the two is the channel's own lag. */
  readonly acceptedMs: number;
  readonly unitsWhenAccepted: number;
  readonly unitsAfter: number;
};

export type Truth = {
  readonly channel: string;
  /** What buyers can buy now. */
  readonly listings: readonly {
    readonly sku: string;
    readonly units: number;
    readonly fulfilledBy: "merchant" | "channel";
  }[];
  readonly orders: readonly OrderTruth[];
};

export type SimulatorCounters = {
  readonly requests: number;
  /** Requests that broke the official contract; each was answered as the channel would and is listed in `violations`. */
  readonly contractViolations: number;
  readonly throttled: number;
  readonly writesAccepted: number;
  readonly writesApplied: number;
  readonly pendingWrites: number;
  readonly pendingMessages: number;
  /** Faults injected so far, by name. */
  readonly faults: Readonly<Record<string, number>>;
};

/** Where pushed messages go. Shopify and eBay call `url`; Amazon puts messages on its SQS queue and needs none. */
export type WebhookTarget = {
  readonly url: string;
  /** eBay's verification token for the endpoint challenge. */
  readonly verificationToken?: string;
};

/** What a channel's simulator implements; kit/control.ts gives it the HTTP door. Synchronous: one event loop, no races. */
export interface SimulatedChannel {
  seedListings(listings: readonly SeedListing[]): void;
  sell(request: SaleRequest): SaleResult;
  /** Cancels open units of an order (all lines when `lines` is absent); the listing's quantity comes back as on the real channel. */
  cancel(orderId: string, lines?: readonly { readonly lineId: string; readonly units: number }[]): OrderTruth;
  ship(orderId: string, lines?: readonly { readonly lineId: string; readonly units: number }[]): OrderTruth;
  /** A seller's hand edit in the channel's own back office. */
  editListing(sku: string, units: number): void;
  /** Sets where webhooks go; eBay runs its endpoint challenge first and rejects when it fails. */
  setWebhookTarget(target: WebhookTarget): Promise<void>;
  truth(): Truth;
  /** Writes after `sequence`, oldest first. */
  writesSince(sequence: number): readonly QuantityWrite[];
  counters(): SimulatorCounters;
  violations(): readonly string[];
}
