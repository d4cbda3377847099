import type { Random } from "../../src/core/random.ts";
import type { Db } from "../../src/db/pool.ts";
import type { Engine, Result } from "./engine.ts";
import type { FaultBox } from "./faults.ts";
import type { Process, World } from "./world.ts";

type Turn = { readonly client: SimClient; readonly take: () => void };

/** Statements that look at the server's clock, by themselves or in a function. */
const asksTime = /\bnow\(\)|clock|\bledger_(?:lock|write)\b|make_movement_month/;

/** Just after these were committed a process had best not stop: faults look for it. */
const delicate = /insert into (?:push_attempt|inbox|account_cursor)|update outbox/;
const commitsWeigh = { delicate: 30, other: 5 } as const;

const lost = (): Error => new Error("Connection terminated unexpectedly");

/**
 * One Postgres session for all processes: a transaction has it to itself, everybody else waits for its end. What happens
 * inside one transaction is whole; between statements of different transactions anything may come.
 */
export class Session {
  readonly engine: Engine;
  readonly world: World;
  readonly faults: FaultBox;
  #holder: SimClient | undefined;
  readonly #waiting: Turn[] = [];
  /** What to do when a fault strikes a process between two statements. */
  misfortune: (process: Process, kind: "kill" | "freeze") => void = () => undefined;

  constructor(world: World, engine: Engine, faults: FaultBox) {
    this.world = world;
    this.engine = engine;
    this.faults = faults;
  }

  run(text: string, values: readonly unknown[]): Result {
    if (asksTime.test(text)) this.engine.tellTime(this.world.nowMs);
    return this.engine.run(text, values);
  }

  isHeldBy(client: SimClient): boolean {
    return this.#holder === client;
  }

  acquire(client: SimClient): Promise<void> {
    if (this.#holder === undefined) {
      this.#holder = client;
      return Promise.resolve();
    }
    return new Promise((resolve) => this.#waiting.push({ client, take: resolve }));
  }

  release(client: SimClient): void {
    if (this.#holder !== client) return;
    this.#holder = undefined;
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      if (!next.client.process.isAlive) continue;
      this.#holder = next.client;
      return next.take();
    }
  }

  /** The process died, or froze for longer than an idle transaction may last: its transaction is rolled back. */
  cutOff(process: Process): void {
    const holder = this.#holder;
    if (holder?.process !== process) return;
    this.run("rollback", []);
    holder.isBroken = true;
    this.release(holder);
  }
}

/** What production knows as a pool client, on the shared session. */
class SimClient {
  readonly process: Process;
  isBroken = false;
  readonly #session: Session;
  readonly #random: Random;
  #last: Promise<unknown> = Promise.resolve();
  #isDelicate = false;

  constructor(session: Session, process: Process, random: Random) {
    this.#session = session;
    this.process = process;
    this.#random = random;
  }

  on(): this {
    return this;
  }
  removeListener(): this {
    return this;
  }
  release(): void {
    this.#session.release(this);
  }

  query(asked: string | { readonly text: string; readonly values?: readonly unknown[] }, values?: readonly unknown[]) {
    const text = typeof asked === "string" ? asked : asked.text;
    const given = typeof asked === "string" ? (values ?? []) : (asked.values ?? []);
    const done = this.#last.then(() => this.#run(text, given));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #run(text: string, values: readonly unknown[]): Promise<Result> {
    const session = this.#session;
    await this.process.pause(1 + Math.floor(this.#random() * 3));
    if (this.isBroken) throw lost();
    const inTransaction = session.isHeldBy(this);
    if (text === "begin") this.#isDelicate = false;
    else if (delicate.test(text)) this.#isDelicate = true;
    if (!inTransaction) await session.acquire(this);
    const isEnd = text === "commit" || text === "rollback";
    const keeps = text === "begin" || (inTransaction && !isEnd);
    try {
      if (!isEnd && session.faults.strikes("connection-lost")) {
        if (inTransaction) session.run("rollback", []);
        this.isBroken = true;
        session.release(this);
        throw lost();
      }
      if (text === "commit" && session.faults.strikes("commit-unknown")) {
        session.run(this.#random() < 0.5 ? "commit" : "rollback", []);
        this.isBroken = true;
        throw lost();
      }
      return session.run(text, values);
    } finally {
      if (!keeps) session.release(this);
      await this.#reply(text === "commit");
    }
  }

  /** The server is done; now the process hears of it, if nothing befalls it first. */
  async #reply(isCommit: boolean): Promise<void> {
    const { faults, misfortune } = this.#session;
    const times = isCommit ? commitsWeigh[this.#isDelicate ? "delicate" : "other"] : 1;
    if (faults.strikes("killed-at-statement", true, times)) misfortune(this.process, "kill");
    else if (faults.strikes("frozen-at-statement", true, times)) misfortune(this.process, "freeze");
    else if (!isCommit) return;
    await this.process.pause(1);
  }
}

export const openSimDb = (session: Session, process: Process): Db => {
  const random = session.world.random(`db/${process.name}`);
  const pool = {
    connect: async () => new SimClient(session, process, random),
    query: (text: string, values?: readonly unknown[]) => new SimClient(session, process, random).query(text, values),
  };
  return { pool: pool as unknown as Db["pool"], close: () => Promise.resolve() };
};
