/** Upper limits of the waiting times that `shadow_day.wait_counts` counts, ms; the last count is of all above. */
export const waitLimitsMs = [1_000, 10_000, 60_000, 300_000, 900_000, 3_600_000, 21_600_000] as const;

/** Which of the counts a waiting time belongs to, from 0. Pure. */
export const waitIndex = (waitMs: number): number => {
  const found = waitLimitsMs.findIndex((limitMs) => waitMs <= limitMs);
  return found === -1 ? waitLimitsMs.length : found;
};

/** The limit within which that share (0 to 1) of the counted waits lay; null = none was counted, or it was above all. Pure. */
export const waitWithinMs = (counts: readonly number[], share: number): number | null => {
  const all = counts.reduce((sum, count) => sum + count, 0);
  if (all === 0) return null;
  let sum = 0;
  for (const [index, count] of counts.entries()) {
    sum += count;
    if (sum >= all * share) return waitLimitsMs[index] ?? null;
  }
  return null;
};

/** Followed for at most a day; the longer it takes, the seldomer it is looked at. */
const followedMsMax = 24 * 60 * 60_000;
const firstLookMs = 2_000;
const lookMsMax = 300_000;

/** Epoch ms of the next look at what the channel shows; null = given up. Pure. */
export const nextLookMs = (decidedAtMs: number, reads: number, nowMs: number): number | null =>
  nowMs - decidedAtMs > followedMsMax ? null : nowMs + Math.min(lookMsMax, firstLookMs * 2 ** Math.min(reads, 10));
