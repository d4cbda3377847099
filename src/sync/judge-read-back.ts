export type AwaitedAttempt = {
  readonly id: number;
  readonly units: number;
  readonly version: number;
  /** Epoch ms until which the channel may still act on it. */
  readonly effectUntilMs: number;
};

export type ReadBackVerdict = {
  readonly appliedId: number | null;
  /** Given up: never seen, and too late to act any more. */
  readonly lostIds: readonly number[];
  readonly stillOpenIds: readonly number[];
  /** The version that the channel now provably shows, with nothing under way that could change it; null = none. */
  readonly settledVersion: number | null;
};

/**
 * What one reading says about a listing's open attempts, oldest first. Applied is only what was seen; and as long as an
 * older attempt could still act, even the newest is not the last word. Pure. `readAtMs` is when the read began.
 */
export const judgeReadBack = (
  attempts: readonly AwaitedAttempt[],
  shownUnits: number | null,
  readAtMs: number,
): ReadBackVerdict => {
  const newest = attempts.at(-1);
  const applied = newest !== undefined && shownUnits === newest.units ? newest : undefined;
  const rest = attempts.filter((attempt) => attempt !== applied);
  const lost = rest.filter((attempt) => attempt.effectUntilMs <= readAtMs);
  const open = rest.filter((attempt) => attempt.effectUntilMs > readAtMs);
  return {
    appliedId: applied?.id ?? null,
    lostIds: lost.map((attempt) => attempt.id),
    stillOpenIds: open.map((attempt) => attempt.id),
    settledVersion: applied !== undefined && open.length === 0 ? applied.version : null,
  };
};
