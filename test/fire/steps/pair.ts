import type { Db } from "../../../src/db/pool.ts";
import { createGate, type Gate } from "./gate.ts";

export type PairResult = {
  readonly outcomes: readonly [PromiseSettledResult<string>, PromiseSettledResult<string>];
  /** Times a session was found waiting for the other one's lock. */
  readonly blocked: number;
};

const tick = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

/** All ways to merge three steps of each of two sessions. */
export const interleavings: readonly string[] = Array.from({ length: 64 }, (_, bits) =>
  Array.from({ length: 6 }, (__, at) => ((bits >> at) & 1 ? "b" : "a")).join(""),
).filter((order) => order.replaceAll("b", "").length === 3);

/**
 * Two sessions, advanced in this order. One that waits for the other's lock keeps its turns for later. Ends when both have;
 * rejects when neither can go on for 20 s.
 */
export const runPair = async (
  dbs: readonly [Db, Db],
  observer: Db,
  work: readonly [(db: Db) => Promise<string>, (db: Db) => Promise<string>],
  order: string,
): Promise<PairResult> => {
  const gates = [createGate(dbs[0]), createGate(dbs[1])] as const;
  const ended = [false, false];
  let blocked = 0;
  const running = work.map((one, index) =>
    one((gates[index] as Gate).db).finally(() => {
      ended[index] = true;
    }),
  );
  const outcomes = Promise.allSettled(running);

  const isBlocked = async (gate: Gate): Promise<boolean> => {
    const pid = gate.pid();
    if (pid === undefined) return false;
    const { rows } = await observer.pool.query<{ n: number }>("select cardinality(pg_blocking_pids($1)) as n", [pid]);
    return (rows[0]?.n ?? 0) > 0;
  };
  /** Until it waits at its gate, has ended, or hangs on a lock. True when it may be stepped. */
  const settle = async (index: number): Promise<boolean> => {
    const gate = gates[index] as Gate;
    for (let look = 0; look < 20_000; look += 1) {
      if (ended[index]) return false;
      if (gate.isWaiting()) return true;
      if (look % 4 === 3 && (await isBlocked(gate))) {
        blocked += 1;
        return false;
      }
      await tick();
    }
    throw new Error(`session ${index} neither ends nor waits, in order ${order}`);
  };

  for (const who of order) {
    const index = who === "a" ? 0 : 1;
    if (await settle(index)) gates[index]?.step();
    await settle(index);
  }
  // Whoever was blocked when its turns came goes on now.
  while (!(ended[0] && ended[1])) {
    for (const index of [0, 1]) if (!ended[index] && (await settle(index))) gates[index]?.step();
  }
  const [a, b] = await outcomes;
  return { outcomes: [a as PromiseSettledResult<string>, b as PromiseSettledResult<string>], blocked };
};
