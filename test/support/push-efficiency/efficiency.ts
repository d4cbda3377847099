import { z } from "zod";
import type { ListingWrite } from "../../../src/connectors/connector.ts";
import { demoAmazonAccount } from "../../../src/simulators/amazon/account.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import type { SimulatedChannel } from "../../../src/simulators/kit/simulator.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { accountOn } from "../demo-accounts.ts";
import { openConnector } from "../open-connector.ts";
import type { Order, Report } from "./pusher.ts";
import { farAway, Opened, type Pushed, pushWithTwo } from "./two-pushers.ts";

/**
 * Two thousand changed SKUs through two real worker processes that share their quotas in Redis, against simulators that
 * keep the channels' own buckets. What is possible at best: (cost × calls − burst) / rate, or the calls' own duration.
 */
const skus = Array.from({ length: 2_000 }, (_, index) => `SKU-${index}`);
const prompt = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] } as const;

export type Efficiency = {
  readonly channel: string;
  readonly calls: number;
  readonly latencyMs: number;
  /** What is possible at best, and what it was bound by. */
  readonly leastMs: number;
  readonly boundBy: "quota" | "latency";
  readonly actualMs: number;
  readonly throttled: number;
  /** Points a call. */
  readonly cost: number;
  /** The most that any window took above burst + rate·t, and how much of that a call noted late may explain. */
  readonly overWindow: number;
  readonly overWindowMax: number;
  readonly stoodStillMsMax: number;
  /** Refill that the simulator lost while it stood still. */
  readonly lostMs: number;
  /** False: the machine was too busy, and the figures are its own. */
  readonly fit: boolean;
  readonly accepted: number;
  readonly wanted: number;
  readonly violations: readonly string[];
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

/**
 * A simulator that stands still for longer than its bucket takes to fill up loses refill that the real channel would
 * have given, and what queued meanwhile comes at once. Only the time beyond that is lost, and it is the whole of it that
 * counts: one standstill of 120 ms costs Amazon's 100 ms bucket a single call of two thousand, forty cost the figure.
 * Workers that stand still are not excused: they make the figure worse, never better.
 */
const lostMsOf = (stood: readonly number[], { burst, ratePerSecond }: Model["quota"]): number =>
  stood.reduce((sum, ms) => sum + Math.max(0, ms - (burst / ratePerSecond) * 1000), 0);
/** Beyond this what is measured is the machine. A fifth of what the law on efficiency leaves open. */
const lostShareMax = 0.01;

const judge = (
  { reports, stood }: Pushed,
  simulated: SimulatedChannel,
  throttledBefore: number,
  model: Model,
): Efficiency => {
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
  const lostMs = lostMsOf(stood, model.quota);
  let worst = Number.NEGATIVE_INFINITY;
  for (let from = 0; from < calls.length; from += 1)
    for (let to = from; to < calls.length; to += 1) {
      const seconds = ((calls[to]?.sentMs ?? 0) - (calls[from]?.sentMs ?? 0)) / 1000;
      worst = Math.max(worst, (to - from + 1) * model.cost - (burst + ratePerSecond * seconds));
    }
  return {
    channel: model.channel,
    calls: calls.length,
    latencyMs,
    leastMs,
    boundBy,
    actualMs,
    throttled,
    cost: model.cost,
    overWindow: worst,
    // A call is noted when it leaves, a moment after its tokens were taken; a tenth of a second's refill covers that.
    overWindowMax: Math.max(model.cost, ratePerSecond / 10),
    stoodStillMsMax: Math.max(0, ...stood),
    lostMs,
    fit: lostMs <= lostShareMax * actualMs && boundBy === model.boundBy,
    accepted: reports.reduce((sum, { accepted }) => sum + accepted, 0),
    wanted: skus.length,
    violations: simulated.violations(),
  };
};
const noted = (path: RegExp, operation?: string) => (reports: readonly Report[]) =>
  reports.flatMap(({ notes }) =>
    notes
      .filter((note) => note.callClass === "push" && path.test(note.path))
      .filter((note) => operation === undefined || note.operation === operation)
      .map(({ at, durationMs }) => ({ sentMs: Date.parse(at) - durationMs, durationMs })),
  );

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

type Measure = (opened: Opened, redisUrl: string) => Promise<Efficiency>;

/** One PATCH a SKU at five a second, time compressed ten times. */
const amazon: Measure = async (opened, redisUrl) => {
  const speedUp = 10;
  const simulator = await startAmazonSimulator({ faults: prompt, speedUp });
  opened.add(() => simulator.close());
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
  const pushed = await pushWithTwo(opened, {
    redisUrl,
    channel: "amazon",
    url: simulator.url,
    quotas,
    writes,
    batchRows: 20,
    speedUp,
  });
  const calls = noted(/\/items\/\{\}\/\{\}$/);
  return judge(pushed, simulator.channel, 0, {
    channel: "amazon",
    calls,
    quota,
    cost: 1,
    parallel: 8,
    trips: 1,
    boundBy: "quota",
  });
};

/** Eighty writes of twenty-five SKUs, each after a look, within a day's quota, bound by their latency. */
const ebay: Measure = async (opened, redisUrl) => {
  const simulator = await startEbaySimulator({ faults: prompt });
  opened.add(() => simulator.close());
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const writes = await listingsOf("ebay", simulator.url);
  const url = await farAway(opened, simulator.url, 400);
  const pushed = await pushWithTwo(opened, {
    redisUrl,
    channel: "ebay",
    url,
    quotas: {},
    writes,
    batchRows: 25,
    speedUp: 1,
  });
  const quota = { ratePerSecond: (2_000_000 * 0.9) / 86_400, burst: 200_000 };
  const calls = noted(/bulk_update_price_quantity$/);
  return judge(pushed, simulator.channel, 0, {
    channel: "ebay",
    calls,
    quota,
    cost: 1,
    parallel: 2,
    trips: 2,
    boundBy: "latency",
  });
};

/** Five rows a call, so that the cost points bind, time compressed twice. */
const shopify: Measure = async (opened, redisUrl) => {
  const speedUp = 2;
  const simulator = await startShopifySimulator({ faults: prompt, speedUp });
  opened.add(() => simulator.close());
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const quotas = { graphql: { ratePerSecond: 100, burst: 2_000 } };
  const quota = { ratePerSecond: 100 * speedUp, burst: 2_000 };
  // A twin of the shop names the listings, so that the import costs this one no points.
  const twin = await startShopifySimulator({ faults: prompt, speedUp: 100 });
  opened.add(() => twin.close());
  twin.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const writes = await listingsOf("shopify", twin.url, { graphql: { ratePerSecond: 10_000, burst: 2_000 } });
  const before = simulator.channel.counters().throttled;
  const pushed = await pushWithTwo(opened, {
    redisUrl,
    channel: "shopify",
    url: simulator.url,
    quotas,
    writes,
    batchRows: 5,
    speedUp,
  });
  const calls = noted(/graphql/, "SetQuantities");
  const cost = costOf(pushed.reports);
  return judge(pushed, simulator.channel, before, {
    channel: "shopify",
    calls,
    quota,
    cost,
    parallel: 2,
    trips: 1,
    boundBy: "quota",
  });
};

const measures = { amazon, ebay, shopify };
export const efficiencyChannels = ["amazon", "ebay", "shopify"] as const;

/** Takes up to a minute. Errors: whatever keeps two workers from pushing everything. */
export const measureEfficiency = async (
  channel: (typeof efficiencyChannels)[number],
  redisUrl: string,
): Promise<Efficiency> => {
  const opened = new Opened();
  try {
    return await measures[channel](opened, redisUrl);
  } finally {
    await opened.close();
  }
};

/** One line for people. */
export const efficiencyLine = (of: Efficiency): string =>
  `${of.channel}: ${of.calls} calls, latency ${of.latencyMs.toFixed(1)} ms, T_min ${of.leastMs.toFixed(0)} ms ` +
  `(${of.boundBy}), actual ${of.actualMs} ms, efficiency ${(of.leastMs / of.actualMs).toFixed(3)}, ` +
  `throttled ${of.throttled} (${((100 * of.throttled) / of.calls).toFixed(2)} %), cost ${of.cost.toFixed(1)}, worst window ${of.overWindow.toFixed(1)} over burst + rate·t; ` +
  `the simulator stood still ${of.stoodStillMsMax.toFixed(0)} ms at most, ${of.lostMs.toFixed(0)} ms of refill lost` +
  (of.fit ? "" : "; NOT JUDGED: this machine is too busy, the figures are its own");
