import { z } from "zod";
import { channels } from "../../src/connectors/connector.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { seededRandom } from "../../src/core/random.ts";
import { resultOf } from "../../src/demo/result.ts";
import { waitForQuiet } from "../../src/demo/waits.ts";
import { type Books, noteByHand, openBooks } from "./books.ts";
import { type FaultType, schedule } from "./faults.ts";
import { type Load, startLoad } from "./load.ts";
import { createProber } from "./probes.ts";
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
  const prober = createProber({
    ...{ db, controls, stock: client, books, nowMs: clock.now, onError },
    ...{ orderSkus: goods.orderProbes, receiptSkus: goods.receiptProbes },
  });
  const load = startLoad({
    ...{ controls, books, stock: client, nowMs: clock.now, onError, skus: [...goods.sold.keys()], signal },
    ...{ salesPerSecond: options.salesPerSecond, commandsPerSecond: options.commandsPerSecond },
    random: seededRandom(options.seed + 1),
  });
  const records: FaultRecord[] = [];
  const faultsFromMs = clock.now();
  await sleep(warmUpMs, signal);
  for (const group of schedule(seededRandom(options.seed), options.types)) {
    if (clock.now() - faultsFromMs >= options.minutes * 60_000) break;
    const leavesUnmended = options.plant.includes("not-mended") && records.length === 0;
    const ran = await runGroup(group, {
      ...{ prober, nowMs: clock.now, recoveryMsMax: options.recoveryMsMax, leavesUnmended, signal },
      strike: (fault) => strike(stage, fault),
    });
    records.push(...ran);
    for (const record of ran) say(`${since(faultsFromMs)} s  ${lineOf(record)}`);
    await sleep(pauseMs, signal);
  }
  await settleLoad(load, errors);
  await prober.settled();
  if (options.plant.includes("command-twice")) await plantCommand(client, books);
  say("healing");
  const quiet = await waitForQuiet({ db }, controls, clock, { unrest: () => undefined }, signal);
  if (options.plant.includes("listing-edited")) await controls.ebay.edit([...stock.keys()][0] ?? "", 7_777);
  const result = await resultOf({
    ...{ db, controls, plan: { skus: [...stock.keys()], stock }, cancels: books.events, byHand: books.byHand, quiet },
    ...{ soldOutLines: 0, firstArrivalSeconds: null, seconds: (clock.now() - startedMs) / 1_000 },
  });
  const { checks } = Checks.parse(await stage.command("ledger", "check"));
  return reportOf({
    options,
    records,
    result,
    checks,
    errors,
    ownEnds: stage.ownEnds,
    books,
    repeats: client.repeats(),
  });
};

const since = (fromMs: number): string => ((clock.now() - fromMs) / 1_000).toFixed(1);

const lineOf = ({ type, what, beganMs, endedMs, recoveredMs, beside }: FaultRecord): string => {
  const lasted = `${type} (${what}) for ${((endedMs - beganMs) / 1_000).toFixed(1)} s`;
  const recovered = recoveredMs === null ? "NOT RECOVERED" : `recovered in ${recoveredMs - endedMs} ms`;
  return `${lasted}${beside === null ? "" : `, beside ${beside}`}: ${recovered}`;
};

const settleLoad = async (load: Load, errors: string[]): Promise<void> => {
  const isSettled = await Promise.race([load.stop().then(() => true), sleep(answersMsMax).then(() => false)]);
  if (!isSettled) errors.push(`${load.unanswered()} stock commands got no answer within ${answersMsMax / 1_000} s`);
};

/** The same receipt under two keys, of which the books know one. */
const plantCommand = async (client: StockClient, books: Books): Promise<void> => {
  for (const key of ["planted-1", "planted-2"]) await client.line("receive", { sku: "SOLD-01", units: 1 }, key);
  noteByHand(books, { sku: "SOLD-01", units: 1, atMs: clock.now() });
};
