import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { channels } from "../../src/connectors/connector.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { resultOf } from "../../src/demo/result.ts";
import { waitForQuiet } from "../../src/demo/waits.ts";
import { type Books, noteByHand, openBooks } from "./books.ts";
import { type FaultType, schedule } from "./faults.ts";
import { startLoad } from "./load.ts";
import { allEvents, oversoldSkus } from "./oversells.ts";
import { createProber, type Prober } from "./probes.ts";
import type { FaultRecord } from "./recovery.ts";
import { type ChaosReport, reportOf } from "./report.ts";
import { runGroup } from "./run-group.ts";
import { assortment, openShop, stockOf } from "./shop.ts";
import { sleep } from "./sleep.ts";
import { openStage, type Stage } from "./stage.ts";
import { type StockClient, stockClient } from "./stock-client.ts";
import { strike } from "./strike.ts";

/** Mistakes that the harness can make on purpose, to show that its verdict sees them. */
export const plants = ["not-mended", "command-twice", "listing-edited"] as const;
export type Plant = (typeof plants)[number];

export type ChaosOptions = {
  readonly minutes: number;
  readonly seed: number;
  readonly types: readonly FaultType[];
  readonly salesPerSecond: number;
  readonly commandsPerSecond: number;
  readonly recoveryMsMax: number;
  readonly plant: readonly Plant[];
  readonly toolsDir: string;
  readonly keep: boolean;
};

const warmUpMs = 3_000;
const pauseMs = 1_000;
const answersMsMax = 60_000;

const Checks = z.looseObject({
  checks: z.array(z.looseObject({ name: z.string(), violations: z.number().nullable() })),
});

/** Brings everything up, strikes until the time is over, lets all heal, and holds every book against the others. */
export const runChaos = async (
  options: ChaosOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> => {
  const stage = await openStage({ seed: options.seed, toolsDir: options.toolsDir, say });
  const ending = new AbortController();
  let ok = false;
  try {
    const report = await onStage(stage, options, say, AbortSignal.any([signal, ending.signal]));
    ok = report.ok;
    return report;
  } finally {
    // Buyers and callers that are still at it stop too.
    ending.abort(new Error("the run has ended"));
    await stage.close(options.keep || !ok);
    if (options.keep || !ok) say(`logs are kept in ${stage.folder}`);
  }
};

const onStage = async (
  stage: Stage,
  options: ChaosOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<ChaosReport> => {
  const startedMs = clock.now();
  const { controls, db } = stage;
  const goods = assortment();
  const stock = stockOf(goods);
  const books = openBooks();
  const errors: string[] = [];
  const onError = (error: Error): void => {
    errors.push(error.message);
    say(`! ${error.message}`);
  };
  const client = stockClient(stage.webUrl, stage.apiKey, signal);
  await openShop(stage, stock, client);
  say(`${stock.size} listings on each of ${channels.length} channels after ${since(startedMs)} s`);
  const shared = { controls, books, stock: client, nowMs: clock.now, onError };
  const { orderProbes: orderSkus, receiptProbes: receiptSkus } = goods;
  const prober = createProber({ ...shared, db, orderSkus, receiptSkus });
  const { salesPerSecond, commandsPerSecond } = options;
  const random = seededRandom(options.seed + 1);
  const load = startLoad({
    ...shared,
    skus: [...goods.sold.keys()],
    salesPerSecond,
    commandsPerSecond,
    random,
    signal,
  });
  const records = await strikeUntilOver(stage, prober, options, say, signal);
  const isAnswered = await Promise.race([
    Promise.all([load.stop(), prober.settled()]).then(() => true),
    sleep(answersMsMax).then(() => false),
  ]);
  if (!isAnswered) errors.push(`stock commands got no answer within ${answersMsMax / 1_000} s of the last fault's end`);
  if (options.plant.includes("command-twice")) await plantCommand(client, books);
  say("healing");
  const quiet = await waitForQuiet({ db }, controls, clock, { unrest: () => undefined }, signal);
  if (options.plant.includes("listing-edited")) await controls.ebay.edit([...stock.keys()][0] ?? "", 7_777);
  const result = await resultOf({
    db,
    controls,
    plan: { skus: [...stock.keys()], stock },
    cancels: books.events,
    byHand: books.byHand,
    quiet,
    soldOutLines: 0,
    firstArrivalSeconds: null,
    seconds: (clock.now() - startedMs) / 1_000,
  });
  if (result.oversoldByUs > 0) {
    const path = join(stage.folder, "oversold.json");
    writeFileSync(path, JSON.stringify(oversoldSkus(stock, await allEvents(controls, books.events)), undefined, 1));
    say(`what oversold, and how, is in ${path}`);
  }
  const { checks } = Checks.parse(await stage.command("ledger", "check"));
  const { ownEnds } = stage;
  return reportOf({ options, records, result, checks, errors, ownEnds, books, repeats: client.repeats() });
};

/** One group of faults after the other, each begun when the one before it was recovered from. */
const strikeUntilOver = async (
  stage: Stage,
  prober: Prober,
  options: ChaosOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly FaultRecord[]> => {
  const records: FaultRecord[] = [];
  await sleep(warmUpMs, signal);
  const fromMs = clock.now();
  for (const group of schedule(seededRandom(options.seed), options.types)) {
    if (clock.now() - fromMs >= options.minutes * 60_000) break;
    const ran = await runGroup(group, {
      prober,
      strike: (fault) => strike(stage, fault),
      nowMs: clock.now,
      recoveryMsMax: options.recoveryMsMax,
      leavesUnmended: options.plant.includes("not-mended") && records.length === 0,
      signal,
    });
    records.push(...ran);
    for (const record of ran) say(`${since(fromMs)} s  ${lineOf(record)}`);
    await sleep(pauseMs, signal);
  }
  return records;
};

const since = (fromMs: number): string => ((clock.now() - fromMs) / 1_000).toFixed(1);

const lineOf = ({ type, what, lastedMs, endedMs, recoveredMs, waitedFor, beside }: FaultRecord): string => {
  const lasted = `${type} (${what}) for ${(lastedMs / 1_000).toFixed(1)} s`;
  const recovered = recoveredMs === null ? "NOT RECOVERED" : `recovered in ${recoveredMs - endedMs} ms`;
  const last = waitedFor.length === 0 ? "" : ` (last: ${waitedFor.slice(0, 3).join(", ")})`;
  return `${lasted}${beside === null ? "" : `, beside ${beside}`}: ${recovered}${last}`;
};

/** The same receipt under two keys, of which the books know one. */
const plantCommand = async (client: StockClient, books: Books): Promise<void> => {
  for (const key of ["planted-1", "planted-2"]) await client.line("receive", { sku: "SOLD-01", units: 1 }, key);
  noteByHand(books, { sku: "SOLD-01", units: 1, atMs: clock.now() });
};
