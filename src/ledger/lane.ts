import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Db } from "../db/pool.ts";
import {
  CommitUnknownError,
  inShortTransaction,
  isDataError,
  isTransient,
  isUniqueViolation,
} from "../db/transaction.ts";
import type { Command } from "./commands.ts";
import { createFairQueue } from "./fair-queue.ts";
import { prepare } from "./post.ts";

/** The lane's queue is full: answer 503 and let the caller come back. */
export class LedgerBusyError extends Error {
  readonly retryAfterMs = 1_000;
  constructor() {
    super("the ledger's queue is full");
    this.name = "LedgerBusyError";
  }
}

export type LaneDeps = {
  readonly db: Db;
  readonly clock: Clock;
  readonly random: Random;
  readonly afterCommit: () => void;
};

export type LaneLimits = {
  readonly batchMax: number;
  readonly waitingMax: number;
  /** One caller's share of the queue: the rest stays open to others. */
  readonly waitingMaxPerCaller: number;
};
export const laneLimits: LaneLimits = { batchMax: 500, waitingMax: 10_000, waitingMaxPerCaller: 5_000 };

export interface Lane {
  /** The command's answer as stored text, after it is durable. */
  submit(command: Command, caller: string): Promise<string>;
}

type Waiting = {
  readonly command: Command;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: unknown) => void;
};

const triesMax = 5;

/** The end of this turn of the event loop: no timer, and nothing waits when nothing else is to be done. */
const turnEnd = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * One batch in flight, no timer: the next batch is whatever queued while the last one committed. An idle lane costs one
 * flush; a hot SKU shares one among all its callers. Row locks keep it right with any number of lanes and processes.
 */
export const createLane = (deps: LaneDeps, limits: LaneLimits = laneLimits): Lane => {
  const { db, clock, random } = deps;
  const queue = createFairQueue<Waiting>({
    itemsMax: limits.waitingMax,
    itemsMaxPerCaller: limits.waitingMaxPerCaller,
  });
  let running = false;

  const postOnce = (commands: readonly Command[]): Promise<readonly string[]> =>
    inShortTransaction(db, async (tx) => {
      const { answers, write } = await prepare(tx, commands);
      return { result: answers, last: write };
    });

  const postWithRetry = async (commands: readonly Command[]): Promise<readonly string[]> => {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await postOnce(commands);
      } catch (error) {
        // An unknown outcome and a key that raced in from elsewhere end the same way: post again, the keys tell.
        const raced = isUniqueViolation(error);
        const again = raced || error instanceof CommitUnknownError || isTransient(error);
        if (!again || attempt >= triesMax) throw error;
        // Whoever won the race has committed: no need to wait.
        if (!raced) await clock.sleep(Math.round(20 * 2 ** attempt * (0.5 + random())));
      }
    }
  };

  const flush = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      const answers = await postWithRetry(batch.map((waiting) => waiting.command));
      for (const [index, waiting] of batch.entries()) waiting.resolve(answers[index] as string);
      deps.afterCommit();
    } catch (error) {
      // A database that is away is away for all. Anything else may be one poisonous command, which must not fail its
      // neighbours: halve until it stands alone.
      if (batch.length === 1 || !isDataError(error)) {
        for (const waiting of batch) waiting.reject(error);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await flush(batch.slice(0, half));
      await flush(batch.slice(half));
    }
  };

  const drain = async (): Promise<void> => {
    running = true;
    while (queue.length > 0) {
      // Whoever was just answered and asks again, or came by the same read of the network, shares the batch. Without this
      // the first of them would go alone, and all others wait for its flush.
      await turnEnd();
      await flush(queue.take(limits.batchMax));
    }
    running = false;
  };

  return {
    submit: (command, caller) =>
      new Promise((resolve, reject) => {
        if (!queue.push(caller, { command, resolve, reject })) return reject(new LedgerBusyError());
        if (!running) void drain();
      }),
  };
};
