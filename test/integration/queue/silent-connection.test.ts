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
let runs: number;
let wake: () => void;
beforeEach(async () => {
  if (isWithoutRedis) return;
  const url = new URL(inject("redisUrl"));
  proxy = await startProxy(Number(url.port));
  url.port = String(proxy.port);
  runs = 0;
  const job = defineJob({
    name: `touch-${crypto.randomUUID()}`,
    payload: z.strictObject({}),
    coalesceBy: () => "all",
    concurrency: 2,
    run: async () => {
      runs += 1;
      return undefined;
    },
  });
  const server = openQueueServer({ kind: "redis", url: url.href }, quiet);
  queues = createQueues([job], { server, log: quiet, onAuthFailure: () => Promise.resolve(), runMsMax: 10_000 });
  queues.work([bindJob(job, {})]);
  wake = () => queues.wake(job.name, {});
});
afterEach(async () => {
  if (isWithoutRedis) return;
  await queues.close(2_000);
  await proxy.close();
});

test("wake-ups run again within half a minute when the way to Redis has forgotten its connections", async () => {
  if (isWithoutRedis) return;
  wake();
  await until(() => runs > 0);
  // Nobody closes what was open: it stays silent, and only new connections work.
  proxy.set({ kind: "silent" });
  proxy.set({ kind: "open" }, true);
  const before = runs;
  const waking = setInterval(wake, 500);
  await until(() => runs > before, 30_000).finally(() => clearInterval(waking));
  expect(runs).toBeGreaterThan(before);
});
