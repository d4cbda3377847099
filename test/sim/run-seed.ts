import { compareLines } from "../../src/demo/verdict.ts";
import { Books } from "./books.ts";
import { type ChannelOrder, SimChannel } from "./channel.ts";
import { deliveryOf } from "./connector.ts";
import type { Engine } from "./engine.ts";
import { drawFaults, FaultBox, type FaultKind, faultKinds } from "./faults.ts";
import { MessageQueue } from "./messages.ts";
import type { Given, Policy, Request } from "./policy.ts";
import { type Demand, drawScenario, type OwnDoor, type Scenario } from "./scenario.ts";
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
  /** Healing to quiet; null: it never became quiet. */
  readonly healMs: number | null;
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
const lookEveryMs = 5_000;
/** Production sweeps every second; here what is woken matters more, and what is lost may wait. */
const usualPace = { sweepMs: 10_000, ordersMs: 20_000 };
const webhookRetryMs = [2_000, 8_000, 30_000] as const;
const requestRetryMs = 5_000;

/** Messages of the channels on their way to us, as unreliable as they are. */
const connectMessages = (given: Given, policy: Policy): void => {
  const { world, faults, channels, messages } = given;
  for (const channel of channels.values()) {
    const { accountId } = channel.shape;
    const random = world.random(`sender/${accountId}`);
    const queue = messages.get(accountId);
    if (queue !== undefined) queue.onAcknowledged = ({ id }) => given.accepted.push({ accountId, deliveryId: id });
    channel.announce = (order) => {
      const delivery = deliveryOf(channel, order);
      if (faults.strikes("webhook-lost")) return;
      const lateMs = faults.strikes("webhook-late") ? 1_000 + random() * 60_000 : 50 + random() * 400;
      const copies = faults.strikes("webhook-twice") ? 2 : 1;
      for (let copy = 0; copy < copies; copy += 1) {
        world.after(lateMs * (1 + copy), () => {
          if (queue !== undefined) queue.send(delivery);
          else send(0);
        });
      }
      const send = (tries: number): void => {
        let answered = false;
        const again = (): void => {
          if (answered) return;
          answered = true;
          const waitMs = webhookRetryMs[tries];
          if (waitMs !== undefined) world.after(waitMs, () => send(tries + 1));
        };
        world.after(5_000, again);
        policy.deliver(accountId, delivery).then((isKept) => {
          if (!isKept) return again();
          answered = true;
          given.accepted.push({ accountId, deliveryId: delivery.id });
        }, again);
      };
    };
  }
};

/** Buyers and the seller's own hands. Returns how many of their deeds are still to come. */
const schedulePeople = (given: Given, policy: Policy, scenario: Scenario, offsetMs: number): (() => number) => {
  const { world, books, channels } = given;
  let open = 0;
  const later = (atMs: number, run: () => void): void => {
    open += 1;
    world.at(atMs, () => {
      open -= 1;
      run();
    });
  };
  const insist = (request: Request, onAnswer: (isDone: boolean) => void): void => {
    let answered = false;
    open += 1;
    const ask = (): void => {
      if (answered) return;
      world.after(requestRetryMs, ask);
      policy.request(request).then(
        (isDone) => {
          if (answered) return;
          answered = true;
          open -= 1;
          onAnswer(isDone);
        },
        () => undefined,
      );
    };
    ask();
  };
  const follow = (channel: SimChannel, order: ChannelOrder, demand: Demand): void => {
    const { shipAfterMs, giveBack } = demand;
    if (shipAfterMs !== null) later(world.nowMs + shipAfterMs, () => channel.ship(order));
    for (const { afterMs, units, sku } of giveBack) {
      later(world.nowMs + afterMs, () => channel.giveBack(order, units, sku));
    }
  };
  for (const demand of scenario.demands) {
    later(demand.atMs + offsetMs, () => {
      const channel = channels.get(demand.accountId);
      const order = channel?.buy(
        demand.orderRef,
        demand.wishes.map(({ sku, units }) => ({ ref: `${demand.accountId}:${sku}`, units })),
      );
      if (channel !== undefined && order !== undefined) follow(channel, order, demand);
    });
  }
  const atDoor = (door: OwnDoor, key: string): void => {
    const { sku, units } = door;
    if (!("end" in door)) {
      if (door.kind === "receive") books.change(sku, -units);
      return insist({ kind: door.kind, key, sku, units }, (isDone) => {
        if (isDone && door.kind === "adjust") books.change(sku, -units);
      });
    }
    insist({ kind: "reserve", key, id: key, sku, units }, (isHeld) => {
      if (!isHeld) return;
      books.change(sku, units);
      later(world.nowMs + door.endAfterMs, () => {
        if (door.end === "release") books.change(sku, -units);
        insist({ kind: door.end, key: `${key}:${door.end}`, id: key }, () => undefined);
      });
    });
  };
  for (const [index, door] of scenario.ownDoors.entries())
    later(door.atMs + offsetMs, () => atDoor(door, `door-${index}`));
  return () => open;
};

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
        if (channel !== undefined) channel.awayUntilMs = world.nowMs + 5_000 + draw * 40_000;
        faults.count(kind, true);
      }
    });
  }
};

/** Lets the world run until the promise is settled. Errors: the promise's own, or that it took too long. */
const drive = async <Value>(world: World, promise: Promise<Value>, msMax: number): Promise<Value> => {
  let isOver = false;
  const settled = promise.finally(() => {
    isOver = true;
  });
  settled.catch(() => undefined);
  await world.run(world.nowMs + msMax, () => isOver);
  if (!isOver) throw new Error("the world never got ready");
  return settled;
};

/** What the outside witness and the tool's own invariants say in the end. */
const judge = async (given: Given, policy: Policy) => {
  const { world, books, channels } = given;
  const violations: string[] = [];
  const figures = { lost: 0, invented: 0, doubled: 0, wrongListings: 0 };
  for (const channel of channels.values()) {
    const { accountId } = channel.shape;
    const witness = [...channel.orders.values()].flatMap((order) =>
      channel.linesOf(order).map(({ listing: { sku, unitsEach }, ...line }) => ({
        orderId: order.orderRef,
        lineId: line.lineRef,
        sku,
        orderedUnits: line.orderedUnits * unitsEach,
        cancelledUnits: line.cancelledUnits * unitsEach,
        shippedUnits: line.leftUnits * unitsEach,
        restockedUnits: line.backUnits * unitsEach,
      })),
    );
    const ledger = policy.orderLines(accountId);
    const units = compareLines({ channel: channel.shape.channel, witness, ledger, shown: new Map() });
    figures.lost += units.lost;
    figures.invented += units.invented;
    figures.doubled += units.doubled;
    violations.push(...units.lines.map((line) => `units: ${line}`));
  }
  for (const [sku, units] of policy.available()) {
    if (units !== books.left(sku)) violations.push(`stock: ${sku} has ${units} available, truly ${books.left(sku)}`);
  }
  for (const listing of books.listings) {
    const wanted = books.sellable(listing);
    if (listing.shown === wanted) continue;
    figures.wrongListings += 1;
    violations.push(`listing: ${listing.ref} shows ${listing.shown}, should show ${wanted}`);
  }
  violations.push(...(await drive(world, policy.breaches(), 60_000)));
  violations.push(...books.blamedRaises.map((raise) => `raise: ${raise}`));
  return { violations, figures };
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
  };
  const plan = drawFaults(world, scenario.phaseMs, options.faults);
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
  faults.begin();
  await world.run(world.nowMs + scenario.phaseMs);
  faults.heal();
  for (const channel of channels.values()) channel.awayUntilMs = 0;
  const healedMs = world.nowMs;
  let isQuiet = false;
  const look = (): void => {
    const still = [...channels.values()].every((channel) => channel.pending === 0);
    isQuiet = deedsLeft() === 0 && still && policy.isQuiet();
    if (!isQuiet) world.after(lookEveryMs, look);
  };
  look();
  await world.run(healedMs + quietMsMax, () => isQuiet);
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
    healMs: isQuiet ? endedMs - healedMs : null,
    books,
    figures,
    lastNotes: world.lastNotes,
  };
};

export const allFaults: ReadonlySet<FaultKind> = new Set(faultKinds);
