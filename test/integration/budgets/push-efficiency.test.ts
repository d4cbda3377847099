import { type ChildProcess, fork } from "node:child_process";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, expect, inject, test } from "vitest";
import { z } from "zod";
import type { ListingWrite } from "../../../src/connectors/connector.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { demoAmazonAccount } from "../../../src/simulators/amazon/account.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import type { SimulatedChannel } from "../../../src/simulators/kit/simulator.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { accountOn } from "../../support/demo-accounts.ts";
import { openConnector } from "../../support/open-connector.ts";
import type { Order, Report } from "./pusher.ts";

/**
 * Two thousand changed SKUs through two real worker processes that share their quotas in Redis, against simulators that
 * keep the channels' own buckets. What is possible at best: (cost × calls − burst) / rate, or the calls' own duration.
 */
const skus = Array.from({ length: 2_000 }, (_, index) => `SKU-${index}`);
const prompt = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] } as const;
const noRedis = inject("redisUrl") === "";
if (noRedis) process.stdout.write(`push efficiency left out: ${inject("redisUnavailable")}\n`);

const children: ChildProcess[] = [];
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) child.kill();
  for (const close of closers.splice(0)) await close();
});
const lines: string[] = [];
afterAll(() => process.stdout.write(lines.map((line) => `${line}\n`).join("")));

/** What lies between a worker and the channel: each request takes at least so long. */
const farAway = async (url: string, delayMs: number): Promise<string> => {
  const { hostname, port } = new URL(url);
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request;
    setTimeout(() => {
      const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.pipe(response);
      });
      onward.on("error", () => response.destroy());
      request.pipe(onward);
    }, delayMs);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closers.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const answerOf = (child: ChildProcess): Promise<unknown> =>
  new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("error", reject);
  });

const pushWithTwo = async (order: Omit<Order, "redisUrl">): Promise<readonly Report[]> => {
  const parts = [0, 1].map((part) => order.writes.filter((_, index) => index % 2 === part));
  const workers = parts.map((writes) => {
    const child = fork(join(import.meta.dirname, "pusher.ts"), { execPath: process.execPath, execArgv: [] });
    children.push(child);
    const ready = answerOf(child);
    child.send({ ...order, writes, redisUrl: inject("redisUrl") } satisfies Order);
    return { child, ready };
  });
  for (const { ready } of workers) expect(await ready).toBe("ready");
  // The buckets fill up again after the first reads.
  await systemClock.sleep(1_500);
  const reports = workers.map(({ child }) => answerOf(child));
  standstills = watchStandstills();
  for (const { child } of workers) child.send("go");
  const finished = await Promise.all(reports);
  standstills.end();
  const told = finished as readonly (Report | { readonly error: string })[];
  return told.map((report) => {
    if ("error" in report) throw new Error(report.error);
    return report;
  });
};

type Model = {
  readonly channel: string;
  readonly calls: (reports: readonly Report[]) => readonly { readonly sentMs: number; readonly durationMs: number }[];
  readonly quota: { readonly ratePerSecond: number; readonly burst: number };
  readonly cost: number;
  readonly parallel: number;
  /** Round trips one after the other for each call: eBay is looked at once more right before a write. */
  readonly trips: number;
  /** What the test means to measure. A slow machine makes calls so long that their latency binds in place of the quota. */
  readonly boundBy: "quota" | "latency";
};

/** How long this process, in which the simulator lives, stood still each time. */
const watchStandstills = () => {
  const everyMs = 5;
  const stood: number[] = [];
  let lastMs = performance.now();
  const timer = setInterval(() => {
    const nowMs = performance.now();
    stood.push(nowMs - lastMs - everyMs);
    lastMs = nowMs;
  }, everyMs);
  return { stood: stood as readonly number[], end: () => clearInterval(timer) };
};
let standstills: Pick<ReturnType<typeof watchStandstills>, "stood" | "end"> = { stood: [], end: () => undefined };

/**
 * A simulator that stands still for longer than its bucket takes to fill up loses refill that the real channel would
 * have given, and what queued meanwhile comes at once. Only the time beyond that is lost, and it is the whole of it that
 * counts: one standstill of 120 ms costs Amazon's 100 ms bucket a single call of two thousand, forty cost the figure.
 * Workers that stand still are not excused: they make the figure worse, never better.
 */
const lostMsOf = ({ burst, ratePerSecond }: Model["quota"]): number =>
  standstills.stood.reduce((sum, ms) => sum + Math.max(0, ms - (burst / ratePerSecond) * 1000), 0);
/** Beyond this what is measured is the machine. A fifth of what the law on efficiency leaves open. */
const lostShareMax = 0.01;

const judge = (
  reports: readonly Report[],
  simulated: SimulatedChannel,
  throttledBefore: number,
  model: Model,
): void => {
  const calls = model.calls(reports).toSorted((a, b) => a.sentMs - b.sentMs);
  const latencyMs = calls.reduce((sum, { durationMs }) => sum + durationMs, 0) / calls.length;
  const { ratePerSecond, burst } = model.quota;
  const throttled = simulated.counters().throttled - throttledBefore;
  // A call that was throttled had to be made again: it is no part of the least.
  const needed = calls.length - throttled;
  const least = {
    quotaMs: ((model.cost * needed - burst) / ratePerSecond) * 1000,
    // Measured from the first write on, so the first look before it is left out.
    latencyMs: (needed * model.trips * latencyMs) / model.parallel - (model.trips - 1) * latencyMs,
  };
  const boundBy = least.quotaMs > least.latencyMs ? "quota" : "latency";
  const leastMs = boundBy === "quota" ? Math.max(least.quotaMs, 0) + latencyMs : Math.max(least.latencyMs, 0);
  const actualMs = Math.max(...calls.map((call) => call.sentMs + call.durationMs)) - (calls[0]?.sentMs ?? 0);
  const lostMs = lostMsOf(model.quota);
  let worst = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < calls.length; from += 1)
    for (let to = from; to < calls.length; to += 1) {
      const seconds = ((calls[to]?.sentMs ?? 0) - (calls[from]?.sentMs ?? 0)) / 1000;
      worst = Math.max(worst, (to - from + 1) * model.cost - (burst + ratePerSecond * seconds));
    }
  lines.push(
    `${model.channel}: ${calls.length} calls, latency ${latencyMs.toFixed(1)} ms, T_min ${leastMs.toFixed(0)} ms ` +
      `(${boundBy}), actual ${actualMs} ms, efficiency ${(leastMs / actualMs).toFixed(3)}, ` +
      `throttled ${throttled} (${((100 * throttled) / calls.length).toFixed(2)} %), cost ${model.cost.toFixed(1)}, worst window ${worst.toFixed(1)} over burst + rate·t; ` +
      `the simulator stood still ${Math.max(0, ...standstills.stood).toFixed(0)} ms at most, ${lostMs.toFixed(0)} ms of refill lost`,
  );
  expect(reports.reduce((sum, { accepted }) => sum + accepted, 0)).toBe(skus.length);
  if (lostMs <= lostShareMax * actualMs && boundBy === model.boundBy) {
    expect(leastMs / actualMs).toBeGreaterThanOrEqual(0.95);
    expect(throttled / calls.length).toBeLessThanOrEqual(0.01);
  } else {
    lines.push(`  NOT JUDGED: this machine is too busy, the figures above are its own`);
  }
  // A call is noted when it leaves, a moment after its tokens were taken; a tenth of a second's refill covers that.
  expect(worst).toBeLessThanOrEqual(Math.max(model.cost, ratePerSecond / 10));
  expect(simulated.violations()).toEqual([]);
};
const noted = (path: RegExp, operation?: string) => (reports: readonly Report[]) =>
  reports.flatMap(({ notes }) =>
    notes
      .filter((note) => note.callClass === "push" && path.test(note.path))
      .filter((note) => operation === undefined || note.operation === operation)
      .map(({ at, durationMs }) => ({ sentMs: Date.parse(at) - durationMs, durationMs })),
  );

test.skipIf(noRedis)("Amazon: one PATCH a SKU at five a second, time compressed ten times", async () => {
  const speedUp = 10;
  const simulator = await startAmazonSimulator({ faults: prompt, speedUp });
  closers.push(() => simulator.close());
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const writes = skus.map(
    (sku): ListingWrite => ({
      ref: `offer:DEFAULT:${sku}`,
      details: { sku, channelCode: "DEFAULT", productType: "PRODUCT", marketplaceId: demoAmazonAccount.marketplaceId },
      units: 7,
      expectedUnits: 1,
    }),
  );
  const slow = { ratePerSecond: 5, burst: 5 };
  const quota = { ratePerSecond: 5 * speedUp, burst: 5 };
  const quotas = { patchListingsItem: slow, searchListingsItems: slow };
  const reports = await pushWithTwo({
    channel: "amazon",
    url: simulator.url,
    quotas,
    writes,
    batchRows: 20,
    speedUp,
  });
  const calls = noted(/\/items\/\{\}\/\{\}$/);
  judge(reports, simulator.channel, 0, {
    channel: "amazon",
    calls,
    quota,
    cost: 1,
    parallel: 8,
    trips: 1,
    boundBy: "quota",
  });
});

test.skipIf(noRedis)(
  "eBay: eighty writes of twenty-five SKUs, each after a look, within a day's quota, bound by their latency",
  async () => {
    const simulator = await startEbaySimulator({ faults: prompt });
    closers.push(() => simulator.close());
    simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
    const writes = await listingsOf("ebay", simulator.url);
    const url = await farAway(simulator.url, 400);
    const reports = await pushWithTwo({ channel: "ebay", url, quotas: {}, writes, batchRows: 25, speedUp: 1 });
    const quota = { ratePerSecond: (2_000_000 * 0.9) / 86_400, burst: 200_000 };
    const calls = noted(/bulk_update_price_quantity$/);
    judge(reports, simulator.channel, 0, {
      channel: "ebay",
      calls,
      quota,
      cost: 1,
      parallel: 2,
      trips: 2,
      boundBy: "latency",
    });
  },
);

test.skipIf(noRedis)("Shopify: five rows a call, so that the cost points bind, time compressed twice", async () => {
  const speedUp = 2;
  const simulator = await startShopifySimulator({ faults: prompt, speedUp });
  closers.push(() => simulator.close());
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const quotas = { graphql: { ratePerSecond: 100, burst: 2_000 } };
  const quota = { ratePerSecond: 100 * speedUp, burst: 2_000 };
  // A twin of the shop names the listings, so that the import costs this one no points.
  const twin = await startShopifySimulator({ faults: prompt, speedUp: 100 });
  closers.push(() => twin.close());
  twin.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const writes = await listingsOf("shopify", twin.url, { graphql: { ratePerSecond: 10_000, burst: 2_000 } });
  const before = simulator.channel.counters().throttled;
  const reports = await pushWithTwo({
    channel: "shopify",
    url: simulator.url,
    quotas,
    writes,
    batchRows: 5,
    speedUp,
  });
  const calls = noted(/graphql/, "SetQuantities");
  const cost = costOf(reports);
  judge(reports, simulator.channel, before, {
    channel: "shopify",
    calls,
    quota,
    cost,
    parallel: 2,
    trips: 1,
    boundBy: "quota",
  });
});

const Cost = z.object({
  told: z.object({ extensions: z.object({ cost: z.object({ actualQueryCost: z.number() }) }) }),
});
/** What a write really cost, as the shop told each time. */
const costOf = (reports: readonly Report[]): number => {
  const costs = reports
    .flatMap(({ notes }) => notes.filter(({ operation }) => operation === "SetQuantities"))
    .map(({ facts }) => Cost.parse(facts).told.extensions.cost.actualQueryCost);
  return costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
};

const listingsOf = async (
  channel: "ebay" | "shopify",
  url: string,
  quotas: Order["quotas"] = {},
): Promise<readonly ListingWrite[]> => {
  const { connector, context } = openConnector(accountOn(channel, url, quotas));
  const writes: ListingWrite[] = [];
  for (let cursor: string | null = null; ; ) {
    const { items, next, done }: Awaited<ReturnType<typeof connector.importListings>> = await connector.importListings(
      cursor,
      context,
    );
    writes.push(...items.map(({ ref, details }) => ({ ref, details, units: 7, expectedUnits: 1 })));
    cursor = next;
    if (done) return writes;
  }
};
