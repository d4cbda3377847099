import { openBudgets } from "../../../src/compose/budgets.ts";
import { createConnectors } from "../../../src/compose/connectors.ts";
import { type CallNote, createCallLog } from "../../../src/connectors/call-log.ts";
import { createCircuits } from "../../../src/connectors/circuits.ts";
import type { ListingWrite, PushOutcome } from "../../../src/connectors/connector.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { systemRandom } from "../../../src/core/random.ts";
import { accountOn, type Channel } from "../../support/demo-accounts.ts";

/** A worker process of its own that pushes what it is told as fast as it may. Talks to its parent by messages. */
export type Order = {
  readonly channel: Channel;
  readonly url: string;
  readonly redisUrl: string;
  readonly quotas: Readonly<Record<string, { readonly ratePerSecond: number; readonly burst: number }>>;
  readonly writes: readonly ListingWrite[];
  readonly batchRows: number;
  /** Compressed with everything else. */
  readonly arrivalMs: number;
};
export type Report = {
  readonly accepted: number;
  readonly notes: readonly CallNote[];
};

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const signal = new AbortController().signal;

const push = async ({ channel, url, redisUrl, quotas, writes, batchRows, arrivalMs }: Order): Promise<Report> => {
  const notes: CallNote[] = [];
  const budgets = openBudgets(
    { kind: "redis", url: redisUrl },
    {
      clock: systemClock,
      log,
      process: `p${process.pid}`,
      arrivalMs,
    },
  );
  const account = accountOn(channel, url, quotas);
  const connector = createConnectors([account], {
    clock: systemClock,
    random: systemRandom,
    log,
    makeBudget: budgets.make,
    circuits: createCircuits({ clock: systemClock, log }),
    callLog: createCallLog({ clock: systemClock, log, keep: (note) => notes.push(note) }),
  }).get(account.id);
  if (connector === undefined) throw new Error("no connector");
  const context = { accountId: account.id, signal };
  // Tokens and locations are there before the clock starts.
  await connector.readQuantities(writes.slice(0, 1), context);
  process.send?.("ready");
  await new Promise((resolve) => process.once("message", resolve));
  let accepted = 0;
  let attempts = 0;
  let left = [...writes];
  while (left.length > 0) {
    const batch = left.splice(0, batchRows);
    const key = `attempt-${process.pid}-${(attempts += 1)}`;
    const outcomes = await connector.pushQuantities(batch, key, context).catch(async (error: unknown) => {
      if (!(error instanceof ChannelError) || error.kind !== "throttled") throw error;
      await systemClock.sleep(error.retryAfterMs ?? 100);
      return batch.map(({ ref }): PushOutcome => ({ ref, status: "refused", retry: "later", reason: error.message }));
    });
    const byRef = new Map(batch.map((write) => [write.ref, write]));
    for (const outcome of outcomes) {
      const write = byRef.get(outcome.ref);
      if (outcome.status === "accepted") accepted += 1;
      else if (outcome.status === "refused" && outcome.retry === "later" && write !== undefined)
        left = [...left, write];
      else throw new Error(`${outcome.ref}: ${outcome.status}`);
    }
  }
  budgets.close();
  return { accepted, notes };
};

process.once("message", (order: Order) => {
  push(order).then(
    (report) => process.send?.(report),
    (error: Error) => process.send?.({ error: error.message }),
  );
});
