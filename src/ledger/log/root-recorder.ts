import { Frontier, type Hash } from "./merkle.ts";

/** Grows a tree leaf by leaf and keeps its root at the sizes asked for. */
export class RootRecorder {
  readonly #frontier = new Frontier();
  readonly #wanted: ReadonlySet<number>;
  readonly #roots = new Map<number, Hash>();

  constructor(sizes: Iterable<number>) {
    this.#wanted = new Set(sizes);
    this.#record();
  }

  get size(): number {
    return this.#frontier.size;
  }

  append(hash: Hash, level = 0): void {
    this.#frontier.append(hash, level);
    this.#record();
  }

  root(): Hash {
    return this.#frontier.root();
  }

  /** The root at a size, where it was asked for and reached. */
  rootAt(size: number): Hash | undefined {
    return this.#roots.get(size);
  }

  #record(): void {
    if (this.#wanted.has(this.size)) this.#roots.set(this.size, this.#frontier.root());
  }
}
