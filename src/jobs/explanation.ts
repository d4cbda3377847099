import type { ReservedBy } from "../ledger/reserved-by.ts";
import type { Term } from "../mapping/allocate.ts";
import type { HoldInForce } from "../sync/holds.ts";
import type { AttemptRow, ListingState } from "../sync/shown.ts";

/** One thing that keeps a listing from showing what it should. */
export type WaitsFor = {
  readonly what:
    | "account"
    | "rewind"
    | "link"
    | "hold"
    | "blocked"
    | "read-back"
    | "orders"
    | "quiet"
    | "retry"
    | "push";
  /** Part of a sentence. */
  readonly text: string;
};

export type ExplainedLevel = {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  readonly version: number;
  /** The movement that made it so; null when the level was never moved. */
  readonly movementId: number | null;
};

/** Where the shown number comes from. */
export type Because = {
  /**
   * An attempt of ours put it there; it was there and right; one of these less what was sold there since; or the ledger
   * says the same now. `channel`: it is none of ours.
   */
  readonly kind: "attempt" | "seen-right" | "sold" | "ledger" | "channel";
  readonly attemptId: number | null;
  readonly units: number | null;
  readonly terms: readonly Term[];
};

/** Why a listing shows what it shows, at one moment. */
export type Explanation = {
  readonly listing: Pick<
    ListingState,
    "listingId" | "accountId" | "channel" | "accountState" | "ref" | "channelSku" | "title" | "fulfilledBy" | "status"
  >;
  readonly sells: readonly { readonly sku: string; readonly units: number }[];
  readonly at: string;
  readonly isNow: boolean;
  readonly shows: {
    readonly units: number | null;
    readonly since: string;
    readonly lastSeenAt: string;
    readonly readHow: string;
  } | null;
  readonly because: Because | null;
  /** The terms, evaluated again, give the shown number. */
  readonly reproduced: boolean;
  /** What it should show; null in the past, and for a listing nobody has linked. */
  readonly wanted: { readonly units: number; readonly terms: readonly Term[] } | null;
  readonly levels: readonly ExplainedLevel[];
  readonly reservedBy: readonly ReservedBy[];
  readonly holds: readonly HoldInForce[];
  readonly attempts: readonly Omit<AttemptRow, "terms">[];
  readonly waitsFor: readonly WaitsFor[];
};

type AvailableTerm = Extract<Term, { readonly term: "available" }>;

const figureText = (figure: NonNullable<AvailableTerm["counts"]>[number]): string =>
  `${figure.sign < 0 ? "−" : ""}${figure.figure.replace("_", " ")}${figure.locationId === undefined ? "" : ` at ${figure.locationId}`}`;

const availableText = (term: AvailableTerm): string => {
  const { sku, units, unitsEach, levels = [], counts, withheldUnits = 0 } = term;
  const places = levels.map(
    ({ locationId, onHand, reserved, incoming }) =>
      `${onHand} on hand − ${reserved} reserved${incoming === 0 ? "" : ` (${incoming} incoming)`} at ${locationId}`,
  );
  const what = counts === undefined ? "available" : `counted as ${counts.map(figureText).join(" + ")}`;
  const from = places.length === 0 ? "" : ` (${places.join("; ")})`;
  const withheld = withheldUnits === 0 ? "" : `, ${withheldUnits} withheld for sales under way`;
  const each = unitsEach === 1 ? "" : `, ${unitsEach} a piece`;
  return `${units} of ${sku} ${what}${from}${withheld}${each}`;
};

/** A term in words. */
export const termText = (term: Term): string => {
  switch (term.term) {
    case "available":
      return availableText(term);
    case "policy":
      return `policy ${term.version}${term.by === "account" ? "" : ` (of the ${term.by})`}`;
    case "tier":
      return `scarce: ${term.units} left, at most ${term.upToUnits}`;
    case "last-units":
      return term.mayShow
        ? `may show the last ${term.atMostUnits}`
        : `the last ${term.atMostUnits} only on ${term.accounts.join(", ")} → ${term.units}`;
    case "share":
      return `share ${term.percent} % → ${term.units}`;
    case "buffer":
      return `buffer ${term.withheldUnits} → ${term.units}`;
    case "cap":
      return `cap ${term.capUnits} → ${term.units}`;
    case "floor":
      return `floor ${term.floorUnits} → ${term.units}`;
    case "hold":
      return `held at 0 by hold ${term.holdIds.join(", ")}`;
    case "sold":
      return `${term.soldUnits} sold there since → ${term.units}`;
    case "shown":
      return `not above the ${term.shownUnits} it showed → ${term.units}`;
    case "captured":
      return `put back to the captured ${term.units}`;
  }
};

const termsText = (terms: readonly Term[]): string => terms.map(termText).join(", ");

const provenance = ({ because, attempts, shows }: Explanation): string => {
  if (because?.kind === "channel") {
    const ours = attempts.find(({ state }) => state === "applied");
    const pushed = ours === undefined ? "we never pushed to it" : `our last was ${ours.units}, seen ${ours.appliedAt}`;
    return `It is none of our numbers (${pushed}): a sale there, or a change by hand.`;
  }
  const attempt = because?.attemptId == null ? undefined : attempts.find(({ id }) => id === because.attemptId);
  const seen = shows === null ? "" : `, last seen ${shows.lastSeenAt}`;
  if (attempt === undefined) return `It showed that already${seen}.`;
  return `Pushed ${attempt.startedAt}, answered ${attempt.answeredAt ?? "never"}, seen ${attempt.appliedAt ?? "never"}${seen}.`;
};

/** The explanation as plain sentences. Pure. */
export const explanationText = (explained: Explanation): string => {
  const { listing, shows, because, wanted, waitsFor } = explained;
  const name = `${listing.accountId} (${listing.channel}) ${listing.ref}`;
  const units = shows === null ? "was never seen to show a number" : `shows ${shows.units ?? "no number"}`;
  const why = because === null || because.kind === "channel" ? "" : `: ${termsText(because.terms)}`;
  const parts = [`${name} ${units}${why}.`];
  if (shows !== null) parts.push(provenance(explained));
  if (wanted !== null && wanted.units !== shows?.units)
    parts.push(`It should show ${wanted.units}: ${termsText(wanted.terms)}.`);
  if (waitsFor.length > 0) parts.push(`It waits: ${waitsFor.map(({ text }) => text).join("; ")}.`);
  return parts.join(" ");
};
