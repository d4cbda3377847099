import { type GuardLimits, guardLimit } from "./guard.ts";
import { type PlannedLine, shareOf } from "./plan-groups.ts";

export type GuardVerdict = {
  readonly guard: "zeroed" | "lowered" | "raised" | "everything-zero";
  readonly listings: number;
  /** Of the linked listings. */
  readonly sharePercent: number;
  readonly limitListings: number;
  readonly exceeded: boolean;
};

/**
 * What a plan as a whole would do, against the account's limits. `everything-zero` has no setting: a shop that shows
 * stock and would show none at all is a ledger that nobody has filled, however small the shop. Pure.
 */
export const judgePlan = (lines: readonly PlannedLine[], limits: GuardLimits): readonly GuardVerdict[] => {
  const linked = lines.filter(({ wantedUnits }) => wantedUnits !== null);
  const changed = linked.filter(({ group }) => group !== "unreadable" && group !== "unchanged");
  const zeroed = changed.filter(({ wantedUnits }) => wantedUnits === 0);
  const rest = changed.filter(({ wantedUnits }) => wantedUnits !== 0);
  const raised = rest.filter(({ shownUnits, wantedUnits }) => (wantedUnits ?? 0) > (shownUnits ?? 0));
  const lowered = rest.filter(({ shownUnits, wantedUnits }) => (wantedUnits ?? 0) < (shownUnits ?? 0));
  const verdict = (guard: GuardVerdict["guard"], listings: number, limitListings: number): GuardVerdict => ({
    guard,
    listings,
    sharePercent: shareOf(listings, linked.length),
    limitListings,
    exceeded: listings > limitListings,
  });
  const most = (count: number, percent: number): number => guardLimit(count, percent, linked.length);
  const nothingLeft = zeroed.length > 0 && linked.every(({ wantedUnits }) => wantedUnits === 0);
  return [
    verdict("zeroed", zeroed.length, most(limits.maxZeroedCount, limits.maxZeroedPercent)),
    verdict("lowered", lowered.length, most(limits.maxLoweredCount, limits.maxLoweredPercent)),
    verdict("raised", raised.length, most(limits.maxRaisedCount, limits.maxRaisedPercent)),
    verdict("everything-zero", nothingLeft ? zeroed.length : 0, 0),
  ];
};

const words: Readonly<Record<GuardVerdict["guard"], string>> = {
  zeroed: "set to 0",
  lowered: "lowered",
  raised: "raised",
  "everything-zero": "set to 0, and none would show any stock",
};

/** One sentence for a person. */
export const guardSentence = ({ guard, listings, sharePercent, limitListings }: GuardVerdict): string =>
  `${listings} listings (${sharePercent} %) would be ${words[guard]}; the limit is ${limitListings}`;
