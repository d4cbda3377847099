export type RevisionFigures = {
  /** Writes the channel takes for one listing on one UTC day; undefined = no such limit. */
  readonly limit: number | undefined;
  /** Writes of this listing sent on this UTC day so far. */
  readonly used: number;
  readonly shownUnits: number | null;
  readonly wantedUnits: number;
  /** Epoch ms. */
  readonly nowMs: number;
};

const dayMs = 86_400_000;
/** The start of that UTC day, and of the next one; epoch ms. */
export const utcDayOf = (nowMs: number): { readonly startsMs: number; readonly endsMs: number } => {
  const startsMs = Math.floor(nowMs / dayMs) * dayMs;
  return { startsMs, endsMs: startsMs + dayMs };
};

/** A quiet morning's worth that may be spent before the day's pace counts. */
const startShare = 0.3;
/** The last part of a day's writes: only for lowering, and the very last only for showing nothing. */
const lowerOnlyShare = 0.1;
const zeroOnlyCount = 3;

/**
 * Whether a write is worth one of the listing's revisions of the day. A stream of changes by one would use up 250
 * before noon and leave the listing stuck at a number that oversells for the rest of the day, so raises keep to a pace
 * over the day, a tenth is kept for lowerings, and the last three for going to zero. What is held back is written later
 * with the number of then: nothing is lost, only coalesced. Pure.
 */
export const maySpendRevision = ({ limit, used, shownUnits, wantedUnits, nowMs }: RevisionFigures): boolean => {
  if (limit === undefined) return true;
  if (wantedUnits === 0) return used < limit;
  if (shownUnits === null || wantedUnits < shownUnits) return used < limit - zeroOnlyCount;
  const passedShare = (nowMs % dayMs) / dayMs;
  const paced = limit * Math.min(1 - lowerOnlyShare, startShare + passedShare);
  return used < paced;
};

/** When a write that was held back may go at the earliest, if nothing else is written meanwhile; epoch ms. Pure. */
export const nextRevisionAtMs = (figures: RevisionFigures): number => {
  const { limit, used, nowMs } = figures;
  const { startsMs, endsMs } = utcDayOf(nowMs);
  const isLowering = figures.shownUnits === null || figures.wantedUnits < figures.shownUnits;
  if (limit === undefined || isLowering || used >= limit * (1 - lowerOnlyShare)) return endsMs;
  // Right after the pace has passed what is spent.
  return Math.min(endsMs, Math.max(nowMs, startsMs + (used / limit - startShare) * dayMs) + 1_000);
};
