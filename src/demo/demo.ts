import { join } from "node:path";
import { compose, type Runtime } from "../compose.ts";
import type { Settings } from "../config/settings.ts";
import { type Channel, channels } from "../connectors/connector.ts";
import { systemClock } from "../core/clock.ts";
import { LocationId, Sku } from "../core/ids.ts";
import { freePort } from "../embedded/free-port.ts";
import type { Log } from "../ops/logger.ts";
import { demoAccountSettings, demoAccounts, type SimulatorCredentials, verificationToken } from "./accounts.ts";
import { type ControlClient, controlClient, type OrderTruth } from "./control-client.ts";
import { type DemoOptions, speedUp } from "./options.ts";
import { readRealOrders } from "./orders.ts";
import { type DemoPlan, makePlan } from "./plan.ts";
import { replay } from "./replay.ts";
import type { Reporter } from "./reporter.ts";
import { type Result, resultOf } from "./result.ts";
import { beginRun, claimDemo, type RunFile, resumeRun } from "./run-file.ts";
import { type SimulatorsChild, startSimulatorsChild } from "./simulators-child.ts";
import { waitForListings, waitForQuiet, watchFirstArrival } from "./waits.ts";

export type DemoDeps = {
  /** Everything but accounts, port and data folder is taken from here. */
  readonly settings: Settings;
  readonly credentials: SimulatorCredentials;
  readonly log: Log;
  readonly reporter: Reporter;
  readonly signal: AbortSignal;
};

type Stage = {
  readonly runFile: RunFile;
  readonly resumed: boolean;
  readonly plan: DemoPlan;
  readonly simulators: SimulatorsChild;
  readonly controls: Readonly<Record<Channel, ControlClient>>;
  readonly runtime: Runtime;
  readonly webUrl: string;
};

/** Starts the channels and Lockstep itself, side by side. */
const setUp = async (options: DemoOptions, deps: DemoDeps, startedMs: number): Promise<Stage> => {
  claimDemo(deps.settings.dataDir);
  const dir = join(deps.settings.dataDir, "demo");
  const resumedRun = options.resume ? resumeRun(dir) : undefined;
  if (options.resume && resumedRun === undefined)
    throw new Error("there is no demo to resume; start one without --resume");
  const { orders, listings, seed, faults } = options;
  const runFile = resumedRun ?? beginRun(dir, { orders, listings, seed, faults, startedMs });
  const { run } = runFile;
  const plan = makePlan(readRealOrders(), { sales: run.orders, skus: run.listings, seed: run.seed });
  const simulators = await startSimulatorsChild({
    journalDir: join(dir, "channels"),
    seed: run.seed,
    faults: run.faults,
    speedUp,
  });
  try {
    const { amazon, ebay, shopify } = simulators.urls;
    const controls = {
      amazon: controlClient(amazon.url),
      ebay: controlClient(ebay.url),
      shopify: controlClient(shopify.url),
    };
    const port = await freePort();
    const webUrl = `http://127.0.0.1:${port}`;
    const settings: Settings = {
      ...deps.settings,
      dataDir: dir,
      // A demo must never write into a database or queue that means something to somebody.
      databaseUrl: undefined,
      redisUrl: undefined,
      server: { ...deps.settings.server, host: "127.0.0.1", port, publicUrl: webUrl },
      accounts: demoAccountSettings(simulators.urls, deps.credentials, speedUp, webUrl),
    };
    const roles = new Set(["web", "worker", "scheduler"] as const);
    const runtime = await compose(settings, { roles, log: deps.log, migrate: true });
    return { runFile, resumed: resumedRun !== undefined, plan, simulators, controls, runtime, webUrl };
  } catch (error) {
    await simulators.stop();
    throw error;
  }
};

/** The same shelf everywhere: listings on every channel, the units in the ledger. Done again, it changes nothing. */
const stockShelves = async ({ plan, controls, runtime, resumed }: Stage): Promise<void> => {
  if (!resumed) {
    const listings = plan.skus.map((sku) => ({
      sku,
      title: plan.titles.get(sku) ?? sku,
      units: plan.stock.get(sku) ?? 0,
    }));
    await Promise.all(channels.map((channel) => controls[channel].seed(listings)));
  }
  await Promise.all(
    plan.skus.map((sku) =>
      runtime.ledger.submit({
        kind: "receive",
        key: `demo:stock:${sku}`,
        sku: Sku.parse(sku),
        locationId: LocationId.parse("main"),
        units: plan.stock.get(sku) ?? 0,
        reason: "opening stock",
        actor: "demo",
        occurredAt: new Date(0).toISOString(),
      }),
    ),
  );
};

const openWebhooks = async ({ controls, webUrl }: Stage): Promise<void> => {
  for (const channel of channels) {
    const target = { url: `${webUrl}/webhooks/${channel}/${demoAccounts[channel]}` };
    if (channel === "ebay") await controls.ebay.webhookTarget({ ...target, verificationToken });
    if (channel === "shopify") await controls.shopify.webhookTarget(target);
  }
};

const ordersSoFar = async ({ controls, resumed }: Stage): Promise<ReadonlyMap<string, OrderTruth>> => {
  if (!resumed) return new Map();
  const truths = await Promise.all(channels.map((channel) => controls[channel].truth()));
  return new Map(truths.flatMap((truth) => truth.orders.map((order) => [order.reference, order])));
};

/**
 * Real orders over three simulated channels: everything is started, listings are imported, the replay runs, and in the
 * end every channel's own books are held against the ledger and against what the channels show.
 */
export const runDemo = async (options: DemoOptions, deps: DemoDeps): Promise<Result> => {
  const clock = systemClock;
  const startedMs = clock.now();
  const { reporter } = deps;
  const stage = await setUp(options, deps, startedMs);
  const { runtime, controls, plan, runFile } = stage;
  try {
    reporter.started({ webUrl: stage.webUrl, simulators: stage.simulators.urls, lines: runtime.lines });
    await stockShelves(stage);
    await waitForListings(runtime.db, plan.skus.length * channels.length, reporter, deps.signal);
    await openWebhooks(stage);
    reporter.phase(`replaying ${plan.sales} orders over three channels`);
    const arrival = watchFirstArrival(runtime.db, controls, clock, deps.signal);
    const cancels = [...runFile.cancels];
    const ordersBefore = await ordersSoFar(stage);
    const progress = await replay({
      plan,
      controls,
      nowMs: clock.now,
      sleep: clock.sleep,
      salesPerSecond: options.salesPerSecond,
      stepsDone: runFile.stepsDone,
      ordersBefore,
      signal: deps.signal,
      onStep: (stepsDone, sofar, taken) => {
        cancels.push(...taken);
        runFile.noteStep(stepsDone, taken);
        reporter.progress({ ...sofar, stepsDone, steps: plan.steps.length });
      },
    });
    const firstArrivalMs = await arrival.stop();
    reporter.phase("waiting until everything is quiet");
    const quiet = await waitForQuiet(runtime, controls, clock, reporter, deps.signal);
    const result = await resultOf({
      db: runtime.db,
      controls,
      plan,
      cancels,
      quiet,
      soldOutLines: progress.soldOutLines,
      firstArrivalSeconds: firstArrivalMs === null ? null : (firstArrivalMs - startedMs) / 1000,
      seconds: (clock.now() - startedMs) / 1000,
    });
    reporter.finished(result);
    if (options.keep) await reporter.keepUp(deps.signal);
    return result;
  } finally {
    await runtime.stop();
    await stage.simulators.stop();
  }
};
