import { sameBytes } from "../../core/digest.ts";
import type { Queryable } from "../../db/sql.ts";
import { batchesFrom, movementsOfBatch } from "./batches.ts";
import { diagnose } from "./diagnose.ts";
import { type HeadToJudge, judgeHeads } from "./judge-heads.ts";
import { readHeads, readLeafHashes, readOrigin, readRoot, readTreeSize } from "./log-rows.ts";
import { parseNote } from "./note.ts";
import { RootRecorder } from "./root-recorder.ts";
import type { VerifyResult } from "./verify-export.ts";

const headsMax = 100_000;
const problemsMax = 20;

type Given = {
  readonly publicKeys: readonly string[];
  readonly outside: readonly { readonly path: string; readonly heads: readonly HeadToJudge[] }[];
  /** Movements recorded before that time may have been let go: only their hashes are verified. */
  readonly since: string | undefined;
  readonly onProgress?: (entries: number, of: number) => void;
};

/** Every batch's movements against their leaf hashes; the tree grows from the hashes alone. */
const readBatches = async (
  on: Queryable,
  recorder: RootRecorder,
  treeSize: number,
  given: Given,
): Promise<readonly string[]> => {
  const problems: string[] = [];
  while (recorder.size < treeSize) {
    const batches = await batchesFrom(on, recorder.size);
    if (batches.length === 0) return [...problems, `leaf ${recorder.size} is in no batch`];
    for (const batch of batches) {
      if (recorder.size >= treeSize) break;
      if (batch.firstLeaf !== recorder.size) return [...problems, `leaf ${recorder.size} is in no batch`];
      const hashes = await readLeafHashes(on, { from: batch.firstLeaf, to: batch.firstLeaf + batch.movements });
      const isKept = given.since === undefined || Date.parse(batch.recordedFrom) >= Date.parse(given.since);
      const bad = isKept ? diagnose(batch.firstLeaf, hashes, await movementsOfBatch(on, batch)) : undefined;
      if (bad !== undefined && problems.length < problemsMax) problems.push(bad.problem);
      for (const hash of hashes) recorder.append(hash);
      given.onProgress?.(recorder.size, treeSize);
    }
  }
  return problems;
};

/**
 * Verifies the database against itself and against the heads outside: movements against leaf hashes, leaf hashes against
 * every head. The first problem names the first bad movement.
 */
export const verifyLive = async (on: Queryable, given: Given): Promise<VerifyResult> => {
  const origin = await readOrigin(on);
  // Heads first: one that is signed while we read must not speak of more than we look at.
  const rows = await readHeads(on, headsMax);
  const treeSize = await readTreeSize(on);
  const problems: string[] = [];
  const heads = rows.flatMap(({ note, publicKey, size, root }): readonly HeadToJudge[] => {
    const head = parseNote(note);
    if (head !== undefined && head.size === size && sameBytes(head.root, root)) return [{ head, note, publicKey }];
    problems.push(`the stored head over ${size} movements is not what its note says`);
    return [];
  });
  const lists = [{ path: "the database's heads", heads }, ...given.outside];
  const sizes = lists.flatMap((list) => list.heads.map(({ head }) => head.size));
  const recorder = new RootRecorder(sizes);
  problems.unshift(...(await readBatches(on, recorder, treeSize, given)));
  if (recorder.size === treeSize && !sameBytes(recorder.root(), await readRoot(on, treeSize)))
    problems.push("the upper tiles are not what the leaf hashes make");
  const tally = { headsChecked: 0, headsOfOtherKeys: 0, headsGivenUp: 0 };
  for (const { path, heads: list } of lists) {
    const verdict = judgeHeads(path, list, { recorder, origin, trusted: given.publicKeys });
    problems.push(...verdict.problems);
    tally.headsChecked += verdict.checked;
    tally.headsOfOtherKeys += verdict.otherKeys;
    tally.headsGivenUp += verdict.givenUp;
  }
  return { ok: problems.length === 0, problems, entries: recorder.size, treeSize, ...tally };
};
