import type { Clock } from "../../core/clock.ts";
import { Journal } from "../kit/journal.ts";
import type { Entry } from "./entries.ts";
import { World } from "./world.ts";

/** The world and its journal: a change is written down, then applied, by the same function that replays it. */
export class Store {
  readonly world: World;
  readonly #journal: Journal<Entry>;
  readonly #clock: Clock;
  #closed = false;

  constructor(options: {
    readonly journalPath: string | null;
    readonly outOfStockControl: boolean;
    readonly clock: Clock;
  }) {
    this.#clock = options.clock;
    this.world = new World(options);
    this.#journal = new Journal<Entry>(options.journalPath, (entry) => this.world.apply(entry));
  }

  /** Epoch milliseconds, never before anything that has happened already. */
  now(): number {
    return Math.max(this.#clock.now(), this.world.newestMs);
  }

  /** After closing nothing happens any more: what is still under way (a challenge, a last attempt) comes too late. */
  commit(entry: Entry): void {
    if (this.#closed) return;
    this.#journal.append(entry);
    this.world.apply(entry);
  }

  close(): void {
    this.#closed = true;
    this.#journal.close();
  }
}
