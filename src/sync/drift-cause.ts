export const driftCauses = [
  "our-lag",
  "lost-push",
  "unseen-order",
  "hand-edit",
  "other-app",
  "channel-fault",
  "unknown",
] as const;
export type DriftCause = (typeof driftCauses)[number];

/** One of our writes to the listing, of the last ones. */
export type PastWrite = {
  readonly units: number;
  /** What the channel showed before it; null = not known, or no number of ours. */
  readonly unitsBefore: number | null;
  readonly state: "sent" | "accepted" | "applied" | "refused" | "unknown" | "lost";
  /** How long before the difference was found it was started. */
  readonly ageMs: number;
};

/** Listings of the account that left our number about the same time without an order or a push of ours to explain it. */
export type MovedTogether = {
  /** This one included. */
  readonly listings: number;
  /** How many of them show a number of ours from before their last push. */
  readonly olderNumbers: number;
  /** How many of the others show the most frequent number. */
  readonly sameUnits: number;
};

/** All that is known of one difference. Units are the listing's. */
export type DriftEvidence = {
  /** What our last write or settling left the channel at. */
  readonly expectedUnits: number;
  /** What it showed when the difference was found, and what it shows at the judgement; null = it does not tell. */
  readonly observedUnits: number;
  readonly shownUnits: number | null;
  /** What the ledger says now. */
  readonly wantedUnits: number;
  /** When it was found, the target had owed a push for too long. */
  readonly wasOwed: boolean;
  /** The channel was seen to show what was expected. */
  readonly wasRight: boolean;
  /** Net units of each of the account's orders that we learned of after the channel was last right: −2 sold, +2 let go. */
  readonly lateOrders: readonly number[];
  /** How long after the finding the last of them was known; null = there are none. */
  readonly ordersKnownAfterMs: number | null;
  /** Every order up to the finding is known, those included that the channel's list left out at first. */
  readonly ordersSeen: boolean;
  /** Newest first. */
  readonly writes: readonly PastWrite[];
  /** We wrote to it between the finding and the judgement. */
  readonly wroteSince: boolean;
  /** The channel took such a write and did not show it within its settle time. */
  readonly slowToShow: boolean;
  /** How often it left our number within a day before, by nobody's order. */
  readonly earlierMoves: number;
  readonly movedTogether: MovedTogether;
};

/** A person moves a few listings at a time; more at once were moved by a machine. */
export const togetherMin = 5;
const uniformShare = 0.8;
/** Who overwrites a listing for the third time in a day is a program. */
const insistsFrom = 2;
/** A channel drops a push soon after it showed it; later the same number is more likely somebody's wish. */
const lostWithinMs = 24 * 60 * 60_000;
const ordersLookedAt = 10;

/** True when some of the orders, taken together, are just the difference. */
const explainedBy = (orders: readonly number[], units: number): boolean => {
  let sums = new Set<number>();
  for (const order of orders.slice(-ordersLookedAt)) {
    sums = new Set([...sums, order, ...[...sums].map((sum) => sum + order)]);
  }
  return sums.has(units);
};

/** The number is ours from before a push that did not last, moved by what was sold and let go since that push. */
export const isOlderNumber = ({ expectedUnits, observedUnits, writes }: DriftEvidence): boolean => {
  const last = writes.find(({ state }) => state !== "refused");
  if (last === undefined || last.ageMs > lostWithinMs || last.unitsBefore === null) return false;
  if (last.unitsBefore === last.units) return false;
  const movedSince = expectedUnits - last.units;
  return observedUnits === last.unitsBefore || observedUnits === last.unitsBefore + movedSince;
};

/** The number came back by itself, or stayed although the channel took another one: what it told was not what it has. */
export const isChannelsOwn = ({ shownUnits, expectedUnits, wroteSince, slowToShow }: DriftEvidence): boolean =>
  slowToShow || (shownUnits === expectedUnits && !wroteSince);

/**
 * Why a channel shows another number than it should; the first that fits. What is certain comes first: a push we owe,
 * orders that add up, a number that came back by itself. Then what many listings have in common, then what the number
 * itself tells. What nothing of that explains, a hand did, if the listing was right before. Pure.
 */
export const classifyDrift = (evidence: DriftEvidence): DriftCause => {
  const { expectedUnits, observedUnits, lateOrders, movedTogether } = evidence;
  const change = observedUnits - expectedUnits;
  if (evidence.wasOwed || change === 0) return "our-lag";
  if (explainedBy(lateOrders, change)) return "unseen-order";
  if (isChannelsOwn(evidence)) return "channel-fault";
  if (!evidence.ordersSeen) return "unknown";
  if (isOlderNumber(evidence)) return movedTogether.olderNumbers >= togetherMin ? "channel-fault" : "lost-push";
  const others = movedTogether.listings - movedTogether.olderNumbers;
  if (others >= togetherMin) return movedTogether.sameUnits >= others * uniformShare ? "channel-fault" : "other-app";
  // An order and something else: neither is the whole of it.
  if (lateOrders.length > 0 || !evidence.wasRight) return "unknown";
  return evidence.earlierMoves >= insistsFrom ? "other-app" : "hand-edit";
};
