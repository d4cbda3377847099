import { type Channel, channels } from "../connectors/connector.ts";
import type { Db } from "../db/pool.ts";
import { checkLedger } from "../ledger/check.ts";
import { levelsOf } from "../ledger/queries.ts";
import { readBooks, stockEvents } from "./books.ts";
import type { ControlClient } from "./control-client.ts";
import type { DemoPlan } from "./plan.ts";
import type { Unrest } from "./quiet.ts";
import { compareLines, differingListings, judgeOversells, lagsMs, percentile, type StockEvent } from "./verdict.ts";

export type ChannelResult = {
  readonly listings: number;
  readonly orders: number;
  /** Listings that do not show what they should. */
  readonly differences: number;
  readonly lagMs: { readonly p50: number | null; readonly p99: number | null };
  readonly writes: number;
  readonly requests: number;
  readonly throttled: number;
  readonly contractViolations: number;
  readonly faults: Readonly<Record<string, number>>;
};

export type Result = {
  readonly ok: boolean;
  readonly orders: number;
  readonly lines: number;
  readonly units: number;
  readonly lost: number;
  readonly invented: number;
  readonly doubled: number;
  /** Sold beyond the shelf because one of our writes had put the unit on sale. */
  readonly oversoldByUs: number;
  /** Sold beyond the shelf on two channels at once, before any message could have arrived. */
  readonly oversoldByRace: number;
  readonly channels: Readonly<Record<Channel, ChannelResult>>;
  readonly seconds: number;
  readonly firstArrivalSeconds: number | null;
  readonly quietAfterSeconds: number;
  readonly soldOutLines: number;
  readonly ledgerChecks: Readonly<Record<string, number>>;
  /** Why it is not ok, in sentences; empty when it is. */
  readonly complaints: readonly string[];
};

export type ResultInput = {
  readonly db: Db;
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly plan: Pick<DemoPlan, "skus" | "stock">;
  readonly cancels: readonly StockEvent[];
  /** Units by SKU that came (or, below zero, went) by hand since the opening stock; their moments are among `cancels`. */
  readonly byHand?: ReadonlyMap<string, number>;
  readonly quiet: { readonly seconds: number; readonly left: Unrest | undefined };
  readonly soldOutLines: number;
  readonly firstArrivalSeconds: number | null;
  readonly seconds: number;
};

const sum = (numbers: readonly number[]): number => numbers.reduce((total, value) => total + value, 0);

/** Holds every channel's own books against the ledger and against what it shows. */
export const resultOf = async (input: ResultInput): Promise<Result> => {
  const { db, controls, plan } = input;
  const truths = await Promise.all(channels.map((channel) => controls[channel].truth()));
  const events: StockEvent[] = [...input.cancels];
  const available = new Map((await levelsOf(db, plan.skus)).map((level) => [level.sku, level.available]));
  const wanted = new Map(plan.skus.map((sku) => [sku, Math.max(0, available.get(sku) ?? 0)]));
  const complaints: string[] = [];
  const units = { lost: 0, invented: 0, doubled: 0 };
  const differences = new Map<Channel, readonly string[]>();
  for (const [index, channel] of channels.entries()) {
    const truth = truths[index];
    if (truth === undefined) continue;
    const books = await readBooks(db, channel, truth);
    const compared = compareLines(books);
    units.lost += compared.lost;
    units.invented += compared.invented;
    units.doubled += compared.doubled;
    complaints.push(...compared.lines.slice(0, 5));
    differences.set(channel, differingListings(books, wanted));
    events.push(...(await stockEvents(channel, controls[channel], truth)));
  }
  // The second witness: units that are neither on the shelf nor in any order line.
  const soldNet = new Map<string, number>();
  for (const line of truths.flatMap((truth) => truth.orders.flatMap((order) => order.lines))) {
    soldNet.set(line.sku, (soldNet.get(line.sku) ?? 0) + line.orderedUnits - line.cancelledUnits - line.restockedUnits);
  }
  const drift = plan.skus.map(
    (sku) =>
      (available.get(sku) ?? 0) -
      ((plan.stock.get(sku) ?? 0) + (input.byHand?.get(sku) ?? 0) - (soldNet.get(sku) ?? 0)),
  );
  const shelfDrift = sum(drift.map(Math.abs));
  const oversells = judgeOversells(plan.stock, events);
  const checks = await checkLedger(db);
  const ledgerChecks = Object.fromEntries(checks.map((check) => [check.name, check.subjects.length]));
  const channelResults = Object.fromEntries(
    await Promise.all(
      channels.map(async (channel, index) => {
        const counters = await controls[channel].counters();
        const lags = lagsMs(events, channel);
        const result: ChannelResult = {
          listings: plan.skus.length,
          orders: truths[index]?.orders.length ?? 0,
          differences: differences.get(channel)?.length ?? 0,
          lagMs: { p50: percentile(lags, 0.5), p99: percentile(lags, 0.99) },
          writes: counters.writesApplied,
          requests: counters.requests,
          throttled: counters.throttled,
          contractViolations: counters.contractViolations,
          faults: counters.faults,
        };
        if (counters.contractViolations > 0) {
          const [first] = await controls[channel].violations();
          complaints.push(`${channel}: ${counters.contractViolations} requests broke the contract, first: ${first}`);
        }
        return [channel, result] as const;
      }),
    ),
  ) as Record<Channel, ChannelResult>;
  for (const [kind, count] of Object.entries(units)) if (count > 0) complaints.push(`${count} units ${kind}`);
  if (oversells.oversoldByUs > 0) complaints.push(`${oversells.oversoldByUs} units oversold by our own writes`);
  if (shelfDrift > 0) complaints.push(`the ledger's available differs from stock minus sales by ${shelfDrift} units`);
  for (const list of differences.values()) complaints.push(...list.slice(0, 5));
  for (const check of checks)
    if (check.subjects.length > 0) complaints.push(`ledger check ${check.name}: ${check.subjects[0]}`);
  if (input.quiet.left !== undefined) complaints.push(`not quiet in time: ${JSON.stringify(input.quiet.left)}`);
  const orders = truths.flatMap((truth) => truth.orders);
  return {
    ok: complaints.length === 0,
    orders: orders.length,
    lines: sum(orders.map((order) => order.lines.length)),
    units: sum(orders.flatMap((order) => order.lines.map((line) => line.orderedUnits))),
    ...units,
    oversoldByUs: oversells.oversoldByUs,
    oversoldByRace: oversells.oversold - oversells.oversoldByUs,
    channels: channelResults,
    seconds: Math.round(input.seconds * 10) / 10,
    firstArrivalSeconds: input.firstArrivalSeconds === null ? null : Math.round(input.firstArrivalSeconds * 10) / 10,
    quietAfterSeconds: Math.round(input.quiet.seconds * 10) / 10,
    soldOutLines: input.soldOutLines,
    ledgerChecks,
    complaints,
  };
};
