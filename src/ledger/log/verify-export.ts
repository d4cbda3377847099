import { sameBytes } from "../../core/digest.ts";
import { type ExportHeader, hashOf, nameOfEntry, parseEntryLine, parseHeader } from "./export-format.ts";
import { type HeadToJudge, judgeHeads } from "./judge-heads.ts";
import { leafHash, nodesOf } from "./merkle.ts";
import { openNote, parseNote, type TreeHead } from "./note.ts";
import { headLine, parseHeadLine } from "./outside-heads.ts";
import { LinesError } from "./read-lines.ts";
import { RootRecorder } from "./root-recorder.ts";

export type VerifyResult = {
  readonly ok: boolean;
  /** Empty when everything fits; the first one names the first bad entry. */
  readonly problems: readonly string[];
  readonly entries: number;
  readonly treeSize: number;
  readonly headsChecked: number;
  readonly headsOfOtherKeys: number;
  readonly headsGivenUp: number;
};

/** The first bad line ends the reading: what follows it proves nothing. */
class BadLineError extends Error {}

const fail = (line: number, problem: string): never => {
  throw new BadLineError(`line ${line}: ${problem}`);
};

type Given = {
  /** Keys the reader trusts from elsewhere; none: the file's own key is taken at its word. */
  readonly publicKeys: readonly string[];
  /** Heads that were kept outside, in their order. */
  readonly outside: readonly HeadToJudge[];
  readonly onProgress?: (entries: number, of: number) => void;
};

const openHeader = (
  line: string | undefined,
  trusted: readonly string[],
): { header: ExportHeader; head: TreeHead; keys: readonly string[] } => {
  const header = line === undefined ? undefined : parseHeader(line);
  if (header === undefined) return fail(1, "is not the header of an export of this format, unchanged");
  const keys = trusted.length === 0 ? [header.publicKey] : trusted;
  const stated = parseNote(header.head);
  if (stated === undefined) return fail(1, "the header's tree head cannot be read");
  if (!keys.includes(header.publicKey))
    return fail(1, `the file is signed by ${header.publicKey}, which is not the key to trust`);
  const head = openNote(header.head, keys);
  if (head === undefined)
    return fail(1, "the tree head is not signed by the public key: the file was changed or made anew");
  const { from, to } = header;
  if (!Number.isSafeInteger(from) || !Number.isSafeInteger(to) || from < 0 || from > to || to > head.size)
    return fail(1, `the file claims leaves ${from} to ${to - 1} of ${head.size}`);
  return { header, head, keys };
};

const appendSide = (recorder: RootRecorder, hashes: readonly string[], range: { from: number; to: number }): void => {
  const nodes = nodesOf(range);
  const bytes = hashes.map(hashOf);
  if (bytes.length !== nodes.length) fail(1, `the hashes of leaves ${range.from} to ${range.to - 1} are not complete`);
  for (const [index, { level }] of nodes.entries())
    recorder.append(bytes[index] ?? fail(1, "holds a hash that cannot be read"), level);
};

const readEntries = async (
  lines: AsyncIterator<string>,
  header: ExportHeader,
  recorder: RootRecorder,
  onProgress: Given["onProgress"],
): Promise<void> => {
  for (let leaf = header.from; leaf < header.to; leaf += 1) {
    const number = leaf - header.from + 2;
    const next = await lines.next();
    if (next.done === true) return fail(number, `leaf ${leaf} and what follows are missing: the file was cut short`);
    const found = parseEntryLine(next.value);
    if (found === undefined)
      return fail(number, `leaf ${leaf} is expected, but the line is none: ${next.value.slice(0, 60)}`);
    if (found.leaf !== leaf)
      return fail(
        number,
        `leaf ${leaf} is expected, but leaf ${found.leaf} follows: entries were removed or reordered`,
      );
    if (!sameBytes(leafHash(found.entry), found.hash))
      return fail(number, `leaf ${leaf}, ${nameOfEntry(found.entry)}, is not what was sealed`);
    recorder.append(found.hash);
    if (onProgress !== undefined && leaf % 10_000 === 0) onProgress(leaf - header.from, header.to - header.from);
  }
};

const readHeadLines = async (lines: AsyncIterator<string>, header: ExportHeader): Promise<readonly HeadToJudge[]> => {
  const heads: HeadToJudge[] = [];
  for (const [index, size] of header.headSizes.entries()) {
    const number = header.to - header.from + 2 + index;
    const next = await lines.next();
    if (next.done === true) return fail(number, "tree heads are missing: the file was cut short");
    const head = parseHeadLine(next.value);
    if (head === undefined || headLine(head) !== next.value || head.head.size !== size)
      return fail(number, `the tree head over ${size} movements is expected`);
    heads.push(head);
  }
  const more = await lines.next();
  if (more.done !== true) return fail(header.to - header.from + 2 + heads.length, "nothing should follow here");
  return heads;
};

/**
 * Verifies an export from its lines alone: no database, no settings. Stops at the first line that is not as it should be and
 * names it; what only shows in a root is narrowed down to the heads around it.
 */
export const verifyExport = async (source: AsyncIterable<string>, given: Given): Promise<VerifyResult> => {
  let recorder = new RootRecorder([]);
  let [from, to] = [0, 0];
  const tally = { headsChecked: 0, headsOfOtherKeys: 0, headsGivenUp: 0 };
  const problems: string[] = [];
  let treeSize = 0;
  try {
    const lines = source[Symbol.asyncIterator]();
    const first = await lines.next();
    const { header, head, keys } = openHeader(first.done === true ? undefined : first.value, given.publicKeys);
    treeSize = head.size;
    ({ from, to } = header);
    // Roots within a side are not known; those at its ends and of all that is listed are.
    const known = (size: number): boolean => size === head.size || (size >= from && size <= to);
    recorder = new RootRecorder(
      [...header.headSizes, ...given.outside.map((one) => one.head.size), head.size].filter(known),
    );
    appendSide(recorder, header.left, { from: 0, to: from });
    await readEntries(lines, header, recorder, given.onProgress);
    const heads = await readHeadLines(lines, header);
    appendSide(recorder, header.right, { from: to, to: head.size });
    const tree = { recorder, origin: head.origin, trusted: keys };
    const own = { head, note: header.head, publicKey: header.publicKey };
    for (const [where, list] of [
      ["the file's heads", [...heads, own]],
      ["the outside heads", given.outside],
    ] as const) {
      const verdict = judgeHeads(where, list, tree);
      problems.push(...verdict.problems);
      tally.headsChecked += verdict.checked;
      tally.headsOfOtherKeys += verdict.otherKeys;
      tally.headsGivenUp += verdict.givenUp;
    }
  } catch (error) {
    if (!(error instanceof BadLineError || error instanceof LinesError)) throw error;
    problems.push(error.message);
  }
  const entries = Math.max(0, Math.min(recorder.size, to) - from);
  return { ok: problems.length === 0, problems, entries, treeSize, ...tally };
};
