import type { Random } from "./random.ts";

/** Delays as data, not a formula. The last one repeats. Full jitter: uniform between half and the whole. */
export const backoffMs = (schedule: readonly number[], attempt: number, random: Random): number => {
  const base = schedule[Math.min(Math.max(attempt, 1), schedule.length) - 1] ?? 0;
  return Math.round(base / 2 + (random() * base) / 2);
};
