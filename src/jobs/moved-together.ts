import type { DriftEvidence, MovedTogether } from "../sync/drift-cause.ts";
import { isOlderNumber } from "../sync/drift-cause.ts";
import type { Moved, Suspect } from "../sync/drift-evidence.ts";

/**
 * For each of the unexplained differences, what was found about the same time: these ones and those judged before. Pure.
 */
export const countMoved = (
  unsure: readonly { readonly suspect: Suspect; readonly evidence: DriftEvidence }[],
  already: readonly Moved[],
  togetherMs: number,
): ReadonlyMap<number, MovedTogether> => {
  const all = new Map<number, Moved>(already.map((one) => [one.id, one]));
  for (const { suspect, evidence } of unsure) {
    const { id, observedAtMs, observedUnits } = suspect;
    all.set(id, { id, observedAtMs, observedUnits, isOlder: isOlderNumber(evidence) });
  }
  return new Map(
    unsure.map(({ suspect }) => {
      const together = [...all.values()].filter(
        ({ observedAtMs }) => Math.abs(observedAtMs - suspect.observedAtMs) <= togetherMs,
      );
      const sizes = [...Map.groupBy(together, ({ observedUnits }) => observedUnits).values()].map(
        ({ length }) => length,
      );
      return [
        suspect.id,
        {
          listings: together.length,
          sameUnits: Math.max(...sizes),
          olderNumbers: together.filter(({ isOlder }) => isOlder).length,
        },
      ] as const;
    }),
  );
};
