import { createHash } from "node:crypto";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import type { Task } from "./tasks.ts";

/** Same task, same text. */
const nameOf = (task: Task): string => {
  const text = JSON.stringify(task, (_key, value: unknown) => {
    return value instanceof Set || value instanceof Map ? [...value] : value;
  });
  const digest = createHash("sha256").update(text).digest("hex").slice(0, 16);
  return task.kind === "plant" ? `${task.bug} ${task.seed} ${digest}` : `${task.policy} ${task.options.seed} ${digest}`;
};

/** Results of tasks in a file, a line each: a long campaign can be run in pieces. Only of use while the code stays the same. */
export class Kept {
  readonly #path: string | undefined;
  readonly #results = new Map<string, unknown>();

  constructor(path: string | undefined) {
    this.#path = path;
    if (path === undefined || !existsSync(path)) return;
    // A run that was stopped may have left half a line.
    for (const line of readFileSync(path, "utf8").split("\n").slice(0, -1)) {
      const [name, result] = JSON.parse(line) as readonly [string, unknown];
      this.#results.set(name, result);
    }
  }

  find(task: Task): unknown {
    return this.#results.get(nameOf(task));
  }

  add(task: Task, result: unknown): void {
    if (this.#path !== undefined) appendFileSync(this.#path, `${JSON.stringify([nameOf(task), result])}\n`);
  }
}
