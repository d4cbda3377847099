import type { z } from "zod";

export type JobContext<Payload> = {
  readonly payload: Payload;
  /** Aborts what is under way: the run took longer than it may, or the shutdown's patience ended. */
  readonly signal: AbortSignal;
  /** Aborts when the process wants to stop: begin nothing new, finish what is under way. */
  readonly drain: AbortSignal;
  /** Something of this run is done for good: if it fails later, it goes on soon instead of by the schedule of failures. */
  readonly progress: () => void;
};

/** Come back after this long; sooner wake-ups still count. */
export type RunAgain = { readonly againAfterMs: number };

/**
 * A job is a wake-up: its payload says where to look, never what to write, so that running it twice, late or never
 * does no harm. At most one runs and one waits per `coalesceBy`.
 */
export type JobDefinition<Payload, Deps> = {
  readonly name: string;
  readonly payload: z.ZodType<Payload>;
  readonly coalesceBy: (payload: Payload) => string;
  /** Runs at once in this process, over different keys. */
  readonly concurrency: number;
  readonly run: (context: JobContext<Payload>, deps: Deps) => Promise<RunAgain | undefined>;
};

export const defineJob = <Payload, Deps>(definition: JobDefinition<Payload, Deps>): JobDefinition<Payload, Deps> =>
  definition;

/** What every job can be called with once its dependencies are bound. */
export type BoundJob = {
  readonly name: string;
  readonly concurrency: number;
  readonly coalesceBy: (payload: unknown) => string;
  readonly run: (payload: unknown, run: Omit<JobContext<unknown>, "payload">) => Promise<RunAgain | undefined>;
};

/** Ties a job to its dependencies; payloads are checked again when they come back from the queue. */
export const bindJob = <Payload, Deps>(job: JobDefinition<Payload, Deps>, deps: Deps): BoundJob => ({
  name: job.name,
  concurrency: job.concurrency,
  coalesceBy: (payload) => job.coalesceBy(job.payload.parse(payload)),
  run: (payload, run) => job.run({ payload: job.payload.parse(payload), ...run }, deps),
});
