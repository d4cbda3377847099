import type {
  CallContext,
  Connector,
  Delivery,
  ImportedListing,
  ListingWrite,
  Page,
  PushOutcome,
  QuantityReading,
  RawRequest,
} from "../../../src/connectors/connector.ts";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import type { FaultPlan } from "../../../src/simulators/kit/faults.ts";
import type { SimulatedChannel } from "../../../src/simulators/kit/simulator.ts";
import type { FaultName } from "./faults.ts";

/** A connector and the simulated channel that it talks to: what the laws are held against. */
export type Subject = {
  readonly name: string;
  /** Faults that this channel cannot have: its writes are immediate, its tokens do not end … */
  readonly without: readonly FaultName[];
  open(plan: FaultPlan): Promise<Opened>;
};

export type Opened = {
  readonly connector: Connector;
  readonly context: CallContext;
  readonly channel: SimulatedChannel;
  setFaults(plan: FaultPlan): Promise<void>;
  /** What the channel has sent to our address; empty where it has a queue instead. */
  received(): readonly RawRequest[];
  close(): Promise<void>;
};

/** Orders are listed up to this late in the laws' faults; the connectors are told so. */
export const orderLagMs = 400;

/** The real time of day, and waits that are a tenth as long: the laws are about what is waited for, not how long. */
export const hastyClock: Clock = {
  now: () => systemClock.now(),
  monotonicMs: () => systemClock.monotonicMs() * 10,
  sleep: (delayMs, signal) => systemClock.sleep(Math.min(delayMs / 10, 100), signal),
};

const triesMax = 80;

/** As the queue would: again after what passes, and never after what does not. */
export const persist = async <Result>(work: () => Promise<Result>): Promise<Result> => {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (error) {
      const passes = error instanceof ChannelError && ["retryable", "throttled", "conflict"].includes(error.kind);
      if (!passes || tries === triesMax) throw error;
      await systemClock.sleep(Math.min(error.retryAfterMs ?? 10, 30));
    }
  }
};

/** Turns until `is` holds; fails with what was there last. */
export const turnUntil = async <Value>(
  turn: () => Promise<Value>,
  is: (value: Value) => boolean,
  turnsMax = 150,
): Promise<Value> => {
  for (let turns = 1; ; turns += 1) {
    const value = await turn();
    if (is(value)) return value;
    if (turns === turnsMax) throw new Error(`never came: ${JSON.stringify(value).slice(0, 800)}`);
    await systemClock.sleep(20);
  }
};

export const importAll = async ({ connector, context }: Opened): Promise<readonly ImportedListing[]> => {
  const found = new Map<string, ImportedListing>();
  let cursor: string | null = null;
  for (;;) {
    const from: string | null = cursor;
    const page: Page<ImportedListing> = await persist(() => connector.importListings(from, context));
    for (const item of page.items) found.set(item.ref, item);
    if (page.done) return [...found.values()];
    cursor = page.next;
  }
};

const chunks = <Item>(items: readonly Item[], size: number): readonly (readonly Item[])[] =>
  Array.from({ length: Math.ceil(items.length / size) }, (_, at) => items.slice(at * size, (at + 1) * size));

export const readAll = async (
  { connector, context }: Opened,
  listings: readonly ImportedListing[],
): Promise<readonly QuantityReading[]> => {
  const readings: QuantityReading[] = [];
  for (const batch of chunks(listings, connector.limits.readBatchMax))
    readings.push(...(await persist(() => connector.readQuantities(batch, context))));
  return readings;
};

let attempts = 0;

/** One try to write, in batches as the jobs make them. A failed call is told as what the jobs would record for it. */
export const pushOnce = async (
  { connector, context }: Opened,
  writes: readonly ListingWrite[],
): Promise<readonly PushOutcome[]> => {
  const outcomes: PushOutcome[] = [];
  for (const batch of chunks(writes, connector.limits.pushBatchMax)) {
    attempts += 1;
    try {
      outcomes.push(...(await connector.pushQuantities(batch, `attempt-${attempts}`, context)));
    } catch (error) {
      if (!(error instanceof ChannelError)) throw error;
      const { ambiguous, message: reason } = error;
      for (const { ref } of batch)
        outcomes.push(
          ambiguous ? { ref, status: "unknown", reason } : { ref, status: "refused", retry: "later", reason },
        );
    }
  }
  return outcomes;
};

/** Everything that the channel has told us of its own accord, verified; what is of a queue is acknowledged. */
export const createMailbox = ({ connector, context, received }: Opened) => {
  const kept: Delivery[] = [];
  let verified = 0;
  const fromQueue = async (): Promise<void> => {
    const { notifications } = connector;
    if (notifications === undefined) return;
    // A queue that has nothing more holds the call open.
    const signal = AbortSignal.timeout(300);
    const messages = await persist(() => notifications.receive({ ...context, signal })).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
    for (const message of messages)
      if (message.kind === "delivery") kept.push(message.delivery);
      else throw new Error(`not understood: ${message.reason}`);
    await persist(() =>
      notifications.acknowledge(
        messages.map(({ handle }) => handle),
        context,
      ),
    );
  };
  const fromWebhooks = async (): Promise<void> => {
    for (const request of received().slice(verified)) {
      const verification = await turnUntil(
        async () => connector.webhooks?.verify(request, context),
        (answer) => answer?.kind !== "retry-later",
      );
      if (verification?.kind !== "delivery") throw new Error(`no delivery: ${JSON.stringify(verification)}`);
      kept.push(verification.delivery);
      verified += 1;
    }
  };
  return async (): Promise<readonly Delivery[]> => {
    await fromQueue();
    await fromWebhooks();
    return kept;
  };
};
