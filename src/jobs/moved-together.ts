import { type DriftEvidence, isOlderNumber, type MovedTogether } from "../sync/drift-cause.ts";
import type { Suspect } from "../sync/drift-evidence.ts";

type MovedListing = {
  readonly id: number;
  readonly observedAtMs: number;
  readonly observedUnits: number;
  readonly isOlder: boolean;
};

/**
 * For each unexplained difference, those judged before included, what was found about the same time. Pure.
 */
export const countMoved = (
  unsure: readonly { readonly suspect: Suspect; readonly evidence: DriftEvidence }[],
  already: readonly MovedListing[],
  togetherMs: number,
): ReadonlyMap<number, MovedTogether> => {
  const all = new Map(already.map((one) => [one.id, one]));
  for (const { suspect, evidence } of unsure) {
    const { id, observedAtMs, observedUnits } = suspect;
    all.set(id, { id, observedAtMs, observedUnits, isOlder: isOlderNumber(evidence) });
  }
  const moved = [...all.values()];
  return new Map(
    moved.map((one) => {
      const together = moved.filter(({ observedAtMs }) => Math.abs(observedAtMs - one.observedAtMs) <= togetherMs);
      const others = together.filter(({ isOlder }) => !isOlder);
      const sizes = [...Map.groupBy(others, ({ observedUnits }) => observedUnits).values()].map(({ length }) => length);
      const olderNumbers = together.length - others.length;
      return [one.id, { listings: together.length, olderNumbers, sameUnits: Math.max(0, ...sizes) }];
    }),
  );
};
