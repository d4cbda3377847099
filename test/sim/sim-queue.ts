import { type Queue, UnrecoverableError, type Worker } from "bullmq";
import type { Random } from "../../src/core/random.ts";
import type { QueueServer } from "../../src/queue/backend.ts";
import type { FaultBox } from "./faults.ts";
import type { Process, World } from "./world.ts";

type AddOptions = {
  readonly delay?: number;
  readonly deduplication: { readonly id: string; readonly keepLastIfActive?: boolean; readonly ttl?: number };
};
type Job = {
  readonly queue: string;
  readonly data: unknown;
  readonly key: string | undefined;
  readonly order: number;
  state: "waiting" | "active" | "delayed";
  failures: number;
  /** Whoever runs it; a result under another token comes too late. */
  token: number;
  lockedBy: Process | undefined;
  lockedAtMs: number;
  /** The last one that came while it ran. */
  next: unknown;
};
type SimWorker = {
  readonly process: Process;
  readonly run: (data: unknown, signal: AbortSignal | undefined) => Promise<unknown>;
  readonly concurrency: number;
  active: number;
};

const lockMs = 15_000;
const retryWaitsMs = [1_000, 2_000, 5_000, 15_000, 30_000] as const;

/**
 * BullMQ's contract in memory, as `src/queue` uses it: at most one job of a key waits and one runs, a failed one is tried
 * again by the schedule and takes its key's wake-ups with it, a worker that falls silent loses its job to another after
 * the lock's time and may go on all the same. It may also run a job twice, and lose everything.
 */
export class SimQueues {
  readonly #world: World;
  readonly #faults: FaultBox;
  readonly #random: Random;
  readonly #workers = new Map<string, SimWorker[]>();
  /** One an id: waiting, active, or waiting for its retry. */
  readonly #keyed = new Map<string, Job>();
  readonly #ttls = new Map<string, number>();
  readonly #jobs = new Set<Job>();
  #added = 0;
  #awayUntilMs = 0;
  runs = 0;

  constructor(world: World, faults: FaultBox) {
    this.#world = world;
    this.#faults = faults;
    this.#random = world.random("queue");
    this.#checkStalls();
  }

  serverFor(process: Process): QueueServer {
    return {
      openQueue: (name) =>
        ({
          add: async (_job: string, data: unknown, options: AddOptions) => {
            await process.pause(1 + Math.floor(this.#random() * 4));
            if (this.#world.nowMs < this.#awayUntilMs) throw new Error("Connection is closed.");
            if (this.#faults.strikes("wake-up-lost")) return;
            this.#add(name, data, options);
          },
          getJobCounts: () => Promise.resolve({}),
          close: () => Promise.resolve(),
        }) as unknown as Queue,
      openWorker: (name, run, concurrency) => {
        const workers = this.#workers.get(name) ?? [];
        this.#workers.set(name, workers);
        workers.push({ process, run, concurrency, active: 0 });
        this.#pump(name);
        return { close: () => Promise.resolve() } as unknown as Worker;
      },
      check: () => Promise.resolve([]),
      close: () => Promise.resolve(),
    };
  }

  /** FLUSHALL: returns how many entries vanished. */
  empty(): number {
    const count = this.#jobs.size;
    for (const job of this.#jobs) job.token += 1;
    this.#jobs.clear();
    this.#keyed.clear();
    this.#ttls.clear();
    return count;
  }

  goAway(untilMs: number): void {
    this.#awayUntilMs = untilMs;
  }

  /** Entries that wait, run or are delayed. */
  get size(): number {
    return this.#jobs.size;
  }

  activeOn(process: Process): number {
    return [...this.#jobs].filter((job) => job.state === "active" && job.lockedBy === process).length;
  }

  #add(
    name: string,
    data: unknown,
    { delay = 0, deduplication: { id, keepLastIfActive = false, ttl } }: AddOptions,
  ): void {
    const key = `${name} ${id}`;
    if (ttl !== undefined) {
      if ((this.#ttls.get(key) ?? 0) > this.#world.nowMs) return;
      this.#ttls.set(key, this.#world.nowMs + ttl);
    }
    const known = ttl === undefined ? this.#keyed.get(key) : undefined;
    if (known !== undefined) {
      if (known.state === "active" && keepLastIfActive) known.next = data;
      return;
    }
    const job: Job = {
      queue: name,
      data,
      key: ttl === undefined ? key : undefined,
      order: (this.#added += 1),
      state: delay > 0 ? "delayed" : "waiting",
      failures: 0,
      token: 0,
      lockedBy: undefined,
      lockedAtMs: 0,
      next: undefined,
    };
    this.#jobs.add(job);
    if (job.key !== undefined) this.#keyed.set(job.key, job);
    if (delay > 0) this.#later(job, delay);
    else this.#pump(name);
  }

  #later(job: Job, delayMs: number): void {
    job.state = "delayed";
    this.#world.after(delayMs, () => {
      if (!this.#jobs.has(job)) return;
      job.state = "waiting";
      this.#pump(job.queue);
    });
  }

  #pump(name: string): void {
    this.#world.after(1 + Math.floor(this.#random() * 5), () => this.#take(name));
  }

  #take(name: string): void {
    if (this.#world.nowMs < this.#awayUntilMs) {
      this.#world.at(this.#awayUntilMs, () => this.#take(name));
      return;
    }
    for (;;) {
      const job = [...this.#jobs]
        .filter((one) => one.queue === name && one.state === "waiting")
        .toSorted((a, b) => a.order - b.order)[0];
      if (job === undefined) return;
      const worker = this.#freeWorker(name, undefined);
      // Whoever becomes free, thaws or starts looks again; a look a second stands for that.
      if (worker === undefined) return this.#world.after(1_000, () => this.#take(name));
      this.#start(job, worker);
      if (this.#faults.strikes("job-twice")) {
        const other = this.#freeWorker(name, worker.process);
        if (other !== undefined) this.#runOn(job, other, -1);
      }
    }
  }

  #freeWorker(name: string, except: Process | undefined): SimWorker | undefined {
    const free = (this.#workers.get(name) ?? []).filter(
      (worker) => worker.process.isRunning && worker.process !== except && worker.active < worker.concurrency,
    );
    return free[Math.floor(this.#random() * free.length)];
  }

  #start(job: Job, worker: SimWorker): void {
    job.state = "active";
    job.token += 1;
    job.lockedBy = worker.process;
    job.lockedAtMs = this.#world.nowMs;
    this.#runOn(job, worker, job.token);
  }

  #runOn(job: Job, worker: SimWorker, token: number): void {
    worker.active += 1;
    this.runs += 1;
    this.#world.note(`run ${job.queue} ${job.key ?? ""} on ${worker.process.name}`);
    const end = (error: unknown): void => {
      worker.active -= 1;
      if (!this.#jobs.has(job) || job.token !== token) return;
      this.#finish(job, error);
    };
    worker.run(job.data, undefined).then(() => end(undefined), end);
  }

  #finish(job: Job, error: unknown): void {
    const waitMs = retryWaitsMs[job.failures];
    if (error !== undefined && !(error instanceof UnrecoverableError) && waitMs !== undefined) {
      job.failures += 1;
      this.#later(job, waitMs);
      return;
    }
    this.#jobs.delete(job);
    if (job.key === undefined) return this.#pump(job.queue);
    this.#keyed.delete(job.key);
    if (job.next !== undefined) {
      const id = job.key.slice(job.queue.length + 1);
      this.#add(job.queue, job.next, { deduplication: { id, keepLastIfActive: true } });
    }
    this.#pump(job.queue);
  }

  #checkStalls(): void {
    this.#world.after(5_000, () => {
      for (const job of this.#jobs) {
        if (job.state !== "active" || job.lockedBy?.isRunning === true) {
          job.lockedAtMs = this.#world.nowMs;
          continue;
        }
        if (this.#world.nowMs - job.lockedAtMs < lockMs) continue;
        this.#world.note(`stalled ${job.queue} ${job.key ?? ""}`);
        job.token += 1;
        job.state = "waiting";
        this.#pump(job.queue);
      }
      this.#checkStalls();
    });
  }
}
