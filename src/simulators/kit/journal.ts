import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Append-only JSON lines of everything that changed the simulated channel, so that a killed simulator comes back with
 * its truth. Written synchronously before the answer leaves: `kill -9` loses nothing (a power cut might; it is a simulator).
 */
export class Journal<Entry> {
  readonly #descriptor: number | null;

  /** `path: null` keeps nothing (tests). Calls `replay` for every entry already there; a torn last line is dropped. */
  constructor(path: string | null, replay: (entry: Entry) => void) {
    if (path === null) {
      this.#descriptor = null;
      return;
    }
    if (existsSync(path)) {
      for (const line of readFileSync(path, "utf8").split("\n")) {
        if (line === "") continue;
        let entry: Entry;
        try {
          entry = JSON.parse(line) as Entry;
        } catch {
          continue; // Cut off in the middle of a write: its effect was never answered.
        }
        replay(entry);
      }
    }
    mkdirSync(dirname(path), { recursive: true });
    this.#descriptor = openSync(path, "a");
    // A torn last line must not swallow the next entry.
    writeSync(this.#descriptor, "\n");
  }

  append(entry: Entry): void {
    if (this.#descriptor !== null) writeSync(this.#descriptor, `${JSON.stringify(entry)}\n`);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
  }
}
