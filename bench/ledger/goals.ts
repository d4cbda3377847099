import type { Spread } from "../figures.ts";
import type { CaseResult } from "./cases.ts";

/** `ratio`: at least so many times that contestant. `p99Ms`: at most so many milliseconds. */
type Goal = {
  readonly caseName: string;
  readonly measure: { readonly ratioTo: string } | "p99Ms";
  readonly goal: number;
  readonly aim: number;
};

const goals: readonly Goal[] = [
  { caseName: "hot@64", measure: { ratioTo: "naive" }, goal: 50, aim: 80 },
  { caseName: "hot@64", measure: { ratioTo: "one-call" }, goal: 18, aim: 30 },
  { caseName: "hot@64", measure: { ratioTo: "redis" }, goal: 0.5, aim: 0.8 },
  { caseName: "hot@64", measure: "p99Ms", goal: 15, aim: 10 },
  { caseName: "10k@64", measure: { ratioTo: "naive" }, goal: 10, aim: 12 },
  { caseName: "log@64", measure: { ratioTo: "ledger" }, goal: 0.95, aim: 0.97 },
  { caseName: "http@64", measure: { ratioTo: "constant" }, goal: 0.4, aim: 0.5 },
  { caseName: "slow-disk@1000", measure: { ratioTo: "one-call" }, goal: 60, aim: 75 },
];

export type GoalResult = {
  readonly case: string;
  readonly what: string;
  readonly goal: number;
  readonly aim: number;
  readonly measured: Spread;
  readonly met: boolean;
  readonly aimMet: boolean;
};

/** A goal is met by the median, when no round misses it by more than three tenths. */
const meets = ({ measure }: Goal, measured: Spread, wanted: number): boolean =>
  measure === "p99Ms"
    ? measured.median <= wanted && measured.max <= wanted / 0.7
    : measured.median >= wanted && measured.min >= 0.7 * wanted;

/** Goals whose case or opponent was not run are left out. */
export const judge = (results: readonly CaseResult[]): readonly GoalResult[] =>
  goals.flatMap((goal): readonly GoalResult[] => {
    const result = results.find((one) => one.name === goal.caseName);
    const measured =
      goal.measure === "p99Ms" ? result?.contestants["ledger"]?.p99Ms : result?.ratios[goal.measure.ratioTo];
    if (measured === undefined) return [];
    const what = goal.measure === "p99Ms" ? "p99 in ms, at most" : `times ${goal.measure.ratioTo}, at least`;
    const met = meets(goal, measured, goal.goal);
    const aimMet = meets(goal, measured, goal.aim);
    return [{ case: goal.caseName, what, goal: goal.goal, aim: goal.aim, measured, met, aimMet }];
  });
