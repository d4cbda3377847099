import { Worker } from "node:worker_threads";
import type { Kept } from "./kept.ts";
import type { Task, TaskResult } from "./tasks.ts";

type Reply = { readonly result?: unknown; readonly failure?: string };
type Waiting = {
  readonly task: Task;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
};

const startWorker = (): Worker => new Worker(new URL("./worker.ts", import.meta.url));

const ask = (worker: Worker, task: Task): Promise<unknown> =>
  new Promise((resolve, reject) => {
    worker.once("error", reject);
    worker.once("message", ({ result, failure }: Reply) => {
      worker.off("error", reject);
      if (failure === undefined) resolve(result);
      else reject(new Error(failure));
    });
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    worker.postMessage(task);
  });

/**
 * Runs tasks on worker threads, each with an engine of its own. A task's result does not depend on where or beside what
 * it runs. After `untilMs` (of `performance.now()`) nothing is begun any more: what was left out is undefined.
 */
export class Pool {
  readonly #workers: readonly Worker[];
  readonly #idle: Worker[];
  readonly #waiting: Waiting[] = [];
  readonly #kept: Kept;
  readonly #untilMs: number;

  constructor(workers: number, kept: Kept, untilMs = Number.POSITIVE_INFINITY) {
    this.#workers = Array.from({ length: workers }, startWorker);
    this.#idle = [...this.#workers];
    this.#kept = kept;
    this.#untilMs = untilMs;
  }

  async run<Of extends Task>(task: Of): Promise<TaskResult<Of> | undefined> {
    const known = this.#kept.find(task);
    if (known !== undefined) return known as TaskResult<Of>;
    const result = await new Promise<unknown>((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject });
      this.#next();
    });
    if (result !== undefined) this.#kept.add(task, result);
    return result as TaskResult<Of> | undefined;
  }

  #next(): void {
    if (performance.now() > this.#untilMs) for (const { resolve } of this.#waiting.splice(0)) resolve(undefined);
    const worker = this.#waiting.length === 0 ? undefined : this.#idle.pop();
    if (worker === undefined) return;
    const { task, resolve, reject } = this.#waiting.shift() as Waiting;
    ask(worker, task)
      .then(resolve, reject)
      .finally(() => {
        this.#idle.push(worker);
        this.#next();
      });
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }
}
