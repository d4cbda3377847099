import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { mergeRuns } from "./audit-runs.ts";

/** A run is sorted in memory; this bounds the memory, whatever the number of listings. */
const runBytesMax = 1024 * 1024;

export type SortedSpool = {
  readonly rows: number;
  /** Rows whose name holds control characters: no channel makes such names, and they are not compared. */
  readonly skipped: number;
  /** `key <tab> units` lines, sorted by key byte for byte, each key once. May be read several times. */
  lines(): AsyncIterable<Buffer>;
};

/** Control characters would sort otherwise once escaped. */
const hasControl = (key: string): boolean => {
  for (let at = 0; at < key.length; at += 1) if (key.charCodeAt(at) < 0x20) return true;
  return false;
};

/** As COPY writes it, and one character a byte: strings then compare as bytes do. */
const lineOf = (key: string, units: number): string =>
  `${Buffer.from(key.replaceAll("\\", "\\\\"), "utf8").toString("latin1")}\t${units}\n`;
const plainAscii = /^[\x20-\x5b\x5d-\x7e]*$/;
const keyOf = (line: string): string => line.slice(0, line.indexOf("\t"));

/**
 * Keeps what a channel tells of all its listings in files and sorts it there. What comes in order is only written down.
 * The files are gone when `dispose` was called.
 */
export class Spool {
  readonly #folder: string;
  readonly #runs: string[] = [];
  #lines: string[] = [];
  #bytes = 0;
  #runIsSorted = true;
  #allSorted = true;
  #last = "";
  #lastKey = "";
  #rows = 0;
  #skipped = 0;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async make(parent: string): Promise<Spool> {
    return new Spool(await mkdtemp(join(parent, "lockstep-audit-")));
  }

  /** To be waited for when it returns a promise: a run is full and is being written. */
  add(key: string, units: number): Promise<void> | undefined {
    const isPlain = plainAscii.test(key);
    if (!isPlain && hasControl(key)) {
      this.#skipped += 1;
      return undefined;
    }
    const line = isPlain ? `${key}\t${units}\n` : lineOf(key, units);
    if (line <= this.#last || key === this.#lastKey) this.#runIsSorted = this.#allSorted = false;
    this.#last = line;
    this.#lastKey = key;
    this.#lines.push(line);
    this.#bytes += line.length;
    this.#rows += 1;
    return this.#bytes >= runBytesMax ? this.#flush() : undefined;
  }

  async #flush(): Promise<void> {
    if (this.#lines.length === 0) return;
    const lines = this.#runIsSorted ? this.#lines : this.#lines.sort();
    const path = join(this.#folder, `run-${this.#runs.length}`);
    const file = await open(path, "w", 0o600);
    try {
      await file.write(Buffer.from(lines.join(""), "latin1"));
    } finally {
      await file.close();
    }
    this.#runs.push(path);
    this.#lines = [];
    this.#bytes = 0;
    this.#runIsSorted = true;
  }

  /** No more rows: the sorted whole. */
  async finish(): Promise<SortedSpool> {
    await this.#flush();
    const runs = [...this.#runs];
    if (!this.#allSorted && runs.length > 0) {
      // Merged once, then as quick to read as what came in order.
      const path = join(this.#folder, "sorted");
      this.#rows = await mergeRuns(runs, path, keyOf);
      for (const run of runs) await rm(run);
      runs.splice(0, runs.length, path);
    }
    return { rows: this.#rows, skipped: this.#skipped, lines: () => readAll(runs) };
  }

  async dispose(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

async function* readAll(paths: readonly string[]): AsyncGenerator<Buffer> {
  for (const path of paths) yield* createReadStream(path, { highWaterMark: 64 * 1024 }) as AsyncIterable<Buffer>;
}
