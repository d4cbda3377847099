import { createConnectors } from "../../../src/compose/connectors.ts";
import {
  type BucketPlace,
  type BucketStore,
  type SharedBucket,
  watchStore,
} from "../../../src/connectors/bucket-store.ts";
import { type CallNote, createCallLog } from "../../../src/connectors/call-log.ts";
import { createCircuits } from "../../../src/connectors/circuits.ts";
import type { ListingWrite, PushOutcome } from "../../../src/connectors/connector.ts";
import { createSharedBudget } from "../../../src/connectors/shared-budget.ts";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { openBucketStore } from "../../../src/queue/bucket-store.ts";
import { accountOn, type Channel } from "../demo-accounts.ts";

/** A worker process of its own that pushes what it is told as fast as it may. Talks to its parent by messages. */
export type Order = {
  readonly channel: Channel;
  readonly url: string;
  readonly redisUrl: string;
  readonly quotas: Readonly<Record<string, { readonly ratePerSecond: number; readonly burst: number }>>;
  readonly writes: readonly ListingWrite[];
  readonly batchRows: number;
  /** How much faster time passes: for the worker, for its quotas in Redis, and for the simulator. */
  readonly speedUp: number;
};
export type Report = {
  readonly accepted: number;
  readonly notes: readonly CallNote[];
};

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const signal = new AbortController().signal;

/** Redis' clock cannot be hurried: what is said in the worker's seconds is said to it in its own, and back. */
const compressed = (store: BucketStore, speedUp: number): BucketStore => {
  const there = (at: BucketPlace): BucketPlace => ({
    ...at,
    seed: { ...at.seed, ratePerSecond: at.seed.ratePerSecond * speedUp },
  });
  const back = (bucket: SharedBucket): SharedBucket => ({
    ...bucket,
    ratePerSecond: bucket.ratePerSecond / speedUp,
    pausedMs: bucket.pausedMs * speedUp,
  });
  return {
    take: async (at, wish) => {
      const [napMsMax, arrivalMs] = [wish.napMsMax / speedUp, wish.arrivalMs / speedUp];
      const answer = await store.take(there(at), { ...wish, napMsMax, arrivalMs });
      return { ...answer, waitMs: answer.waitMs * speedUp, bucket: back(answer.bucket) };
    },
    leave: async (at, waiter) => back(await store.leave(there(at), waiter)),
    read: async (at) => back(await store.read(there(at))),
    refund: async (at, cost) => back(await store.refund(there(at), cost)),
    observe: async (at, { ratePerSecond, ...seen }) =>
      back(
        await store.observe(there(at), {
          ...seen,
          ...(ratePerSecond !== undefined && { ratePerSecond: ratePerSecond * speedUp }),
        }),
      ),
    hold: async (at, waitMs, tokens, arrivalMs) =>
      back(await store.hold(there(at), waitMs / speedUp, tokens, arrivalMs / speedUp)),
  };
};

const push = async ({ channel, url, redisUrl, quotas, writes, batchRows, speedUp }: Order): Promise<Report> => {
  const notes: CallNote[] = [];
  const clock: Clock = {
    now: () => systemClock.now(),
    monotonicMs: () => systemClock.monotonicMs() * speedUp,
    sleep: (ms, until) => systemClock.sleep(ms / speedUp, until),
  };
  const buckets = openBucketStore(redisUrl, log);
  const store = watchStore(compressed(buckets, speedUp), { clock, log });
  const account = accountOn(channel, url, quotas);
  const connector = createConnectors([account], {
    clock,
    random: systemRandom,
    log,
    // What makes calls arrive late here is this machine, and its time is not compressed: 60 real milliseconds, where a
    // real channel gets 250 (arrivalMsUsual). As time is compressed ten times that is 600 of the worker's for Amazon,
    // more than in earnest, and the figure is the worse for it by 0.1 %: the margin is spent once a burst, 350 ms more
    // of 400 s. For Shopify (twice) it is 120 and for eBay 60, less than in earnest: 13 of some 5,000 points, and nothing
    // where calls are bound by latency. Without the margin a busy machine is throttled right after the burst.
    makeBudget: (key, all, capped) =>
      createSharedBudget(key, all, { store, clock, process: `p${process.pid}`, arrivalMs: 60 * speedUp }, capped),
    circuits: createCircuits({ clock, log }),
    callLog: createCallLog({ clock: systemClock, log, keep: (note) => notes.push(note) }),
  }).get(account.id);
  if (connector === undefined) throw new Error("no connector");
  const context = { accountId: account.id, signal };
  // Tokens and locations are there before the clock starts.
  await connector.readQuantities(writes.slice(0, 1), context);
  process.send?.("ready");
  await new Promise((resolve) => process.once("message", resolve));
  let accepted = 0;
  let attempts = 0;
  let left = [...writes];
  while (left.length > 0) {
    const batch = left.splice(0, batchRows);
    const key = `attempt-${process.pid}-${(attempts += 1)}`;
    const outcomes = await connector.pushQuantities(batch, key, context).catch(async (error: unknown) => {
      if (!(error instanceof ChannelError) || error.kind !== "throttled") throw error;
      await clock.sleep(error.retryAfterMs ?? 100);
      return batch.map(({ ref }): PushOutcome => ({ ref, status: "refused", retry: "later", reason: error.message }));
    });
    const byRef = new Map(batch.map((write) => [write.ref, write]));
    for (const outcome of outcomes) {
      const write = byRef.get(outcome.ref);
      if (outcome.status === "accepted") accepted += 1;
      else if (outcome.status === "refused" && outcome.retry === "later" && write !== undefined)
        left = [...left, write];
      else throw new Error(`${outcome.ref}: ${outcome.status}`);
    }
  }
  buckets.close();
  return { accepted, notes };
};

process.once("message", (order: Order) => {
  push(order).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
