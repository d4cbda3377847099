export const oversellCauses = [
  "their-lag",
  "our-lag",
  "policy",
  "manual",
  "unseen-order",
  "race",
  "channel-fault",
  "unknown",
] as const;
export type OversellCause = (typeof oversellCauses)[number];

/** Where it went wrong, finer than the cause. */
export const oversellWhats = [
  // their-lag: it is only asked; it told late; it took our number and did not show it.
  "polled",
  "told-late",
  "showing",
  // our-lag: came in and not applied; waited for a link; then what kept the lower number from the listing.
  "ingest",
  "parked",
  "account-not-live",
  "hold",
  "blocked",
  "refused",
  "lost-push",
  "unanswered",
  "sending",
  "not-sent",
  // policy
  "counts",
  "locations",
  "margin-off",
  // manual
  "by-hand",
  "restored",
  "listing-edit",
  // unseen-order, race, channel-fault, unknown
  "message-lost",
  "same-moment",
  "sold-past-number",
  "unexplained",
] as const;
export type OversellWhat = (typeof oversellWhats)[number];

/** Something that took units off a level, or gave some back. */
export type Taking = {
  readonly movementId: number;
  readonly version: number;
  /** `hand`: counted, adjusted, corrected, moved or reserved by a person. `checkout`: reserved by another program. */
  readonly by: "order" | "checkout" | "hand";
  readonly kind: string;
  /** Of the SKU; below zero: came in, or was let go. */
  readonly units: number;
  readonly accountId: string | null;
  readonly orderRef: string | null;
  readonly actor: string;
  /** When it happened, when we were first told, and when the ledger had it. Epoch ms. */
  readonly soldAtMs: number;
  readonly toldAtMs: number;
  readonly recordedAtMs: number;
  /** How we were first told; null = it is no order, or nobody knows. */
  readonly door: "webhook" | "poll" | "queue" | "read" | null;
  /** A message told of it, early or late; and whether the account gets messages at all. */
  readonly isMessaged: boolean;
  readonly accountHasMessages: boolean;
  /** What came in about it named a listing that nobody had linked. */
  readonly wasParked: boolean;
  /** Sold by the very listing that `second` was sold by. */
  readonly isSameListing: boolean;
};

/** The number that the second sale was made under. */
export type Offer = {
  readonly listingId: number | null;
  readonly accountId: string | null;
  readonly ref: string | null;
  /** Units of the SKU in one unit of the listing. */
  readonly unitsEach: number;
  /** Of the listing. */
  readonly units: number;
  readonly madeAtMs: number;
  /** What was available of the SKU, where the sale was booked, by the ledger that the number was made from. */
  readonly availableUnits: number;
  /** `channel`: none of ours. `restored`: a person put it back. */
  readonly how: "push" | "seen-right" | "restored" | "channel" | "ledger";
  /** The policy counts more than what is available; or the stock of several locations. */
  readonly countsMore: boolean;
  readonly locations: number;
  readonly bufferUnits: number;
  readonly isMarginOff: boolean;
  /** What the audit found about the listing around the time. */
  readonly drift: string | null;
};

/** A write to the listing that the second sale was made on. */
export type LaterWrite = {
  readonly attemptId: number;
  /** The version of the level that its number was made from. */
  readonly version: number;
  readonly units: number;
  readonly state: string;
  readonly startedAtMs: number;
  readonly answeredAtMs: number | null;
  readonly appliedAtMs: number | null;
};

/** All that is known of one oversell. */
export type OversellFigures = {
  readonly unitsShort: number;
  /** What the ledger recorded as the one that went below zero. */
  readonly last: Taking;
  /** What took the units last by the clock of the world. */
  readonly second: Taking;
  /** What happened before `second` and its number did not know of, earliest first. */
  readonly before: readonly Taking[];
  readonly offer: Offer | null;
  /** Oldest first, begun before the second sale. */
  readonly writes: readonly LaterWrite[];
  readonly brakes: {
    /** Not live at the time. */
    readonly accountState: string | null;
    readonly holdId: number | null;
    readonly blockedReason: string | null;
  };
};
