import { createLineSource, type LineSource } from "./audit-lines.ts";

/** Where two sorted streams of `key <tab> units` lines differ. */
export type Difference =
  | { readonly kind: "differs"; readonly key: string; readonly ours: string; readonly theirs: string }
  | { readonly kind: "only-ours" | "only-theirs"; readonly key: string };

const tab = 0x09;

/** Blocks are compared by the machine's own memory comparison: small after a difference, larger while all is equal. */
const blockBytesMin = 512;
const blockBytesMax = 64 * 1024;

/** How many bytes from here on are the same on both sides. */
const commonBytes = (a: LineSource, b: LineSource): number => {
  const max = Math.min(a.end - a.at, b.end - b.at);
  const same = (from: number, to: number): boolean =>
    a.bytes.compare(b.bytes, b.at + from, b.at + to, a.at + from, a.at + to) === 0;
  let done = 0;
  let block = blockBytesMin;
  while (done < max) {
    const to = Math.min(max, done + block);
    if (same(done, to)) {
      done = to;
      block = Math.min(blockBytesMax, block * 2);
      continue;
    }
    let [low, high] = [done, to];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (same(low, middle)) low = middle;
      else high = middle;
    }
    return low;
  }
  return max;
};

const keyOf = (line: Buffer): Buffer => line.subarray(0, line.indexOf(tab));
const unitsOf = (line: Buffer): string => line.toString("latin1", line.indexOf(tab) + 1);
const backslash = 0x5c;
/** COPY doubles a backslash. */
const text = (key: Buffer): string => key.toString("utf8").replaceAll("\\\\", "\\");
/** A control character, which COPY writes as a backslash and a letter: such a name stands out of order. */
const isOutOfOrder = (key: Buffer): boolean => {
  for (let at = key.indexOf(backslash); at >= 0; at = key.indexOf(backslash, at + 2)) {
    if (key[at + 1] !== backslash) return true;
  }
  return false;
};

/**
 * Merge join of two streams of lines, each sorted by key byte for byte, a key at most once a stream. Nearly all lines
 * are equal, so equal stretches are skipped as blocks of bytes and only lines that differ are looked at. Memory: the
 * chunks that the streams deliver.
 */
export async function* mergeDifferences(
  ours: AsyncIterable<Buffer>,
  theirs: AsyncIterable<Buffer>,
): AsyncGenerator<Difference> {
  const [a, b] = [createLineSource(ours), createLineSource(theirs)];
  try {
    for (;;) {
      const [aHas, bHas] = [a.hasLine() || (await a.fill()), b.hasLine() || (await b.fill())];
      if (!aHas && !bHas) return;
      if (aHas && bHas) {
        const common = commonBytes(a, b);
        const stretch = common === 0 ? 0 : a.bytes.lastIndexOf(0x0a, a.at + common - 1) + 1 - a.at;
        if (stretch > 0) {
          a.at += stretch;
          b.at += stretch;
          continue;
        }
      }
      const [ourLine, theirLine] = [aHas ? a.line() : undefined, bHas ? b.line() : undefined];
      const ourKey = ourLine === undefined ? undefined : keyOf(ourLine);
      if (ourLine !== undefined && ourKey !== undefined && isOutOfOrder(ourKey)) {
        a.at += ourLine.length + 1;
        continue;
      }
      const theirKey = theirLine === undefined ? undefined : keyOf(theirLine);
      const order = theirKey === undefined ? -1 : ourKey === undefined ? 1 : Buffer.compare(ourKey, theirKey);
      if (order <= 0 && ourLine !== undefined) a.at += ourLine.length + 1;
      if (order >= 0 && theirLine !== undefined) b.at += theirLine.length + 1;
      if (order < 0 && ourKey !== undefined) yield { kind: "only-ours", key: text(ourKey) };
      else if (order > 0 && theirKey !== undefined) yield { kind: "only-theirs", key: text(theirKey) };
      else if (ourKey !== undefined && ourLine !== undefined && theirLine !== undefined) {
        yield { kind: "differs", key: text(ourKey), ours: unitsOf(ourLine), theirs: unitsOf(theirLine) };
      }
    }
  } finally {
    await Promise.all([a.close(), b.close()]);
  }
}
