import { sameBytes } from "../../core/digest.ts";
import { openNote, type TreeHead } from "./note.ts";
import type { RootRecorder } from "./root-recorder.ts";

/** A head that a tree is held against, with the key it came with. */
export type HeadToJudge = { readonly head: TreeHead; readonly note: string; readonly publicKey: string };

export type HeadsVerdict = {
  readonly checked: number;
  /** Signed rightly, but by a key nobody vouched for here: one from before a change of keys, or a stranger's. */
  readonly otherKeys: number;
  /** Heads that an accepted rewind gave up. */
  readonly givenUp: number;
  readonly problems: readonly string[];
};

const rangeText = (good: number, bad: number): string =>
  good + 1 === bad ? `leaf ${good}` : `one of the leaves ${good} to ${bad - 1}`;

/**
 * Holds heads, in the order in which they were signed, against the roots of a tree. Those from the last accepted rewind on
 * bind; an earlier one may have been given up. Heads of sizes that were not recorded (before an export's start) only have
 * their signature judged. Pure.
 */
export const judgeHeads = (
  where: string,
  heads: readonly HeadToJudge[],
  tree: { readonly recorder: RootRecorder; readonly origin: string; readonly trusted: readonly string[] },
): HeadsVerdict => {
  const { recorder, origin, trusted } = tree;
  const binding = heads.findLastIndex(({ head }) => head.rewoundFrom !== undefined);
  const problems: string[] = [];
  let [checked, otherKeys, givenUp] = [0, 0, 0];
  const bad: { readonly size: number; readonly signedAt: string }[] = [];
  for (const [index, { head, note, publicKey }] of heads.entries()) {
    const { size, signedAt } = head;
    const fits = head.origin === origin && size <= recorder.size;
    const root = recorder.rootAt(size);
    const isSame = fits && (root === undefined || sameBytes(root, head.root));
    if (!isSame && index < binding) {
      givenUp += 1;
      continue;
    }
    checked += 1;
    if (openNote(note, [publicKey]) === undefined)
      problems.push(`${where}: the head of ${signedAt} (${size} movements) is not signed by its key`);
    else if (!trusted.includes(publicKey)) otherKeys += 1;
    if (head.origin !== origin) problems.push(`${where}: the head of ${signedAt} is of another log (${head.origin})`);
    else if (size > recorder.size)
      problems.push(
        `${where}: the tail is missing: the head of ${signedAt} speaks of ${size} movements, there are ${recorder.size}`,
      );
    else if (!isSame) bad.push({ size, signedAt });
  }
  const [first] = bad.toSorted((a, b) => a.size - b.size);
  if (first !== undefined) {
    const good = heads.reduce((most, { head }) => {
      const root = recorder.rootAt(head.size);
      const isGood = head.size < first.size && root !== undefined && sameBytes(root, head.root);
      return isGood ? Math.max(most, head.size) : most;
    }, 0);
    problems.push(
      `${where}: the head of ${first.signedAt} (${first.size} movements) no longer fits: the first bad entry is ${rangeText(good, first.size)}`,
    );
  }
  const newest = heads.at(-1);
  if (newest !== undefined && !trusted.includes(newest.publicKey))
    problems.push(`${where}: the newest head is not signed by a key that is trusted here, but by ${newest.publicKey}`);
  return { checked, otherKeys, givenUp, problems };
};
