import { sha256Hex } from "../core/digest.ts";
import { type PlanGroup, writtenGroups } from "./plan-groups.ts";

/**
 * The listings that go first: the groups take turns, and within a group chance decides, drawn from the plan's hash so
 * that the same plan has the same canary. Pure.
 */
export const chooseCanary = (
  lines: readonly { readonly listingId: number; readonly ref: string; readonly group: PlanGroup }[],
  count: number,
  planHash: string,
): readonly number[] => {
  const drawn = writtenGroups.map((group) =>
    lines
      .filter((line) => line.group === group)
      .map(({ listingId, ref }) => ({ listingId, lot: sha256Hex(`${planHash}\n${ref}`) }))
      .toSorted((a, b) => (a.lot < b.lot ? -1 : 1)),
  );
  const longest = Math.max(0, ...drawn.map((lots) => lots.length));
  const inTurns = Array.from({ length: Math.min(longest, count) }, (_, turn) =>
    drawn.flatMap((lots) => lots.slice(turn, turn + 1)),
  ).flat();
  return inTurns.slice(0, count).map(({ listingId }) => listingId);
};
