import { Books } from "./books.ts";
import { SimChannel } from "./channel.ts";
import { drive } from "./drive.ts";
import type { Engine } from "./engine.ts";
import { drawFaults, FaultBox, type FaultKind } from "./faults.ts";
import { judge } from "./judge.ts";
import { MessageQueue } from "./messages.ts";
import { connectMessages, schedulePeople } from "./people.ts";
import type { Given, Policy } from "./policy.ts";
import { drawScenario, type Scenario } from "./scenario.ts";
import { World } from "./world.ts";

export type SeedOptions = {
  readonly seed: number;
  readonly faults: ReadonlySet<FaultKind>;
  /** Only so many of the drawn demands and own-door requests happen; for shrinking. */
  readonly demandsMax?: number;
  /** A shop of its own instead of a drawn one. */
  readonly scenario?: Scenario;
  readonly pace?: Given["pace"];
};
export type PolicyMaker = (given: Given) => Policy;

export type Verdict = {
  readonly seed: number;
  readonly trace: string;
  readonly violations: readonly string[];
  readonly injected: ReadonlyMap<FaultKind, number>;
  readonly effective: ReadonlyMap<FaultKind, number>;
  readonly events: number;
  readonly virtualMs: number;
  /** From the end of the drawn deeds until nothing was owed; null: never. */
  readonly quietMs: number | null;
  /** The part of it after everything was mended. */
  readonly mendedMs: number | null;
  readonly books: Books;
  readonly figures: {
    readonly lost: number;
    readonly invented: number;
    readonly doubled: number;
    readonly wrongListings: number;
  };
  readonly lastNotes: readonly string[];
};

const startMsMax = 120_000;
const quietMsMax = 45 * 60_000;
/** Faults go on for so long after the last drawn deed, or until nothing is owed any more. */
const faultyTailMs = 150_000;
const lookEveryMs = 5_000;
/** Production sweeps every second; here what is woken matters more, and what is lost may wait. */
const usualPace = { sweepMs: 25_000, ordersMs: 20_000, watchMs: 5_000, auditMs: 20_000 };

const scheduleFaults = (given: Given, policy: Policy, plan: ReturnType<typeof drawFaults>, offsetMs: number): void => {
  const { world, faults, channels } = given;
  for (const { kind, atMs, draw } of plan.events) {
    world.at(atMs + offsetMs, () => {
      if (faults.isHealed) return;
      if (kind === "kill") faults.count(kind, policy.kill(draw));
      else if (kind === "freeze") faults.count(kind, policy.freeze(draw, 3_000 + draw * 17_000));
      else if (kind === "freeze-long") faults.count(kind, policy.freeze(draw, 62_000 + draw * 60_000));
      else if (kind === "queue-emptied") faults.count(kind, policy.emptyQueue());
      else if (kind === "queue-away") faults.count(kind, policy.queueAway(world.nowMs + 2_000 + draw * 28_000));
      else {
        const channel = [...channels.values()][Math.floor(draw * channels.size)];
        const untilMs = world.nowMs + 5_000 + draw * 40_000;
        if (channel !== undefined && kind === "channel-away") channel.awayUntilMs = untilMs;
        if (channel !== undefined && kind === "channel-locked") channel.lockedUntilMs = untilMs;
        if (channel !== undefined && kind === "orders-away") channel.ordersAwayUntilMs = untilMs + draw * 40_000;
        faults.count(kind, true);
      }
    });
  }
};

/** One seed: a shop is opened, everything goes wrong for a while, everything is mended, and then all must be right. */
export const runSeed = async (engine: Engine, make: PolicyMaker, options: SeedOptions): Promise<Verdict> => {
  const world = new World(options.seed);
  engine.reset();
  const drawn = options.scenario ?? drawScenario(world);
  const scenario = {
    ...drawn,
    demands: drawn.demands.slice(0, options.demandsMax ?? drawn.demands.length),
    ownDoors: drawn.ownDoors.slice(0, options.demandsMax ?? drawn.ownDoors.length),
    brakes: drawn.brakes.slice(0, options.demandsMax ?? drawn.brakes.length),
  };
  const plan = drawFaults(world, scenario.phaseMs + faultyTailMs / 2, options.faults);
  const faults = new FaultBox(world, plan.rates);
  const books = new Books(world);
  const channels = new Map(
    scenario.catalogue.shapes.map((shape) => [shape.accountId, new SimChannel(shape, { world, books, faults })]),
  );
  const messages = new Map(
    scenario.catalogue.shapes
      .filter((shape) => shape.messages === "queue")
      .map((shape) => [shape.accountId, new MessageQueue(world, faults)]),
  );
  for (const { sku, units, unitsEach } of scenario.catalogue.skus) {
    books.change(sku, -units);
    for (const [accountId, each] of unitsEach) channels.get(accountId)?.list(sku, each, Math.floor(units / each));
  }
  const late = new Set(scenario.lateLinks.map(({ ref }) => ref));
  for (const listing of books.listings) if (late.has(listing.ref)) listing.linkedMs = Number.POSITIVE_INFINITY;
  const given: Given = {
    world,
    engine,
    books,
    faults,
    channels,
    messages,
    accepted: [],
    pace: options.pace ?? usualPace,
  };
  const policy = make(given);
  connectMessages(given, policy);
  await drive(world, policy.start(), startMsMax);

  const offsetMs = world.nowMs - world.startedMs;
  const deedsLeft = schedulePeople(given, policy, scenario, offsetMs);
  scheduleFaults(given, policy, plan, offsetMs);
  let isQuiet = false;
  const watch = (): void => {
    policy.watch();
    if (!isQuiet) world.after(given.pace.watchMs, watch);
  };
  watch();
  faults.begin();
  await world.run(world.nowMs + scenario.phaseMs);
  const phaseEndMs = world.nowMs;
  const look = (): void => {
    isQuiet = deedsLeft() === 0 && policy.isQuiet();
    if (!isQuiet) world.after(lookEveryMs, look);
  };
  look();
  // Whoever says that all is done while faults still strike is taken at their word.
  await world.run(phaseEndMs + faultyTailMs, () => isQuiet);
  faults.heal();
  const healedMs = world.nowMs;
  for (const channel of channels.values()) {
    channel.awayUntilMs = 0;
    channel.lockedUntilMs = 0;
    channel.ordersAwayUntilMs = 0;
  }
  await world.run(healedMs + quietMsMax, () => isQuiet);
  const quietMs = world.nowMs - phaseEndMs;
  const mendedMs = world.nowMs - healedMs;
  // What a channel has taken and not shown yet may not change what was said to be done.
  const settleMsMax = Math.max(...scenario.catalogue.shapes.map(({ settleMs }) => settleMs));
  await world.run(world.nowMs + settleMsMax + 1_000);
  const endedMs = world.nowMs;
  books.settleHours();
  const { violations, figures } = await judge(given, policy);
  return {
    seed: options.seed,
    trace: world.trace,
    violations: [...violations, ...(isQuiet ? [] : ["liveness: it never became quiet"])],
    injected: faults.injected,
    effective: faults.effective,
    events: world.events,
    virtualMs: endedMs - world.startedMs,
    quietMs: isQuiet ? quietMs : null,
    mendedMs: isQuiet ? mendedMs : null,
    books,
    figures,
    lastNotes: world.lastNotes,
  };
};
