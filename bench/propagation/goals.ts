import type { Spread } from "../figures.ts";
import type { Rounds } from "../harness.ts";

/** One figure beside its goal. `atMost` or `atLeast`: which way is better. */
export type Judged = {
  readonly what: string;
  readonly atMost?: number;
  readonly atLeast?: number;
  readonly measured: Spread;
  readonly met: boolean;
};

/** What a case has to say. `brokenBooks` fails the run; goals do not. */
export type CaseReport = {
  readonly case: string;
  readonly goals: readonly Judged[];
  readonly brokenBooks: readonly string[];
  /** Everything else that was measured, for the report in full. */
  readonly figures: unknown;
  readonly notes?: readonly string[];
};

/** Met by the median, when no round misses it by more than three tenths. */
export const atMost = (what: string, goal: number, measured: Spread): Judged => {
  const met = measured.median <= goal && measured.max <= goal / 0.7;
  return { what, atMost: goal, measured, met };
};

export const atLeast = (what: string, goal: number, measured: Spread): Judged => {
  const met = measured.median >= goal && measured.min >= 0.7 * goal;
  return { what, atLeast: goal, measured, met };
};

/** What the report must say of its rounds. */
export const roundNotes = ({ voidCount, noisyCount }: Rounds<unknown>): readonly string[] => [
  ...(voidCount > 0 ? [`${voidCount} rounds were void, for other programs took the CPU`] : []),
  ...(noisyCount > 0 ? [`${noisyCount} of the counted rounds were noisy`] : []),
];
