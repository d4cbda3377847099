/** An attempt that may still take effect: sent, accepted or unknown, and not yet read back. */
export type OpenAttempt = { readonly id: number; readonly units: number };

export type PushFigures = {
  readonly wantedUnits: number;
  /** What a lowering and a raise may show at most while more may be selling unseen; at most `wantedUnits`. */
  readonly lowerToUnits: number;
  readonly raiseToUnits: number;
  /** What the channel showed just now; null = it does not tell. */
  readonly shownUnits: number | null;
  /** Oldest first. */
  readonly openAttempts: readonly OpenAttempt[];
  /** Every order up to the observation we would raise from is in the ledger. */
  readonly ordersSeen: boolean;
};

export type PushDecision =
  /** The channel shows what is wanted: nothing to send. */
  | { readonly action: "settled" }
  /** The last attempt under way carries this very number: wait for its read-back. */
  | { readonly action: "ride"; readonly attemptId: number }
  | { readonly action: "write"; readonly reason: "lower" | "raise"; readonly units: number }
  | { readonly action: "wait"; readonly reason: "open-attempt" | "orders-not-seen" | "selling" }
  | { readonly action: "unreadable" };

/**
 * Lowering goes at once, raising needs evidence (the design's §5.3). What the listing may show at most is the larger of
 * what it shows and what is still under way: below that is a lowering, above it a raise. While the SKU is selling both
 * stop short of what is wanted by what may be sold unseen, and the rest follows when it is quiet. Pure.
 */
export const decidePush = (figures: PushFigures): PushDecision => {
  const { wantedUnits, lowerToUnits, raiseToUnits, shownUnits, openAttempts, ordersSeen } = figures;
  const last = openAttempts.at(-1);
  if (last !== undefined && last.units === wantedUnits) return { action: "ride", attemptId: last.id };
  if (shownUnits === null) return { action: "unreadable" };
  const mayShow = Math.max(shownUnits, ...openAttempts.map((attempt) => attempt.units));
  if (wantedUnits < mayShow) {
    // Less than wanted is on its way already: anything sent now would raise it again.
    if (last !== undefined && last.units < wantedUnits) return { action: "wait", reason: "open-attempt" };
    // When only a push under way is too high, the channel may have sold unseen since: lowering must not raise what it shows.
    const units = Math.min(lowerToUnits, shownUnits);
    return { action: "write", reason: "lower", units };
  }
  if (last !== undefined) return { action: "wait", reason: "open-attempt" };
  if (wantedUnits === shownUnits) return { action: "settled" };
  if (raiseToUnits <= shownUnits) return { action: "wait", reason: "selling" };
  return ordersSeen
    ? { action: "write", reason: "raise", units: raiseToUnits }
    : { action: "wait", reason: "orders-not-seen" };
};

/** Sort key of an owed listing: the larger, the sooner. Over-exposed units weigh more the fewer are left. */
export const oversellRisk = (figures: { readonly wantedUnits: number; readonly shownUnits: number | null }): number => {
  // Never read: it may show anything.
  if (figures.shownUnits === null) return 1 / (1 + figures.wantedUnits);
  return (figures.shownUnits - figures.wantedUnits) / (1 + figures.wantedUnits);
};
