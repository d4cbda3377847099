import { Redis } from "ioredis";
import { z } from "zod";
import { systemClock as clock, toIso } from "../../src/core/clock.ts";
import { query, sql } from "../../src/db/sql.ts";
import { spreadOf } from "../figures.ts";
import { brokenBooks } from "./books.ts";
import { adjust, setState, untilPublished } from "./doings.ts";
import { atMost, type CaseReport } from "./goals.ts";
import { untilQuiet } from "./quiet.ts";
import { accountIds } from "./sim-accounts.ts";
import { openSimWorld, type SimWorld } from "./sim-world.ts";
import type { Given } from "./wire.ts";

const skus = 5_000;
const channels = ["ebay", "shopify"] as const;
const rowsPerCall = { ebay: 25, shopify: 250 } as const;
const isWrite = /SetQuantities|bulk_update_price_quantity/;

const Call = z.object({ accountId: z.string(), callClass: z.string(), what: z.string(), n: z.number() });

/** Jobs that were begun so far, by queue: BullMQ keeps some ten thousand events of each. */
const jobsBegun = async (redis: Redis, names: readonly string[]): Promise<ReadonlyMap<string, number>> => {
  const counts = new Map<string, number>();
  for (const name of names) {
    const events = await redis.xrange(`lockstep:${name}:events`, "-", "+");
    const begun = events.filter(([, fields]) => fields.some((field, at) => at % 2 === 1 && field === "active"));
    counts.set(name, begun.length);
  }
  return counts;
};

const callsSince = async ({ daemon }: SimWorld, sinceMs: number) => {
  const { db } = daemon.runtime;
  const since = toIso(sinceMs);
  return query(
    db,
    Call,
    sql`
      select account_id as "accountId", call_class as "callClass", coalesce(operation, path) as what, count(*) as n
        from channel_call where at >= ${since}::timestamptz group by 1, 2, 3 order by 1, 2, 3`,
  );
};

/** Five thousand SKUs change at once: calls beside the fewest that can carry them, and jobs beside calls. */
export const benchBatches = async ({ commands, tell }: Given): Promise<CaseReport> => {
  const stock = new Map(Array.from({ length: skus }, (_, index) => [`SKU-${index}`, 100]));
  tell("batches: importing");
  const world = await openSimWorld({ stock, on: channels, speedUp: 60, commands, readyMsMax: 240_000 });
  const redis = new Redis(world.redisUrl);
  try {
    const { daemon, controls } = world;
    const left = new Map(stock);
    const names = daemon.runtime.queues.all().map(({ name }) => name);
    for (const channel of channels) await setState(daemon, accountIds[channel], "paused");
    const before = await jobsBegun(redis, names);
    const startedMs = clock.now();
    await adjust(
      daemon,
      left,
      [...stock.keys()].map((sku) => [sku, -1]),
    );
    await untilPublished(daemon);
    const wroteBefore = await Promise.all(channels.map(async (channel) => (await controls[channel].writes()).length));
    for (const channel of channels) await setState(daemon, accountIds[channel], "live");
    await untilQuiet(daemon, 240_000);
    const tookMs = clock.now() - startedMs;
    const after = await jobsBegun(redis, names);
    // Calls are noted behind the work, in batches.
    await clock.sleep(2_000);
    const calls = await callsSince(world, startedMs);
    const jobs = [...after].map(([name, count]) => ({ name, count: count - (before.get(name) ?? 0) }));
    const jobCount = jobs.reduce((sum, { count }) => sum + count, 0);
    const callCount = calls.reduce((sum, { n }) => sum + n, 0);
    const writes = await Promise.all(
      channels.map(async (channel, at) => {
        const all = (await controls[channel].writes()).slice(wroteBefore[at]);
        const mine = calls.filter(({ accountId, what }) => accountId === accountIds[channel] && isWrite.test(what));
        const made = mine.reduce((sum, { n }) => sum + n, 0);
        const noOps = all.filter(({ unitsBefore, unitsAfter }) => unitsBefore === unitsAfter).length;
        return { channel, made, fewest: Math.ceil(skus / rowsPerCall[channel]), noOps, written: all.length };
      }),
    );
    tell(`batches: ${JSON.stringify(writes)}; ${jobCount} jobs, ${callCount} calls, ${tookMs} ms`);
    const broken = await brokenBooks(daemon, left, await world.shown());
    return {
      case: "batches",
      goals: [
        ...writes.flatMap(({ channel, made, fewest, noOps }) => [
          atMost(`${channel}: writing calls in times of the fewest`, 1.02, spreadOf([made / fewest])),
          atMost(`${channel}: pushes that changed nothing`, 0, spreadOf([noOps])),
        ]),
        atMost("jobs in times of channel calls", 2, spreadOf([jobCount / callCount])),
      ],
      brokenBooks: broken,
      figures: { writes, jobs, jobCount, calls, callCount, tookMs },
    };
  } finally {
    redis.disconnect();
    await world.stop();
  }
};
