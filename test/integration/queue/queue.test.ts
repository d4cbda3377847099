import { afterEach, beforeEach, describe, expect, inject, test } from "vitest";
import { z } from "zod";
import { ChannelError } from "../../../src/core/failure.ts";
import { openQueueServer, type QueueBackend } from "../../../src/queue/backend.ts";
import { bindJob, defineJob } from "../../../src/queue/define-job.ts";
import { createQueues, type Queues } from "../../../src/queue/queues.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

const backends = inject("redisUrl") === "" ? (["postgres"] as const) : (["redis", "postgres"] as const);
if (inject("redisUrl") === "")
  process.stdout.write(`Redis half of the queue tests left out: ${inject("redisUnavailable")}\n`);

describe.each(backends)("the queue on %s", (kind) => {
  let database: TestDatabase;
  let queues: Queues;
  let runs: { key: string; at: number }[];
  let gate: (key: string) => Promise<void>;
  let authFailures: unknown[];

  beforeEach(async () => {
    database = await createTestDatabase();
    const backend: QueueBackend = { kind, url: kind === "redis" ? inject("redisUrl") : database.url };
    runs = [];
    authFailures = [];
    gate = () => Promise.resolve();
    const job = defineJob({
      name: `touch-${crypto.randomUUID()}`,
      payload: z.strictObject({ key: z.string() }),
      coalesceBy: ({ key }) => key,
      concurrency: 4,
      async run({ payload, progress }) {
        runs.push({ key: payload.key, at: performance.now() });
        if (payload.key.startsWith("half-done")) progress();
        await gate(payload.key);
        return undefined;
      },
    });
    const onAuthFailure = (payload: unknown): Promise<void> => {
      authFailures.push(payload);
      return Promise.resolve();
    };
    queues = createQueues([job], {
      server: openQueueServer(backend, quiet),
      log: quiet,
      onAuthFailure,
      isDatabaseAway: (error) => error instanceof Error && error.message === "away",
      runMsMax: 10_000,
    });
    queues.work([bindJob(job, {})]);
    wake = (key, delayMs) => queues.wake(job.name, { key }, delayMs === undefined ? {} : { delayMs });
  });
  let wake: (key: string, delayMs?: number) => void;
  afterEach(async () => {
    await queues.close(2_000);
    await database.drop();
  });

  test("a hundred wake-ups of one key during a run make one more run", async () => {
    let release = (): void => undefined;
    gate = () => new Promise((resolve) => (release = resolve));
    wake("a");
    await until(() => runs.length === 1);
    for (let i = 0; i < 100; i += 1) wake("a");
    await queues.settled();
    gate = () => Promise.resolve();
    release();
    await until(() => runs.length === 2);
    wake("b");
    await until(() => runs.some((run) => run.key === "b"));
    expect(runs.filter((run) => run.key === "a").length).toBeLessThanOrEqual(3);
  });

  test("keys do not wait for each other", async () => {
    gate = (key) => (key === "slow" ? new Promise((resolve) => setTimeout(resolve, 1_500)) : Promise.resolve());
    wake("slow");
    await until(() => runs.length === 1);
    wake("quick");
    await until(() => runs.some((run) => run.key === "quick"));
  });

  test("a delayed wake-up comes, and a short one does not hide behind a long one", async () => {
    wake("later", 60_000);
    const asked = performance.now();
    wake("later", 300);
    await until(() => runs.length === 1);
    expect((runs[0]?.at ?? 0) - asked).toBeGreaterThanOrEqual(250);
  });

  test("a throttled run comes back on its own and is no failure", async () => {
    let calls = 0;
    gate = () => {
      calls += 1;
      return calls === 1
        ? Promise.reject(new ChannelError({ kind: "throttled", message: "slow down", retryAfterMs: 200 }))
        : Promise.resolve();
    };
    wake("t");
    await until(() => calls === 2);
    expect(Object.values(await queues.counts())[0]).toMatchObject({ failed: 0 });
  });

  test("a run that failed after it got something done goes on soon, and takes no wake-up with it", async () => {
    let calls = 0;
    gate = () => {
      calls += 1;
      return calls <= 6 ? Promise.reject(new ChannelError({ kind: "retryable", message: "lost" })) : Promise.resolve();
    };
    wake("half-done");
    // By the schedule of failures six of them would take most of a minute.
    await until(() => calls === 7, 15_000);
    expect(Object.values(await queues.counts())[0]).toMatchObject({ failed: 0 });
  });

  test("while the database is away a run comes again every two seconds, not by the schedule of failures", async () => {
    let calls = 0;
    gate = () => {
      calls += 1;
      return calls <= 4 ? Promise.reject(new Error("away")) : Promise.resolve();
    };
    wake("b");
    // By the schedule the fifth run would come after 23 s.
    await until(() => calls === 5, 15_000);
    expect(Object.values(await queues.counts())[0]).toMatchObject({ failed: 0 });
  });

  test("credentials that fail are reported, and the job is not tried again by the queue", async () => {
    gate = () => Promise.reject(new ChannelError({ kind: "auth", message: "revoked" }));
    wake("x");
    await until(() => authFailures.length === 1);
    expect(authFailures).toEqual([{ key: "x" }]);
    await until(async () => Object.values(await queues.counts())[0]?.["failed"] === 1);
    expect(runs).toHaveLength(1);
  });
});
