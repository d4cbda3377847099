import { createPostgresBackend, Queue, type QueueOptions, Worker, type WorkerOptions } from "bullmq";
import { Redis } from "ioredis";

/** Where wake-ups live. Both survive a restart; neither holds a fact. */
export type QueueBackend =
  | { readonly kind: "redis"; readonly url: string }
  | { readonly kind: "postgres"; readonly url: string };

export type QueueLog = {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
};

export interface QueueServer {
  openQueue(name: string): Queue;
  openWorker(
    name: string,
    run: (data: unknown, signal: AbortSignal | undefined) => Promise<unknown>,
    concurrency: number,
  ): Worker;
  /** Complaints about the server's settings; an empty list = fit for use. */
  check(): Promise<readonly string[]>;
  close(): Promise<void>;
}

const prefix = "lockstep";
/** A killed worker's job is taken over within lock + check, not after half a minute. */
const timing = { lockDuration: 15_000, stalledInterval: 5_000, maxStalledCount: 100 } as const;
/**
 * A connection on which no answer came for so long is given up and made anew: whatever it led through may have forgotten
 * it, and then nobody ever closes it. Workers wait in one call for up to 10 s for a job.
 */
const producerMsMax = 5_000;
const consumerMsMax = 15_000;
/** Delays between runs of a failing job. */
export const retryScheduleMs = [1_000, 2_000, 5_000, 15_000, 30_000] as const;

const jobDefaults: NonNullable<QueueOptions["defaultJobOptions"]> = {
  attempts: retryScheduleMs.length + 1,
  backoff: { type: "custom" },
  removeOnComplete: { count: 200 },
  removeOnFail: { count: 1_000 },
};

const workerOptions = (concurrency: number): Omit<WorkerOptions, "connection"> => ({
  concurrency,
  ...timing,
  settings: { backoffStrategy: (attempts) => retryScheduleMs[Math.min(attempts, retryScheduleMs.length) - 1] ?? 1_000 },
});

const openRedis = (url: string, log: QueueLog): QueueServer => {
  let lastErrorAt = 0;
  const quiet = (error: Error): void => {
    // A full or absent Redis reports an error for every command: one line a second says as much.
    const now = performance.now();
    if (now - lastErrorAt < 1_000) return;
    lastErrorAt = now;
    log.warn({ err: error.message }, "redis is unwell");
  };
  // Producers fail at once instead of queueing in memory: a lost wake-up is found by the sweep.
  const producer = new Redis(url, {
    maxRetriesPerRequest: 1,
    enableOfflineQueue: true,
    commandTimeout: producerMsMax,
    socketTimeout: producerMsMax,
  });
  const consumer = new Redis(url, { maxRetriesPerRequest: null, socketTimeout: consumerMsMax });
  producer.on("error", quiet);
  consumer.on("error", quiet);
  return {
    openQueue: (name) => {
      const queue = new Queue(name, {
        connection: producer,
        prefix,
        defaultJobOptions: jobDefaults,
        skipVersionCheck: true,
      });
      queue.on("error", quiet);
      return queue;
    },
    openWorker: (name, run, concurrency) => {
      const worker = new Worker(name, (job, _token, signal) => run(job.data, signal), {
        connection: consumer,
        prefix,
        ...workerOptions(concurrency),
      });
      worker.on("error", quiet);
      return worker;
    },
    check: async () => {
      const info = await producer.info();
      const policy = /maxmemory_policy:(\S+)/.exec(info)?.[1];
      const version = /redis_version:(\d+)\.(\d+)/.exec(info);
      const complaints: string[] = [];
      if (policy !== undefined && policy !== "noeviction") {
        complaints.push(`Redis may evict queued wake-ups (maxmemory-policy ${policy}); set it to noeviction`);
      }
      if (version !== null && Number(version[1]) * 100 + Number(version[2]) < 602) {
        complaints.push(`Redis ${version[1]}.${version[2]} is too old; use 6.2 or newer`);
      }
      return complaints;
    },
    close: async () => {
      producer.disconnect();
      consumer.disconnect();
    },
  };
};

const openPostgres = (url: string, log: QueueLog): QueueServer => {
  const quiet = (error: Error): void => log.warn({ err: error.message }, "the queue's database is unwell");
  const connection = { connectionString: url, migrate: true, max: 4 } as unknown as QueueOptions["connection"];
  return {
    openQueue: (name) => {
      const queue = new Queue(name, { connection, defaultJobOptions: jobDefaults }, createPostgresBackend as never);
      queue.on("error", quiet);
      return queue;
    },
    openWorker: (name, run, concurrency) => {
      const worker = new Worker(
        name,
        (job, _token, signal) => run(job.data, signal),
        { connection, ...workerOptions(concurrency) },
        createPostgresBackend as never,
      );
      worker.on("error", quiet);
      return worker;
    },
    check: () => Promise.resolve([]),
    close: () => Promise.resolve(),
  };
};

export const openQueueServer = (backend: QueueBackend, log: QueueLog): QueueServer =>
  backend.kind === "redis" ? openRedis(backend.url, log) : openPostgres(backend.url, log);
