import { type LeafRange, splitPoint } from "./merkle.ts";

/**
 * Which subtrees a proof consists of, as leaf ranges in the proof's order (RFC 9162 §2.1.3.1 and §2.1.4.1). Their hashes are
 * looked up afterwards: the rule itself needs no tree.
 */
export const inclusionRanges = (leafIndex: number, size: number): readonly LeafRange[] => {
  if (leafIndex < 0 || leafIndex >= size) throw new RangeError(`there is no leaf ${leafIndex} in a tree of ${size}`);
  const ranges: LeafRange[] = [];
  let [from, to] = [0, size];
  while (to - from > 1) {
    const middle = from + splitPoint(to - from);
    if (leafIndex < middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
    }
  }
  return ranges.toReversed();
};

/** PROOF(first, D[0:second]). Empty for equal sizes and for the empty tree, which every tree continues. */
export const consistencyRanges = (first: number, second: number): readonly LeafRange[] => {
  if (first < 0 || first > second) throw new RangeError(`a tree of ${second} cannot continue one of ${first}`);
  if (first === 0 || first === second) return [];
  const ranges: LeafRange[] = [];
  let [from, to] = [0, second];
  // Whether the subtree under the eye is known to whoever has the first root alone.
  let known = true;
  while (first !== to) {
    const middle = from + splitPoint(to - from);
    if (first <= middle) {
      ranges.push({ from: middle, to });
      to = middle;
    } else {
      ranges.push({ from, to: middle });
      from = middle;
      known = false;
    }
  }
  if (!known) ranges.push({ from, to });
  return ranges.toReversed();
};
