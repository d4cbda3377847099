import type { Json } from "../core/digest.ts";
import type { CallContext, CheckFinding, Delivery, ListingWrite, PushOutcome } from "./connector.ts";

/** What a channel may be able to do beyond a connector's duties. Presence on the connector is the opt-in. */

export type RawRequest = {
  readonly method: string;
  /** Absolute URL as the channel called it, for challenge hashes. */
  readonly url: string;
  /** Lower-case names. A repeated header is joined with ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

/**
 * `delivery`: authentic; keep it, then answer `status` (default 200).
 * `answer`: reply as told and keep nothing (challenges).
 * `refused`: not authentic (401) or not for this account (404). `retry-later`: we cannot judge now (503).
 * `malformed`: authentic but not understood: kept as a dead letter and acknowledged.
 */
export type Verification =
  | { readonly kind: "delivery"; readonly delivery: Delivery; readonly status?: number }
  | { readonly kind: "answer"; readonly status: number; readonly body: Json }
  | { readonly kind: "refused"; readonly status: 401 | 404 | 405; readonly reason: string }
  | { readonly kind: "retry-later"; readonly reason: string }
  | { readonly kind: "malformed"; readonly id: string; readonly topic: string; readonly reason: string };

export interface Webhooks {
  verify(request: RawRequest, context: CallContext): Promise<Verification>;
}

/** A message queue of the channel's (SQS). Acknowledge only after the inbox has committed. */
export interface Notifications {
  receive(context: CallContext): Promise<readonly QueuedMessage[]>;
  acknowledge(handles: readonly string[], context: CallContext): Promise<void>;
}
export type QueuedMessage =
  | { readonly handle: string; readonly kind: "delivery"; readonly delivery: Delivery }
  | {
      readonly handle: string;
      readonly kind: "malformed";
      readonly id: string;
      readonly topic: string;
      readonly reason: string;
    };

/** Sellable units that lie with the channel (FBA), to be read into a location of their own. Never written. */
export type ChannelStockRow = {
  readonly channelSku: string;
  /** The part of the account the units can be sold in (a marketplace). */
  readonly region: string;
  readonly units: number;
  /** The channel's time of the last change, ISO; null when it tells none. */
  readonly changedAt: string | null;
};

export interface ChannelStock {
  /** All of it, or an error: never a part. Two rows never share SKU and region. */
  read(context: CallContext): Promise<readonly ChannelStockRow[]>;
}

/** How a write may go out: by itself, in a bulk document, or not while another of the same listing is under way. */
export type PushDoor = "single" | "bulk" | "wait";

export type DoorRequest = {
  readonly ref: string;
  readonly reason: "lower" | "raise";
  /** Must not wait for a document to be worked off. */
  readonly urgent: boolean;
  /** What is under way for the listing. */
  readonly inFlight: "nothing" | "single" | "bulk";
};

/** Many writes as one document that the channel works off in its own time. */
export interface Bulk {
  /** Which door each write takes, by ref. Pure. */
  doors(requests: readonly DoorRequest[]): ReadonlyMap<string, PushDoor>;
  /**
   * `receipt`: opaque, for `settle`; null when nothing was sent. `outcomes`: of listings that did not go along.
   * Errors: `ChannelError`; `ambiguous` when the channel may have taken the document.
   */
  submit(
    writes: readonly ListingWrite[],
    attemptKey: string,
    context: CallContext,
  ): Promise<{ readonly receipt: string | null; readonly outcomes: readonly PushOutcome[] }>;
  /** `refs`: the listings that went along, in any order. One outcome each, or "pending". */
  settle(receipt: string, refs: readonly string[], context: CallContext): Promise<readonly PushOutcome[] | "pending">;
}

/**
 * Makes the channel's messages come to us, to the address that the account's settings name. One finding a
 * subscription: what is there, what was made, or what a person must do.
 */
export interface Subscriptions {
  /** Reads only: what is missing, and what `ensure` would make. */
  audit(context: CallContext): Promise<readonly CheckFinding[]>;
  /** Makes what is missing and restores what the channel dropped; repeating it changes nothing. */
  ensure(context: CallContext): Promise<readonly CheckFinding[]>;
}

/** A listing as a report names it: candidate names, best first, each a ref or an alias; empty = it has none. */
export type ReportedListing = {
  readonly listingRefs: readonly string[];
  readonly channelSku: string | null;
  /** What was available when the channel made the report. */
  readonly units: number;
};

/** Everything on sale in one file that the channel prepares: ask, wait, read. For imports and audits, never for read-back. */
export interface ListingReport {
  /** The answer names the report in the other two calls. `throttled` when there were too many of late. */
  request(context: CallContext): Promise<string>;
  progress(token: string, context: CallContext): Promise<"pending" | "ready" | "failed">;
  /** Streamed. Throws `ChannelError` (retryable) when the file breaks off: what is missing then is not ended. */
  rows(token: string, context: CallContext): AsyncIterable<ReportedListing>;
}
