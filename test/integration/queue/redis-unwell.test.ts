import { Redis } from "ioredis";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { openQueueServer } from "../../../src/queue/backend.ts";
import { bindJob, defineJob } from "../../../src/queue/define-job.ts";
import { createQueues, type Queues } from "../../../src/queue/queues.ts";
import { type Proxy, startProxy } from "../../chaos/proxy.ts";
import { until } from "../../support/until.ts";

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const isWithoutRedis = inject("redisUrl") === "";
if (isWithoutRedis) process.stdout.write(`silent Redis left out: ${inject("redisUnavailable")}\n`);

let proxy: Proxy;
let queues: Queues;
let runs: string[];
let jobName: string;
let gate: (key: string) => Promise<void>;
let wake: (key: string) => void;
beforeEach(async () => {
  if (isWithoutRedis) return;
  const url = new URL(inject("redisUrl"));
  proxy = await startProxy(Number(url.port));
  url.port = String(proxy.port);
  runs = [];
  gate = () => Promise.resolve();
  const job = defineJob({
    name: `touch-${crypto.randomUUID()}`,
    payload: z.strictObject({ key: z.string() }),
    coalesceBy: ({ key }) => key,
    concurrency: 4,
    run: async ({ payload: { key } }) => {
      runs.push(key);
      await gate(key);
      return undefined;
    },
  });
  jobName = job.name;
  const server = openQueueServer({ kind: "redis", url: url.href }, quiet);
  queues = createQueues([job], {
    server,
    log: quiet,
    onAuthFailure: () => Promise.resolve(),
    isDatabaseAway: () => false,
    runMsMax: 10_000,
  });
  queues.work([bindJob(job, {})]);
  wake = (key) => queues.wake(job.name, { key });
});
afterEach(async () => {
  if (isWithoutRedis) return;
  await queues.close(2_000);
  await proxy.close();
});

test("wake-ups run again within half a minute when the way to Redis has forgotten its connections", async () => {
  if (isWithoutRedis) return;
  wake("a");
  await until(() => runs.length > 0);
  // Nobody closes what was open: it stays silent, and only new connections work.
  proxy.set({ kind: "silent" });
  proxy.set({ kind: "open" }, true);
  const before = runs.length;
  const waking = setInterval(() => wake("a"), 500);
  await until(() => runs.length > before, 30_000).finally(() => clearInterval(waking));
  expect(runs.length).toBeGreaterThan(before);
});

test("a run is alone in its process though the queue has forgotten it, and what woke it again is not lost", async () => {
  if (isWithoutRedis) return;
  let release = (): void => undefined;
  gate = (key) => (key === "a" ? new Promise((resolve) => (release = resolve)) : Promise.resolve());
  wake("a");
  await until(() => runs.length === 1);
  const redis = new Redis(inject("redisUrl"));
  const forgotten = await redis.keys(`lockstep:${jobName}:*`);
  expect(forgotten.length).toBeGreaterThan(0);
  await redis.del(...forgotten);
  redis.disconnect();
  wake("a");
  await queues.settled();
  wake("b");
  // The worker has taken what came after "a", so it has met "a" as well.
  await until(() => runs.includes("b"));
  expect(runs.filter((key) => key === "a")).toHaveLength(1);
  gate = () => Promise.resolve();
  release();
  await until(() => runs.filter((key) => key === "a").length === 2);
});
