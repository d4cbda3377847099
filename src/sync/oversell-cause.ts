import type { Offer, OversellCause, OversellFigures, OversellWhat, Taking } from "./oversell-evidence.ts";

/** How many of the units short one thing answers for. */
export type Blame = {
  readonly cause: OversellCause;
  readonly what: OversellWhat;
  readonly units: number;
  /** The movement that should have been known or shown in time; null: none. */
  readonly movementId: number | null;
  /** From that to the second sale. */
  readonly gapMs: number | null;
};
export type OversellVerdict = Pick<Blame, "cause" | "what" | "movementId" | "gapMs"> & {
  readonly blames: readonly Blame[];
  /** By how much the number was above what there was when the second sale was made; of the SKU, at least 0. */
  readonly excessUnits: number;
};

/** Channels state times to the second, and a message and a write take a round trip each: nobody reacts faster. */
export const raceMs = 2_000;

type Reason = Pick<Blame, "cause" | "what">;

const told = (taking: Taking): Reason => {
  const isRead = taking.door === "poll" || taking.door === "read";
  if (isRead && taking.accountHasMessages && !taking.isMessaged) return { cause: "unseen-order", what: "message-lost" };
  return { cause: "their-lag", what: isRead && !taking.accountHasMessages ? "polled" : "told-late" };
};

/** What kept the listing from a lower number after the ledger knew. `stands`: it would not have gone by itself. */
const unpushed = (taking: Taking, figures: OversellFigures): Reason & { readonly stands: boolean } => {
  const { brakes, writes, offer } = figures;
  const soldAtMs = figures.second.soldAtMs;
  const ours = (what: OversellWhat, stands: boolean) => ({ cause: "our-lag", what, stands }) as const;
  if (taking.wasParked) return ours("parked", true);
  if (taking.recordedAtMs > soldAtMs) return ours("ingest", false);
  if (brakes.accountState !== null) return ours("account-not-live", true);
  if (brakes.holdId !== null) return ours("hold", true);
  const last = writes.findLast(({ version }) => version >= taking.version);
  if (last === undefined && brakes.blockedReason !== null) return ours("blocked", true);
  // It was computed anew and came to the same number.
  if (last === undefined && offer?.countsMore === true) return { cause: "policy", what: "counts", stands: true };
  if (last === undefined) return ours("not-sent", false);
  if (last.state === "lost") return ours("lost-push", true);
  if (last.state === "refused") return ours("refused", true);
  if (last.answeredAtMs === null || last.answeredAtMs > soldAtMs) return ours("sending", false);
  if (last.state === "unknown") return ours("unanswered", true);
  const isChannels = soldAtMs - last.answeredAtMs > last.answeredAtMs - taking.toldAtMs;
  return isChannels ? { cause: "their-lag", what: "showing", stands: true } : ours("sending", false);
};

/** Why the second sale's number did not know of this. */
const reasonOf = (taking: Taking, figures: OversellFigures): Reason => {
  const { second, offer } = figures;
  const isFirst = taking.soldAtMs <= second.soldAtMs;
  const reactMs = second.soldAtMs - taking.toldAtMs;
  if (taking.by === "hand") {
    // Entered after the sale, or so shortly before it that no number could follow.
    return reactMs < raceMs ? { cause: "manual", what: "by-hand" } : unpushed(taking, figures);
  }
  if (isFirst && second.soldAtMs - taking.soldAtMs < raceMs) return { cause: "race", what: "same-moment" };
  if (taking.isSameListing && offer?.isMarginOff === true) return { cause: "policy", what: "margin-off" };
  if (reactMs <= 0) return told(taking);
  const ours = unpushed(taking, figures);
  if (ours.stands) return ours;
  const isTheirs = reactMs < raceMs || taking.toldAtMs - taking.soldAtMs > reactMs;
  return isTheirs ? told(taking) : ours;
};

const edited: Readonly<Record<string, Reason>> = {
  "hand-edit": { cause: "manual", what: "listing-edit" },
  "other-app": { cause: "manual", what: "listing-edit" },
  "lost-push": { cause: "our-lag", what: "lost-push" },
};

/** Why the number was above what there was when it was made. */
const overOffered = ({ offer, brakes }: OversellFigures): Reason => {
  if (offer?.how === "restored") return { cause: "manual", what: "restored" };
  if (offer?.how !== "channel") {
    if (offer?.countsMore === true) return { cause: "policy", what: "counts" };
    return (offer?.locations ?? 1) > 1
      ? { cause: "policy", what: "locations" }
      : { cause: "unknown", what: "unexplained" };
  }
  const byDrift = edited[offer.drift ?? ""];
  if (byDrift !== undefined) return byDrift;
  if (brakes.accountState !== null) return { cause: "our-lag", what: "account-not-live" };
  return { cause: "unknown", what: "unexplained" };
};

/** Who put how many units on sale that were not there, earliest first. */
const exposures = (
  figures: OversellFigures,
  offer: Offer,
): { readonly found: readonly Blame[]; readonly excessUnits: number } => {
  const found: Blame[] = [];
  let excess = offer.units * offer.unitsEach - offer.availableUnits;
  let offered = offer.units * offer.unitsEach;
  if (excess > 0) found.push({ ...overOffered(figures), units: excess, movementId: null, gapMs: null });
  for (const taking of figures.before) {
    if (taking.isSameListing && taking.soldAtMs >= offer.madeAtMs) {
      // The channel has lowered its own number.
      offered -= taking.units;
      continue;
    }
    const over = Math.max(0, excess + taking.units) - Math.max(0, excess);
    excess += taking.units;
    const gapMs = figures.second.soldAtMs - taking.soldAtMs;
    if (over > 0) found.push({ ...reasonOf(taking, figures), units: over, movementId: taking.movementId, gapMs });
    for (let back = -over; back > 0; ) {
      const latest = found.pop();
      if (latest === undefined) break;
      if (latest.units > back) found.push({ ...latest, units: latest.units - back });
      back -= latest.units;
    }
  }
  const past = figures.second.units - Math.max(0, offered);
  if (past > 0 && offer.how !== "channel")
    found.push({ cause: "channel-fault", what: "sold-past-number", units: past, movementId: null, gapMs: null });
  return { found, excessUnits: Math.max(0, excess) };
};

const unexplained = { cause: "unknown", what: "unexplained", movementId: null, gapMs: null } as const;

/**
 * Why more was sold than there was. The number under which the second sale was made showed more than there was, for each
 * of the things that it did not know of; those that were first answer first, until the units short are explained. What
 * answers for most of them is the cause. What a person took away by hand needs no further search. Pure.
 */
export const causeOfOversell = (figures: OversellFigures): OversellVerdict => {
  const { second, last, unitsShort, offer } = figures;
  const hand = [last, second].find(({ by }) => by === "hand");
  if (hand !== undefined) {
    const blame = { cause: "manual", what: "by-hand", movementId: hand.movementId, gapMs: null } as const;
    return { ...blame, blames: [{ ...blame, units: unitsShort }], excessUnits: 0 };
  }
  const blames: Blame[] = [];
  let left = unitsShort;
  const { found, excessUnits } = offer === null ? { found: [], excessUnits: 0 } : exposures(figures, offer);
  for (const blame of found) {
    if (left <= 0) break;
    blames.push({ ...blame, units: Math.min(left, blame.units) });
    left -= blame.units;
  }
  if (left > 0) blames.push({ ...unexplained, units: left });
  const unitsOf = (cause: OversellCause): number =>
    blames.reduce((sum, blame) => sum + (blame.cause === cause ? blame.units : 0), 0);
  const [first = unexplained] = blames.toSorted((a, b) => unitsOf(b.cause) - unitsOf(a.cause));
  return {
    cause: first.cause,
    what: first.what,
    movementId: first.movementId,
    gapMs: first.gapMs,
    blames,
    excessUnits,
  };
};
