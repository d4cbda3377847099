import { groupOf, isWritten, type LineFigures, type PlanGroup } from "./plan-groups.ts";

export type WorldLine = {
  readonly ref: string;
  readonly planned: {
    readonly group: PlanGroup;
    readonly shownUnits: number | null;
    readonly wantedUnits: number | null;
  };
  readonly now: LineFigures;
};

export type WorldVerdict = {
  /** Lines whose number on the channel or in the ledger is another one now, and listings that the plan does not know. */
  readonly movedListings: number;
  /** Moved lines that would now be set to 0 or raised, and were not to be. */
  readonly worseListings: number;
  readonly movedLimit: number;
  readonly worseLimit: number;
  /** Some refs, for a person. */
  readonly examples: readonly string[];
  readonly moved: boolean;
};

const movedCountMax = 3;
const movedPercentMax = 2;
const worseCountMax = 2;
const worsePercentMax = 0.5;
const examplesMax = 5;

/** Set to 0 or raised although the plan did not say so. */
const isWorse = ({ planned, now }: WorldLine): boolean => {
  const group = groupOf(now);
  return group !== planned.group && isWritten(group) && group !== "lowering";
};

/**
 * Whether the world is still the one that was approved. A shop sells while a person reads the plan, so some lines may
 * have moved: the larger of three and two in a hundred; for the worse, of two and one in two hundred. A line that moved
 * is never written beyond what was approved for it (`approves`). Pure.
 */
export const judgeWorld = (lines: readonly WorldLine[], unplannedListings: number): WorldVerdict => {
  const most = (count: number, percent: number): number => Math.max(count, Math.floor((lines.length * percent) / 100));
  const moved = lines.filter(
    ({ planned, now }) =>
      planned.wantedUnits !== now.wantedUnits ||
      planned.shownUnits !== now.shownUnits ||
      planned.group !== groupOf(now),
  );
  const worse = moved.filter(isWorse);
  const movedListings = moved.length + unplannedListings;
  const movedLimit = most(movedCountMax, movedPercentMax);
  const worseLimit = most(worseCountMax, worsePercentMax);
  return {
    movedListings,
    worseListings: worse.length,
    movedLimit,
    worseLimit,
    examples: [...worse, ...moved.filter((line) => !isWorse(line))].slice(0, examplesMax).map(({ ref }) => ref),
    moved: movedListings > movedLimit || worse.length > worseLimit,
  };
};

const raisedPercentMax = 10;
const raisedUnitsMax = 2;

export type ApprovedWrite = {
  readonly group: PlanGroup;
  /** As planned. */
  readonly plannedUnits: number;
  readonly reason: "lower" | "raise";
  /** As the ledger has it now, before anything is withheld. */
  readonly wantedUnits: number;
};

/**
 * Whether a write that the ledger asks for now is within what was approved for its line: lowered, not set to 0; set to
 * 0, or lowered less; raised, to a tenth (or two units) more than planned at most. Everything else is left to the live
 * account and its guards. Pure.
 */
export const approves = ({ group, plannedUnits, reason, wantedUnits }: ApprovedWrite): boolean => {
  switch (group) {
    case "zeroing":
    case "not-in-ledger":
      return reason === "lower";
    case "lowering":
      return reason === "lower" && wantedUnits > 0;
    case "raise":
      return (
        reason === "raise" &&
        wantedUnits <= plannedUnits + Math.max(raisedUnitsMax, Math.floor((plannedUnits * raisedPercentMax) / 100))
      );
    default:
      return false;
  }
};
