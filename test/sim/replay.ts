import { type RealOrders, readRealOrders } from "../../src/demo/orders.ts";
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
  /** The day's orders come so many times as fast. */
  readonly faster: number;
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

/** So many of the SKUs are stocked with less than the day's demand, with so much of it. */
const scarceShare = 0.5;
const scarceDemand = { min: 0.4, max: 0.9 };
const pace = { sweepMs: 60_000, ordersMs: 60_000, watchMs: 15 * 60_000, auditMs: 15 * 60_000 };

/** Half of the SKUs run out during the day, and the last of them is fought over by three channels. */
const stockOf = (demands: readonly Demand[], skus: readonly string[], world: World): ReadonlyMap<string, number> => {
  const random = world.random("stock");
  const wanted = new Map<string, number>();
  for (const { sku, units } of demands.flatMap(({ wishes }) => wishes)) wanted.set(sku, (wanted.get(sku) ?? 0) + units);
  return new Map(
    skus.map((sku) => {
      const units = wanted.get(sku) ?? 0;
      const share = scarceDemand.min + random() * (scarceDemand.max - scarceDemand.min);
      return [sku, random() < scarceShare ? Math.ceil(units * share) : Math.ceil(units * 1.1) + 5];
    }),
  );
};

/** The day's own pace: invoices are stamped to the minute, the seconds are drawn. Cancellations follow their sale. */
export const dayScenario = (day: RealOrders, options: Pick<ReplayOptions, "skus" | "faster" | "seed">): Scenario => {
  const world = new World(options.seed);
  const plan = makePlan(day, { sales: Number.POSITIVE_INFINITY, skus: options.skus, seed: options.seed });
  const random = world.random("seconds");
  const firstMs = Math.min(...day.events.map(({ at }) => Date.parse(`${at}Z`)));
  const atOf = new Map(day.events.map(({ invoice, at }) => [invoice, Date.parse(`${at}Z`) - firstMs]));
  const demands = new Map<string, Demand>();
  let nowMs = world.startedMs;
  for (const step of plan.steps) {
    if (step.kind === "sale") {
      const sinceMs = (atOf.get(step.invoice) ?? 0) + Math.floor(random() * 60_000);
      nowMs = world.startedMs + Math.floor(sinceMs / options.faster);
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
    const afterMs = Math.max(60_000 / options.faster, nowMs - sale.atMs);
    demands.set(
      step.invoice,
      step.kind === "ship"
        ? { ...sale, shipAfterMs: afterMs }
        : { ...sale, giveBack: [...sale.giveBack, ...step.lines.map((line) => ({ afterMs, ...line }))] },
    );
  }
  const each = new Map(shapes.map(({ accountId }) => [accountId, 1]));
  const stock = stockOf([...demands.values()], plan.skus, world);
  const skus = plan.skus.map((sku) => ({ sku, units: stock.get(sku) ?? 0, unitsEach: each }));
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

type Sums = Readonly<
  Record<
    | "orders"
    | "soldUnits"
    | "oversoldUnits"
    | "oversoldByUsUnits"
    | "raisesPastTruth"
    | "writes"
    | "overHours"
    | "underHours"
    | "emptyHours",
    number
  >
>;
const nothing: Sums = {
  orders: 0,
  soldUnits: 0,
  oversoldUnits: 0,
  oversoldByUsUnits: 0,
  raisesPastTruth: 0,
  writes: 0,
  overHours: 0,
  underHours: 0,
  emptyHours: 0,
};
const sumNames = Object.keys(nothing) as (keyof Sums)[];
const plus = (a: Sums, b: Sums): Sums =>
  Object.fromEntries(sumNames.map((name) => [name, a[name] + b[name]])) as unknown as Sums;

const tenths = (value: number): number => Math.round(value * 10) / 10;
const per100k = (sums: Sums) => {
  const of = (value: number): number => tenths((value / sums.orders) * 100_000);
  return {
    oversoldUnits: of(sums.oversoldUnits),
    hoursAboveTruth: of(sums.overHours),
    hoursBelowTruth: of(sums.underHours),
    hoursEmptyWithStock: of(sums.emptyHours),
    writes: of(sums.writes),
  };
};

/** How much less it is with us, in per cent; null: the others have nothing of it. */
const lessPercent = (ours: number, theirs: number): number | null =>
  theirs === 0 ? null : Math.round((1 - ours / theirs) * 10_000) / 100;

const lessThan = (ours: Sums, theirs: Sums) => ({
  oversoldUnits: lessPercent(ours.oversoldUnits, theirs.oversoldUnits),
  hoursAboveTruth: lessPercent(ours.overHours, theirs.overHours),
  hoursAboveOrBelowTruth: lessPercent(ours.overHours + ours.underHours, theirs.overHours + theirs.underHours),
});

/** The retailer's busiest days, sold over three channels, kept in step by each tool in turn. */
export const replay = async (pool: Pool, options: ReplayOptions, say: (line: string) => void) => {
  const real = readRealOrders();
  const startedMs = performance.now();
  const days = busiestDays(real, options.days);
  const runs = days.flatMap(([date, day]) => {
    const scenario = dayScenario(day, options);
    return policyNames.map(async (policy) => {
      const run = { seed: options.seed, faults: options.faults, scenario, pace, isRepeated: false };
      const summary = await pool.run({ kind: "seed", policy, options: run });
      const figures = summary?.figures;
      say(`${date} ${policy}: ${figures === undefined ? "no time" : JSON.stringify(per100k(figures))}`);
      return { date, policy, summary };
    });
  });
  const done = await Promise.all(runs);
  const sumsOf = (name: PolicyName): Sums =>
    done
      .filter(({ policy }) => policy === name)
      .reduce((sum, { summary }) => plus(sum, summary?.figures ?? nothing), nothing);
  const sums = new Map(policyNames.map((name) => [name, sumsOf(name)]));
  const ours = sums.get("lockstep") ?? nothing;
  const violations = done.flatMap(({ date, policy, summary }) =>
    policy === "lockstep" ? (summary?.violations ?? []).map((line) => `${date}: ${line}`) : [],
  );
  const leftOut = done.filter(({ summary }) => summary === undefined).length;
  return {
    ok: violations.length === 0 && leftOut === 0,
    leftOut,
    seconds: tenths((performance.now() - startedMs) / 1_000),
    days: days.map(([date]) => date),
    skusMax: options.skus,
    faster: options.faster,
    policies: Object.fromEntries(
      [...sums].map(([name, of]) => [
        name,
        { ...Object.fromEntries(sumNames.map((key) => [key, tenths(of[key])])), per100kOrders: per100k(of) },
      ]),
    ),
    lessThanBatchHubPercent: lessThan(ours, sums.get("batch-hub") ?? nothing),
    lessThanNaivePercent: lessThan(ours, sums.get("naive") ?? nothing),
    violations,
  };
};
