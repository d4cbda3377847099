import { setImmediate } from "node:timers/promises";
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
import { type Assumed, assume } from "./assume.ts";
import type { Command } from "./commands.ts";
import { createFairQueue } from "./fair-queue.ts";
import { besideFrom, createFlights } from "./flights.ts";
import { createLevelMemory, type LevelMemory } from "./memory.ts";
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
  /** By how much the end of a reservation may miss the database's clock when it was decided ahead. */
  readonly clockSlackMs: number;
};
export const laneLimits: LaneLimits = {
  batchMax: 500,
  waitingMax: 10_000,
  waitingMaxPerCaller: 5_000,
  clockSlackMs: 100,
};

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
/** After an assumption that was wrong others are writing too: for so long, look first. */
const lookFirstMs = 100;

/**
 * No timer: the next batch is whatever queued while others were under way. An idle lane costs one flush; a hot SKU shares
 * one among all its callers. Row locks keep it right with any number of lanes and processes.
 *
 * A batch of reservations on levels that are remembered is decided ahead and sent behind the one under way, so that
 * neither waits for the other. Whatever else, and whatever turned out to be assumed wrongly, locks and looks first, alone.
 */
export const createLane = (
  deps: LaneDeps,
  limits: LaneLimits = laneLimits,
  memory: LevelMemory = createLevelMemory(),
): Lane => {
  const { db, clock, random } = deps;
  const queue = createFairQueue<Waiting>({
    itemsMax: limits.waitingMax,
    itemsMaxPerCaller: limits.waitingMaxPerCaller,
  });
  let running = false;
  let lookFirstUntilMs = 0;

  const postOnce = (commands: readonly Command[]): Promise<readonly string[]> =>
    inShortTransaction(db, async (tx) => {
      const { answers, write, levels, clockAt } = await prepare(tx, commands);
      memory.hear(clockAt, clock.monotonicMs());
      return { result: { answers, levels }, last: write };
    }).then(({ answers, levels }) => {
      memory.keep(levels);
      return answers;
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

  const answer = (batch: readonly Waiting[], answers: readonly string[]): void => {
    for (const [index, waiting] of batch.entries()) waiting.resolve(answers[index] as string);
    deps.afterCommit();
  };

  const flush = async (batch: readonly Waiting[]): Promise<void> => {
    try {
      answer(batch, await postWithRetry(batch.map((waiting) => waiting.command)));
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

  const flights = createFlights(db);

  const assumeFor = (batch: readonly Waiting[]): Assumed | undefined => {
    const monotonicMs = clock.monotonicMs();
    if (monotonicMs < lookFirstUntilMs) return undefined;
    const commands = batch.map((waiting) => waiting.command);
    try {
      return assume(memory, commands, { monotonicMs, clockSlackMs: limits.clockSlackMs });
    } catch {
      // A command that cannot be decided at all is found in `flush`, where it fails alone.
      return undefined;
    }
  };

  /** False: it cannot be decided ahead, and nothing was done. */
  const sendAhead = (batch: readonly Waiting[]): boolean => {
    const assumed = assumeFor(batch);
    if (assumed === undefined) return false;
    memory.keep(assumed.levels);
    flights.send(assumed.statement, batch.length, {
      landed: (clockAt) => {
        memory.hear(clockAt, clock.monotonicMs());
        answer(batch, assumed.answers);
      },
      failed: async () => {
        memory.forget(assumed.levels);
        lookFirstUntilMs = clock.monotonicMs() + lookFirstMs;
        await flush(batch);
      },
    });
    return true;
  };

  const drain = async (): Promise<void> => {
    running = true;
    let wentAhead = false;
    while (queue.length > 0 || flights.count > 0) {
      await flights.room(() => queue.length);
      // Not a timer: whoever sends again in this very turn of the event loop, having just been answered, still gets in.
      await setImmediate();
      if (queue.length === 0) continue;
      // Who all waited for one batch are made two, of which the second goes behind the first.
      const isSplit = wentAhead && flights.count === 0 && queue.length >= 2 * besideFrom;
      const batch = queue.take(Math.min(limits.batchMax, isSplit ? Math.ceil(queue.length / 2) : queue.length));
      wentAhead = sendAhead(batch);
      if (wentAhead) continue;
      await flights.end();
      await flush(batch);
    }
    await flights.end();
    running = false;
    if (queue.length > 0) void drain();
  };

  return {
    submit: (command, caller) =>
      new Promise((resolve, reject) => {
        if (!queue.push(caller, { command, resolve, reject })) return reject(new LedgerBusyError());
        if (running) flights.grew(queue.length);
        else void drain();
      }),
  };
};
