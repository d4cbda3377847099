import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";

/** Read ahead of all runs together: more runs take less each, so that memory does not grow with their number. */
const readAheadBytes = 1024 * 1024;
const readBytes = (runs: number): number => Math.min(64 * 1024, Math.max(4 * 1024, Math.floor(readAheadBytes / runs)));
const writeChars = 256 * 1024;

/** One run, its lines in blocks: waiting for each single line would cost more than comparing it. */
class Run {
  readonly #blocks: AsyncIterator<string>;
  #lines: string[] = [];
  #next = 0;
  #rest = "";
  head: string | undefined;

  constructor(path: string, blockBytes: number) {
    const stream = createReadStream(path, { highWaterMark: blockBytes, encoding: "latin1" });
    this.#blocks = (stream as AsyncIterable<string>)[Symbol.asyncIterator]();
  }

  /** Moves to the next line; true when it must `read` first. */
  step(): boolean {
    if (this.#next >= this.#lines.length) return true;
    this.head = this.#lines[this.#next++];
    return false;
  }

  async read(): Promise<void> {
    this.#lines = [];
    this.#next = 0;
    while (this.#lines.length === 0) {
      const block = await this.#blocks.next();
      if (block.done === true) {
        this.head = undefined;
        return;
      }
      const parts = (this.#rest + block.value).split("\n");
      this.#rest = parts.pop() ?? "";
      this.#lines = parts;
    }
    this.head = this.#lines[this.#next++];
  }
}

/** A binary heap by head line; the smallest is on top. */
const sink = (heap: Run[], from: number): void => {
  const moving = heap[from] as Run;
  const line = moving.head as string;
  let at = from;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = heap[child + 1];
    if (right !== undefined && (right.head as string) < ((heap[child] as Run).head as string)) child += 1;
    const smaller = heap[child] as Run;
    if ((smaller.head as string) >= line) break;
    heap[at] = smaller;
    at = child;
  }
  heap[at] = moving;
};

/** Merges sorted files of lines into one; of lines with one key the last is kept. Returns the number of lines. */
export const mergeRuns = async (
  paths: readonly string[],
  target: string,
  keyOf: (line: string) => string,
): Promise<number> => {
  const all = paths.map((path) => new Run(path, readBytes(paths.length)));
  for (const run of all) await run.read();
  const heap = all.filter((run) => run.head !== undefined);
  for (let at = heap.length >> 1; at >= 0; at -= 1) if (heap[at] !== undefined) sink(heap, at);
  const file = await open(target, "w", 0o600);
  let [rows, out, waiting] = [0, "", undefined as string | undefined];
  try {
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      const line = top.head as string;
      if (waiting !== undefined && keyOf(waiting) !== keyOf(line)) {
        out += `${waiting}\n`;
        rows += 1;
      }
      waiting = line;
      if (out.length >= writeChars) {
        await file.write(Buffer.from(out, "latin1"));
        out = "";
      }
      if (top.step()) await top.read();
      if (top.head === undefined) {
        const last = heap.pop() as Run;
        if (heap.length > 0 && last !== top) heap[0] = last;
      }
      if (heap.length > 0) sink(heap, 0);
    }
    if (waiting !== undefined) {
      out += `${waiting}\n`;
      rows += 1;
    }
    await file.write(Buffer.from(out, "latin1"));
  } finally {
    await file.close();
  }
  return rows;
};
