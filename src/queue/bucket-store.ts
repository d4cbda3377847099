import { Redis } from "ioredis";
import { z } from "zod";
import type { QueueLog } from "./backend.ts";
import { bucketScript } from "./bucket-script.ts";

/** A bucket after a step. */
type Bucket = {
  readonly tokens: number;
  readonly ratePerSecond: number;
  readonly burst: number;
  /** No call before so many ms have passed, whatever the tokens. */
  readonly pausedMs: number;
  /** Processes that drew from it within the last minute. */
  readonly processes: number;
};
type Seed = { readonly tokens: number; readonly ratePerSecond: number; readonly burst: number };
type At = { readonly scope: string; readonly quota: string; readonly process: string; readonly seed: Seed };

const Figure = z.coerce.number();
const Reply = z
  .tuple([z.int(), Figure, Figure, Figure, Figure, Figure, z.int()])
  .transform(([granted, waitMs, tokens, ratePerSecond, burst, pausedMs, processes]) => ({
    granted: granted === 1,
    waitMs,
    bucket: { tokens, ratePerSecond, burst, pausedMs, processes } satisfies Bucket,
  }));

type Scripted = Redis & { lockstepBucket(...words: (string | number)[]): Promise<unknown> };

const answerMsMax = 500;

/**
 * Token buckets in Redis, one for all processes. Every step rejects within a second when Redis does not answer, and a
 * step that was not sent is never sent later: tokens taken for somebody who has gone on without them would be lost.
 */
export const openBucketStore = (url: string, log: QueueLog) => {
  const client = new Redis(url, {
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    commandTimeout: answerMsMax,
    connectTimeout: 2_000,
    retryStrategy: (times) => Math.min(1_000, times * 100),
  }) as Scripted;
  client.defineCommand("lockstepBucket", { numberOfKeys: 2, lua: bucketScript });
  // Who uses the store says that it is away, and says it once; these repeat it with every try to connect.
  client.on("error", (error: Error) => log.info({ err: error.message }, "the budgets' Redis is unwell"));

  const ready = async (): Promise<void> => {
    if (client.status === "ready") return;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const timer = setTimeout(() => reject(new Error("Redis is not connected")), answerMsMax);
    client.once("ready", resolve);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      client.off("ready", resolve);
    }
  };
  const step = async (name: string, { scope, quota, process, seed }: At, words: readonly (string | number)[]) => {
    await ready();
    // Braces keep both keys in one slot of a cluster.
    const base = `lockstep:budget:{${scope}}:`;
    const [a = "", b = "", c = "", d = ""] = words;
    const { tokens, ratePerSecond, burst } = seed;
    return Reply.parse(
      await client.lockstepBucket(
        `${base}${quota}`,
        `${base}processes`,
        name,
        process,
        tokens,
        ratePerSecond,
        burst,
        a,
        b,
        c,
        d,
      ),
    );
  };
  return {
    take: (at: At, wish: { cost: number; waiter: string; napMsMax: number; arrivalMs: number }) =>
      step("take", at, [wish.cost, wish.waiter, wish.napMsMax, wish.arrivalMs]),
    /** A waiter gave up: the next one need not wait for it. */
    leave: async (at: At, waiter: string) => (await step("leave", at, [waiter])).bucket,
    read: async (at: At) => (await step("read", at, [])).bucket,
    refund: async (at: At, cost: number) => (await step("refund", at, [cost])).bucket,
    observe: async (at: At, seen: { remaining?: number; ratePerSecond?: number; burst?: number }) =>
      (await step("observe", at, [seen.remaining ?? "", seen.ratePerSecond ?? "", seen.burst ?? ""])).bucket,
    hold: async (at: At, waitMs: number, tokens: "empty" | "keep", arrivalMs: number) =>
      (await step("hold", at, [waitMs, tokens, arrivalMs])).bucket,
    close: (): void => client.disconnect(),
  };
};
