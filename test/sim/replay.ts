import { bestSellers, type RealOrders, readRealOrders } from "../../src/demo/orders.ts";
import { makePlan } from "../../src/demo/plan.ts";
import { type PolicyName, policyNames } from "./campaign.ts";
import type { ChannelShape } from "./channel.ts";
import type { FaultKind } from "./faults.ts";
import type { Pool } from "./pool.ts";
import type { Demand, Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export type ReplayOptions = {
  readonly days: number;
  readonly skus: number;
  readonly seed: number;
  readonly faults: ReadonlySet<FaultKind>;
};

/** As the real channels are on a usual day: Amazon lists orders up to two minutes late and applies in its own time. */
const shapes: readonly ChannelShape[] = [
  {
    accountId: "amazon",
    channel: "amazon",
    comparesAndSets: false,
    pushBatchMax: 1,
    settleMs: 60_000,
    orderLagMs: 120_000,
    stampMs: 1_000,
    messages: "queue",
    restocks: false,
  },
  {
    accountId: "ebay",
    channel: "ebay",
    comparesAndSets: false,
    pushBatchMax: 25,
    settleMs: 10_000,
    orderLagMs: 10_000,
    stampMs: 1,
    messages: "hints",
    restocks: false,
  },
  {
    accountId: "shopify",
    channel: "shopify",
    comparesAndSets: true,
    pushBatchMax: 250,
    settleMs: 2_000,
    orderLagMs: 2_000,
    stampMs: 1_000,
    messages: "snapshots",
    restocks: true,
  },
];

/** The day's own pace: invoices are stamped to the minute, the seconds are drawn. Cancellations follow their sale. */
export const dayScenario = (day: RealOrders, options: { readonly skus: number; readonly seed: number }): Scenario => {
  const world = new World(options.seed);
  const plan = makePlan(day, { sales: Number.POSITIVE_INFINITY, skus: options.skus, seed: options.seed });
  const random = world.random("seconds");
  const firstMs = Math.min(...day.events.map(({ at }) => Date.parse(`${at}Z`)));
  const atOf = new Map(day.events.map(({ invoice, at }) => [invoice, Date.parse(`${at}Z`) - firstMs]));
  const demands = new Map<string, Demand>();
  let nowMs = world.startedMs;
  for (const step of plan.steps) {
    if (step.kind === "sale") {
      nowMs = world.startedMs + (atOf.get(step.invoice) ?? 0) + Math.floor(random() * 60_000);
      demands.set(step.invoice, {
        atMs: nowMs,
        accountId: step.channel,
        orderRef: step.invoice,
        wishes: step.lines,
        shipAfterMs: null,
        giveBack: [],
      });
      continue;
    }
    const sale = demands.get(step.invoice);
    if (sale === undefined) continue;
    const afterMs = Math.max(60_000, nowMs - sale.atMs);
    demands.set(
      step.invoice,
      step.kind === "ship"
        ? { ...sale, shipAfterMs: afterMs }
        : { ...sale, giveBack: [...sale.giveBack, ...step.lines.map((line) => ({ afterMs, ...line }))] },
    );
  }
  const each = new Map(shapes.map(({ accountId }) => [accountId, 1]));
  const skus = plan.skus.map((sku) => ({ sku, units: plan.stock.get(sku) ?? 0, unitsEach: each }));
  const lastMs = Math.max(...[...demands.values()].map(({ atMs }) => atMs));
  return {
    catalogue: { shapes, skus },
    phaseMs: lastMs - world.startedMs + 60_000,
    demands: [...demands.values()],
    ownDoors: [],
    lateLinks: [],
    brakes: [],
  };
};

const busiestDays = (real: RealOrders, count: number): readonly (readonly [string, RealOrders])[] => {
  const days = Map.groupBy(real.events, ({ at }) => at.slice(0, 10));
  const salesOf = (events: RealOrders["events"]): number => events.filter(({ kind }) => kind === "sale").length;
  return [...days]
    .toSorted(([, a], [, b]) => salesOf(b) - salesOf(a))
    .slice(0, count)
    .map(([day, events]) => [day, { events, titles: real.titles }]);
};

const per100k = (value: number, orders: number): number => Math.round((value / orders) * 100_000 * 10) / 10;

/** The retailer's busiest days, sold over three channels, kept in step by each tool in turn. */
export const replay = async (pool: Pool, options: ReplayOptions, say: (line: string) => void) => {
  const real = readRealOrders();
  const startedMs = performance.now();
  const results = new Map<
    PolicyName,
    { orders: number; oversold: number; over: number; under: number; writes: number }
  >();
  const violations: string[] = [];
  const days = busiestDays(real, options.days);
  for (const [date, day] of days) {
    const scenario = dayScenario(day, options);
    for (const name of policyNames) {
      const run = {
        seed: options.seed,
        faults: options.faults,
        scenario,
        pace: { sweepMs: 60_000, ordersMs: 60_000, watchMs: 15 * 60_000, auditMs: 15 * 60_000 },
        isRepeated: false,
      };
      const summary = await pool.run({ kind: "seed", policy: name, options: run });
      if (summary === undefined) continue;
      const { figures, violations: found } = summary;
      const before = results.get(name) ?? { orders: 0, oversold: 0, over: 0, under: 0, writes: 0 };
      results.set(name, {
        orders: before.orders + figures.orders,
        oversold: before.oversold + figures.oversoldUnits,
        over: before.over + figures.overHours,
        under: before.under + figures.underHours,
        writes: before.writes + figures.writes,
      });
      if (name === "lockstep") violations.push(...found.map((line) => `${date}: ${line}`));
      say(
        `${date} ${name}: ${figures.orders} orders, ${figures.oversoldUnits} units oversold, ${figures.overHours.toFixed(2)} listing hours above the truth`,
      );
    }
  }
  const table = Object.fromEntries(
    [...results].map(([name, { orders, oversold, over, under, writes }]) => [
      name,
      {
        orders,
        writes,
        oversoldUnits: oversold,
        oversoldUnitsPer100kOrders: per100k(oversold, orders),
        hoursAboveTruthPer100kOrders: per100k(over, orders),
        hoursBelowTruthPer100kOrders: per100k(under, orders),
      },
    ]),
  );
  const batch = results.get("batch-hub");
  const ours = results.get("lockstep");
  const less = (a: number | undefined, b: number | undefined): number | null =>
    a === undefined || b === undefined || b === 0 ? null : Math.round((1 - a / b) * 10_000) / 100;
  return {
    ok: violations.length === 0,
    seconds: Math.round((performance.now() - startedMs) / 100) / 10,
    days: days.map(([date]) => date),
    listedSkus: bestSellers(real.events, options.skus).length,
    policies: table,
    lessThanBatchHubPercent: {
      oversoldUnits: less(ours?.oversold, batch?.oversold),
      hoursAboveTruth: less(ours?.over, batch?.over),
      hoursAboveOrBelowTruth: less(
        ours === undefined ? undefined : ours.over + ours.under,
        batch === undefined ? undefined : batch.over + batch.under,
      ),
    },
    violations,
  };
};
