import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Db } from "../db/pool.ts";
import { CommitUnknownError, inTransaction, isTransient } from "../db/transaction.ts";
import type { Command } from "./commands.ts";
import { post } from "./post.ts";

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

type Waiting = {
  readonly command: Command;
  readonly resolve: (answer: string) => void;
  readonly reject: (error: unknown) => void;
};

const batchMax = 500;
const waitingMax = 10_000;
const triesMax = 5;

/**
 * One batch in flight, no timer: the next batch is whatever queued while the last one committed. An idle lane costs one
 * flush; a hot SKU shares one among all its callers. Row locks keep it right with any number of lanes and processes.
 */
export class Lane {
  readonly #deps: LaneDeps;
  readonly #waiting: Waiting[] = [];
  #running = false;

  constructor(deps: LaneDeps) {
    this.#deps = deps;
  }

  /** The command's answer as stored text, after it is durable. */
  submit(command: Command): Promise<string> {
    if (this.#waiting.length >= waitingMax) return Promise.reject(new LedgerBusyError());
    return new Promise((resolve, reject) => {
      this.#waiting.push({ command, resolve, reject });
      if (!this.#running) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#running = true;
    try {
      while (this.#waiting.length > 0) await this.#flush(this.#waiting.splice(0, batchMax));
    } finally {
      this.#running = false;
    }
  }

  async #flush(batch: readonly Waiting[]): Promise<void> {
    try {
      const answers = await this.#postWithRetry(batch.map((waiting) => waiting.command));
      batch.forEach((waiting, index) => {
        waiting.resolve(answers[index] as string);
      });
    } catch (error) {
      const [only] = batch;
      if (batch.length === 1 && only !== undefined) return only.reject(error);
      // One poisonous command must not fail its neighbours: halve until it stands alone.
      const half = Math.ceil(batch.length / 2);
      await this.#flush(batch.slice(0, half));
      await this.#flush(batch.slice(half));
    }
  }

  async #postWithRetry(commands: readonly Command[]): Promise<readonly string[]> {
    const { db, clock, random } = this.#deps;
    for (let attempt = 1; ; attempt += 1) {
      try {
        const answers = await inTransaction(db, (tx) => post(tx, commands, clock));
        this.#deps.afterCommit();
        return answers;
      } catch (error) {
        // Unknown outcome and a key raced from elsewhere end the same way: post again, the keys tell what happened.
        const again = error instanceof CommitUnknownError || isTransient(error) || isKeyRace(error);
        if (!again || attempt >= triesMax) throw error;
        await clock.sleep(Math.round(20 * 2 ** attempt * (0.5 + random())));
      }
    }
  }
}

const isKeyRace = (error: unknown): boolean => (error as { code?: string } | undefined)?.code === "23505";
