import { type Queue, UnrecoverableError, type Worker } from "bullmq";
import { z } from "zod";
import type { QueueLog, QueueServer } from "./backend.ts";
import type { BoundJob } from "./define-job.ts";
import { judge } from "./judge.ts";

const Envelope = z.strictObject({ payload: z.json(), later: z.literal(true).optional() });

/** A run that failed because the database was away comes again after this. */
const awayMs = 2_000;

/** How soon a wake-up comes back that met a run of its own key in this process. */
const metItselfMs = 500;

/** A run that failed on its way goes on after this. */
const goOnAfterMs = 500;

/** Waits for the work, but no longer than that; a timer that was not needed must not keep the process up. */
const atMost = async (work: Promise<unknown>, waitMs: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([work, patience]).finally(() => clearTimeout(timer));
};

export type QueuesDeps = {
  readonly server: QueueServer;
  readonly log: QueueLog;
  /** The account's credentials do not work; called once per failed run. */
  readonly onAuthFailure: (payload: unknown, error: Error) => Promise<void>;
  /**
   * True when a run failed only because the database was away. Then everything fails for as long, and nothing of it says
   * anything about the job: it comes again soon, not by the schedule of failures.
   */
  readonly isDatabaseAway: (error: unknown) => boolean;
  /** A run may take this long before its signal aborts. */
  readonly runMsMax: number;
};

export interface Queues {
  /** Never waits and never throws: a lost wake-up is found by the sweep. */
  wake(name: string, payload: unknown, options?: { readonly delayMs?: number }): void;
  /** Every wake-up asked for so far is with the server, or given up. */
  settled(): Promise<void>;
  /** Starts processing in this process. */
  work(jobs: readonly BoundJob[]): void;
  /** For the board. */
  all(): readonly Queue[];
  /** Jobs waiting, active, delayed and failed by queue. */
  counts(): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  /** Lets running jobs end, at most `drainMs`, then closes everything. */
  close(drainMs: number): Promise<void>;
}

export const createQueues = (
  definitions: readonly { readonly name: string; readonly coalesceBy: (payload: never) => string }[],
  deps: QueuesDeps,
): Queues => {
  const queues = new Map(definitions.map(({ name }) => [name, deps.server.openQueue(name)]));
  const keyOf = new Map(definitions.map(({ name, coalesceBy }) => [name, coalesceBy as (payload: unknown) => string]));
  const workers: Worker[] = [];
  const adding = new Map<string, { again: boolean; sent: Promise<void> }>();
  /** What runs here, by job and key: a queue that lost its memory, or took us for dead, hands it out once more. */
  const atWork = new Set<string>();
  const draining = new AbortController();
  const shutdown = new AbortController();

  const add = async (name: string, key: string, payload: unknown, delayMs: number): Promise<void> => {
    const queue = queues.get(name);
    if (queue === undefined) throw new TypeError(`no queue named ${name}`);
    if (delayMs <= 0) {
      await queue.add(name, { payload }, { deduplication: { id: key, keepLastIfActive: true } });
      return;
    }
    // One pending wake-up per doubling of the delay: a short wait never hides behind a long one.
    const id = `${key}~${Math.ceil(Math.log2(delayMs))}`;
    await queue.add(name, { payload, later: true }, { delay: delayMs, deduplication: { id, ttl: delayMs } });
  };

  const wake: Queues["wake"] = (name, payload, options = {}) => {
    if (draining.signal.aborted) return;
    const key = keyOf.get(name)?.(payload) ?? name;
    const delayMs = options.delayMs ?? 0;
    const slot = `${name} ${key} ${delayMs <= 0 ? 0 : Math.ceil(Math.log2(delayMs))}`;
    const inFlight = adding.get(slot);
    if (inFlight !== undefined) {
      inFlight.again = true;
      return;
    }
    const sent = add(name, key, payload, delayMs)
      .catch((error: Error) => deps.log.warn({ job: name, key, err: error.message }, "wake-up not queued"))
      .then(() => {
        adding.delete(slot);
        if (state.again) wake(name, payload, options);
      });
    const state = { again: false, sent };
    adding.set(slot, state);
  };

  const runJob = async (job: BoundJob, data: unknown): Promise<unknown> => {
    const { payload, later } = Envelope.parse(data);
    if (later === true) {
      wake(job.name, payload);
      return "woken";
    }
    const slot = `${job.name} ${job.coalesceBy(payload)}`;
    if (atWork.has(slot)) {
      wake(job.name, payload, { delayMs: metItselfMs });
      return "at work already";
    }
    atWork.add(slot);
    try {
      return await runAlone(job, payload);
    } finally {
      atWork.delete(slot);
    }
  };

  const runAlone = async (job: BoundJob, payload: unknown): Promise<unknown> => {
    const signal = AbortSignal.any([shutdown.signal, AbortSignal.timeout(deps.runMsMax)]);
    let progressed = false;
    const progress = (): void => {
      progressed = true;
    };
    try {
      const again = await job.run(payload, { signal, drain: draining.signal, progress });
      if (again !== undefined) wake(job.name, payload, { delayMs: again.againAfterMs });
      return again ?? "done";
    } catch (error) {
      if (signal.aborted) {
        wake(job.name, payload, { delayMs: 1_000 });
        return "aborted";
      }
      return await settle(job, { payload, progressed }, error as Error);
    }
  };

  const comeAgain = (job: BoundJob, payload: unknown, afterMs: number, error: Error): unknown => {
    wake(job.name, payload, { delayMs: afterMs });
    return { againAfterMs: afterMs, because: error.message };
  };

  const settle = async (
    job: BoundJob,
    { payload, progressed }: { readonly payload: unknown; readonly progressed: boolean },
    error: Error,
  ): Promise<unknown> => {
    const verdict = judge(error);
    deps.log.warn({ job: job.name, payload, err: error.message, verdict: verdict.verdict }, "job did not finish");
    switch (verdict.verdict) {
      case "again":
        return comeAgain(job, payload, Math.max(50, verdict.afterMs), error);
      case "retry":
        // A waiting retry takes all wake-ups of its key with it, up to half a minute: only for runs that got nowhere.
        if (!progressed && !deps.isDatabaseAway(error)) throw error;
        return comeAgain(job, payload, progressed ? goOnAfterMs : awayMs, error);
      case "dead":
        throw new UnrecoverableError(error.message);
      case "auth":
        await deps.onAuthFailure(payload, error);
        throw new UnrecoverableError(error.message);
    }
  };

  const settled = async (): Promise<void> => {
    while (adding.size > 0) await Promise.all([...adding.values()].map((state) => state.sent));
  };

  return {
    wake,
    settled,
    work(jobs) {
      for (const job of jobs) {
        workers.push(deps.server.openWorker(job.name, (data) => runJob(job, data), job.concurrency));
      }
    },
    all: () => [...queues.values()],
    async counts() {
      const entries = await Promise.all(
        [...queues].map(
          async ([name, queue]) => [name, await queue.getJobCounts("waiting", "active", "delayed", "failed")] as const,
        ),
      );
      return Object.fromEntries(entries);
    },
    async close(drainMs) {
      draining.abort(new Error("draining"));
      const closing = Promise.allSettled(workers.map((worker) => worker.close()));
      await atMost(closing, drainMs);
      shutdown.abort(new Error("shutting down"));
      await atMost(closing, 2_000);
      await atMost(settled(), 2_000);
      await Promise.allSettled([...queues.values()].map((queue) => queue.close()));
      await deps.server.close();
    },
  };
};
