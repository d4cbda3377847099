/** How far one run may go before it stops and asks: the larger of the count and the share of the account's listings. */
export type GuardLimits = {
  readonly maxZeroedCount: number;
  readonly maxZeroedPercent: number;
  readonly maxLoweredCount: number;
  readonly maxLoweredPercent: number;
  readonly maxRaisedCount: number;
  readonly maxRaisedPercent: number;
};

export type Change = {
  readonly wantedUnits: number;
  readonly shownUnits: number | null;
  /** Kept back by our own last write: giving them back is no raise to ask about. */
  readonly withheldUnits: number;
};

/** The most listings that may change so. */
export const guardLimit = (count: number, percent: number, listings: number): number =>
  Math.max(count, Math.floor((listings * percent) / 100));

/**
 * Judges everything an account owes at once, before any of it is sent. A listing that never showed anything to us counts
 * as raised or zeroed by what is wanted. Undefined = within the limits; else the sentence that tells a person why the
 * account was stopped. Pure.
 */
export const judgeRun = (changes: readonly Change[], listings: number, limits: GuardLimits): string | undefined => {
  const zeroed = changes.filter(({ wantedUnits, shownUnits }) => wantedUnits === 0 && shownUnits !== 0).length;
  const lowered = changes.filter(
    ({ wantedUnits, shownUnits }) => wantedUnits > 0 && shownUnits !== null && wantedUnits < shownUnits,
  ).length;
  const raised = changes.filter(
    ({ wantedUnits, shownUnits, withheldUnits }) => wantedUnits > (shownUnits ?? 0) + withheldUnits,
  ).length;
  const zeroedMax = guardLimit(limits.maxZeroedCount, limits.maxZeroedPercent, listings);
  const loweredMax = guardLimit(limits.maxLoweredCount, limits.maxLoweredPercent, listings);
  const raisedMax = guardLimit(limits.maxRaisedCount, limits.maxRaisedPercent, listings);
  if (zeroed > zeroedMax) return `one run would set ${zeroed} of ${listings} listings to 0 (limit ${zeroedMax})`;
  if (raised > raisedMax) return `one run would raise ${raised} of ${listings} listings (limit ${raisedMax})`;
  if (lowered > loweredMax) return `one run would lower ${lowered} of ${listings} listings (limit ${loweredMax})`;
  return undefined;
};
