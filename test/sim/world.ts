import { createHash } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { EventHeap } from "./event-heap.ts";

// Real timers have no place in virtual time: the simulated channels bound every call themselves.
AbortSignal.timeout = () => new AbortController().signal;

const notesKept = 200;

const seedOf = (text: string): number => createHash("sha256").update(text).digest().readUInt32BE(0);

/**
 * One virtual time and one source of chance for everything. Events happen one after the other, ordered by (time, order of
 * asking); what an event sets going runs until it waits again before the next one comes. Same seed, same run.
 */
export class World {
  readonly seed: number;
  nowMs = Date.parse("2026-11-20T10:00:00.000Z");
  readonly startedMs = this.nowMs;
  events = 0;
  readonly #heap = new EventHeap();
  readonly #hash = createHash("sha256");
  readonly #notes: string[] = [];

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A stream of chance of its own: who draws more or less here changes nothing elsewhere. */
  random(stream: string): Random {
    return seededRandom(seedOf(`${this.seed}/${stream}`));
  }

  at(atMs: number, run: () => void): void {
    this.#heap.push(Math.max(this.nowMs, atMs), run);
  }

  after(delayMs: number, run: () => void): void {
    this.at(this.nowMs + Math.max(0, delayMs), run);
  }

  iso(atMs = this.nowMs): string {
    return new Date(atMs).toISOString();
  }

  /** What happened, for the trace's hash and for people. */
  note(what: string): void {
    const line = `${((this.nowMs - this.startedMs) / 1000).toFixed(3)} ${what}`;
    this.#hash.update(line);
    this.#notes.push(line);
    if (this.#notes.length > notesKept * 2) this.#notes.splice(0, notesKept);
  }

  get trace(): string {
    return this.#hash.copy().digest("hex").slice(0, 16);
  }
  get lastNotes(): readonly string[] {
    return this.#notes.slice(-notesKept);
  }

  /** Lets time pass until `isOver` holds after an event, or until `untilMs`. */
  async run(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    // Nothing below the scheduler waits for a real event but a lane's turn of the event loop: two turns are enough.
    await setImmediate();
    await setImmediate();
    while (!isOver()) {
      const next = this.#heap.pop(untilMs);
      if (next === undefined) break;
      this.nowMs = next.atMs;
      this.events += 1;
      next.run();
      await setImmediate();
      await setImmediate();
    }
    if (!isOver()) this.nowMs = Math.max(this.nowMs, untilMs);
  }
}

/** One operating system process: it can be killed, and frozen for a while. */
export class Process {
  readonly name: string;
  readonly world: World;
  isAlive = true;
  frozenUntilMs = 0;
  /** What a fault does that strikes it at a step of its own. */
  befall: (kind: "kill" | "freeze") => void = () => undefined;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
  }

  get isRunning(): boolean {
    return this.isAlive && this.world.nowMs >= this.frozenUntilMs;
  }

  /** Goes on now, or when it thaws; never, if it is dead. */
  resume(run: () => void): void {
    if (!this.isAlive) return;
    if (this.world.nowMs < this.frozenUntilMs) this.world.at(this.frozenUntilMs, () => this.resume(run));
    else run();
  }

  pause(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(signal.reason as Error);
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
      this.world.after(delayMs, () => this.resume(resolve));
    });
  }

  get clock() {
    return {
      now: (): number => this.world.nowMs,
      monotonicMs: (): number => this.world.nowMs - this.world.startedMs,
      sleep: (delayMs: number, signal?: AbortSignal): Promise<void> => this.pause(delayMs, signal),
    };
  }
}
