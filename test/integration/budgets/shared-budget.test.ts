import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, afterEach, beforeAll, expect, inject, test } from "vitest";
import { watchStore } from "../../../src/connectors/bucket-store.ts";
import type { Budget, Quota } from "../../../src/connectors/budget.ts";
import { createSharedBudget } from "../../../src/connectors/shared-budget.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { startRedis } from "../../../src/embedded/redis.ts";
import { openBucketStore } from "../../../src/queue/bucket-store.ts";

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const signal = new AbortController().signal;

/** A Redis of this file's own: some of these tests empty it or stop it. */
const dataDir = mkdtempSync(join(tmpdir(), "lockstep-budgets-"));
let redis: { readonly url: string; stop(): Promise<void> } | undefined;
beforeAll(async () => {
  const started = await startRedis({ dataDir, log: quiet });
  if (!("unavailable" in started)) redis = started;
});
afterAll(async () => {
  await redis?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});
const noRedis = inject("redisUrl") === "";
if (noRedis) process.stdout.write(`tests of shared budgets left out: ${inject("redisUnavailable")}\n`);

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

/** One worker process's side: a connection and a memory of its own. */
const processOf = (scope: string, quotas: Readonly<Record<string, Quota>>) => {
  const said: string[] = [];
  const log = {
    ...quiet,
    warn: (_fields: object, message: string) => said.push(message),
    info: (fields: object, message: string) => void ("err" in fields ? undefined : said.push(message)),
  };
  const buckets = openBucketStore(redis?.url ?? "", quiet);
  closers.push(() => buckets.close());
  const store = watchStore(buckets, { clock: systemClock, log });
  return {
    budget: createSharedBudget(scope, quotas, { store, clock: systemClock, process: randomUUID(), arrivalMs: 10 }),
    said,
  };
};
const pair = (quotas: Readonly<Record<string, Quota>>) => {
  const scope = randomUUID();
  return [processOf(scope, quotas), processOf(scope, quotas)] as const;
};
/** Takes as fast as it may until the time is over; when each call went. */
const draw = async (budgets: readonly Budget[], forMs: number): Promise<readonly number[]> => {
  const went: number[] = [];
  const until = performance.now() + forMs;
  await Promise.all(
    budgets.map(async (budget) => {
      while (performance.now() < until) {
        await budget.take("calls", signal);
        went.push(performance.now());
      }
    }),
  );
  return went.toSorted((a, b) => a - b);
};
/** By how many calls the worst window went over burst + rate × its length. */
const excess = (went: readonly number[], { ratePerSecond, burst }: Quota): number => {
  let worst = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < went.length; from += 1)
    for (let to = from; to < went.length; to += 1) {
      const seconds = ((went[to] ?? 0) - (went[from] ?? 0)) / 1000;
      worst = Math.max(worst, to - from + 1 - (burst + ratePerSecond * seconds));
    }
  return worst;
};

test.skipIf(noRedis)("two processes take the burst once, then the refill rate, and waste nothing of it", async () => {
  const quota = { ratePerSecond: 50, burst: 10 };
  const [one, two] = pair({ calls: quota });
  const startedMs = performance.now();
  const went = await draw([one.budget, two.budget], 3_000);
  const seconds = ((went.at(-1) ?? 0) - startedMs) / 1000;
  // Each call is timed a moment after its token was taken: that much the windows may seem to be over.
  expect(excess(went, quota)).toBeLessThan(2.5);
  expect(went.length / (quota.burst + quota.ratePerSecond * seconds)).toBeGreaterThan(0.95);
});

test.skipIf(noRedis)("a pause that one process was told of holds back all", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 1_000, burst: 100 } });
  await two.budget.take("calls", signal);
  one.budget.throttled("calls", 400);
  await one.budget.spare("calls");
  const startedMs = performance.now();
  await two.budget.take("calls", signal);
  expect(performance.now() - startedMs).toBeGreaterThan(350);
});

test.skipIf(noRedis)("what the channel reports to one process corrects the bucket of all, up or down", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 1, burst: 100 } });
  one.budget.observe("calls", { remaining: 7 });
  await one.budget.spare("calls");
  expect(await two.budget.spare("calls")).toBeCloseTo(7, 0);
  one.budget.observe("calls", { burst: 400, ratePerSecond: 0.001 });
  one.budget.refund("calls", 300);
  await one.budget.spare("calls");
  expect(await two.budget.spare("calls")).toBeCloseTo(307, 0);
});

test.skipIf(noRedis)("a dear call is not starved by the cheap ones of another process", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 100, burst: 100 } });
  await one.budget.take("calls", signal, 100);
  const stop = new AbortController();
  const cheap = (async () => {
    while (!stop.signal.aborted) await two.budget.take("calls", signal, 5);
  })();
  const startedMs = performance.now();
  await one.budget.take("calls", signal, 50);
  const waitedMs = performance.now() - startedMs;
  stop.abort();
  await cheap;
  // Half a second's refill; without a turn of its own it would wait for as long as the other one goes on.
  expect(waitedMs).toBeLessThan(5_000);
});

test.skipIf(noRedis)("who gives up waiting is not waited for", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 20, burst: 100 } });
  await one.budget.take("calls", signal, 100);
  await expect(one.budget.take("calls", AbortSignal.timeout(60), 90)).rejects.toThrow();
  const startedMs = performance.now();
  await two.budget.take("calls", signal, 1);
  expect(performance.now() - startedMs).toBeLessThan(200);
});

test.skipIf(noRedis)("after FLUSHALL the bucket is made from what was known of it, not full", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 10, burst: 40 } });
  await draw([one.budget, two.budget], 200);
  const admin = new Redis(redis?.url ?? "");
  closers.push(() => admin.disconnect());
  const went: number[] = [];
  const startedMs = performance.now();
  for (let flush = 0; flush < 5; flush += 1) {
    await admin.flushall();
    went.push(...(await draw([one.budget, two.budget], 200)));
  }
  // Some seconds of refill, and nothing of the burst again.
  const seconds = (performance.now() - startedMs) / 1000;
  expect(went.length).toBeLessThanOrEqual(10 * seconds + 5);
  // A process that knows nothing, on an empty Redis: the burst is there once more, and only once.
  await admin.flushall();
  const [three, four] = pair({ calls: { ratePerSecond: 10, burst: 40 } });
  expect((await draw([three.budget, four.budget], 200)).length).toBeLessThanOrEqual(40 + 5);
});

test.skipIf(noRedis)("without Redis each process keeps to its part, and says so once", async () => {
  const own = mkdtempSync(join(tmpdir(), "lockstep-budgets-gone-"));
  const quota = { ratePerSecond: 40, burst: 8 };
  const everywhere = redis;
  const gone = await startRedis({ dataDir: own, log: quiet });
  if ("unavailable" in gone) throw new Error(gone.unavailable);
  redis = gone;
  try {
    const [one, two] = pair({ calls: quota });
    await draw([one.budget, two.budget], 300);
    await gone.stop();
    const startedMs = performance.now();
    const went = await draw([one.budget, two.budget], 1_500);
    const seconds = ((went.at(-1) ?? 0) - startedMs) / 1000;
    // Together no more than the channel grants, and each goes on.
    expect(went.length).toBeLessThanOrEqual(quota.burst + quota.ratePerSecond * seconds);
    expect(went.length).toBeGreaterThan(quota.ratePerSecond * seconds * 0.7);
    for (const { said } of [one, two])
      expect(said).toEqual(["quotas cannot be shared just now: this process keeps to its part of them"]);
  } finally {
    redis = everywhere;
    rmSync(own, { recursive: true, force: true });
  }
});

test.skipIf(noRedis)("a Redis that hangs holds nobody up, and is used again when it answers", async () => {
  const [one, two] = pair({ calls: { ratePerSecond: 100, burst: 10 } });
  await draw([one.budget, two.budget], 200);
  const admin = new Redis(redis?.url ?? "");
  closers.push(() => admin.disconnect());
  await admin.client("PAUSE", 1_500, "ALL");
  const went = await draw([one.budget, two.budget], 3_500);
  const gaps = went.slice(1).map((at, index) => at - (went[index] ?? 0));
  expect(Math.max(...gaps)).toBeLessThan(800);
  for (const { said } of [one, two])
    expect(said).toEqual([
      "quotas cannot be shared just now: this process keeps to its part of them",
      "quotas are shared with the other processes again",
    ]);
});
