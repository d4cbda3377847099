import type pg from "pg";
import type { Db } from "../../../src/db/pool.ts";

type Asked = string | { readonly text: string };

const textOf = (asked: Asked): string => (typeof asked === "string" ? asked : asked.text);

/**
 * A database whose statements wait to be let through, one a step; `begin` comes with the statement after it, and from the
 * third step on everything passes. Sessions are real: only the moment at which a statement is sent is ours.
 */
export const createGate = (db: Db) => {
  const waiting: (() => void)[] = [];
  let steps = 0;
  let running = 0;
  let pid: number | undefined;
  const isOpen = (): boolean => steps >= 3;

  const pass = (asked: Asked): Promise<void> =>
    isOpen() || textOf(asked) === "begin" ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve));

  const gated = (client: pg.PoolClient): pg.PoolClient =>
    new Proxy(client, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
        return async (asked: Asked, values?: unknown[]) => {
          await pass(asked);
          running += 1;
          try {
            return await (values === undefined
              ? target.query(textOrConfig(asked))
              : target.query(textOf(asked), values));
          } finally {
            running -= 1;
          }
        };
      },
    });
  const pool = new Proxy(db.pool, {
    get: (target, property) => {
      if (property !== "connect") return Reflect.get(target, property);
      return async () => {
        const client = await target.connect();
        pid = (client as unknown as { processID: number }).processID;
        return gated(client);
      };
    },
  });

  return {
    db: { pool, close: db.close } satisfies Db,
    /** Lets the next statement through, with the third step all that are left. */
    step: (): void => {
      steps += 1;
      if (isOpen()) for (const open of waiting.splice(0)) open();
      else waiting.shift()?.();
    },
    /** True when it can be let through one more: the last one has been answered. */
    isWaiting: (): boolean => waiting.length > 0 && running === 0,
    /** The session's backend, once it is connected. */
    pid: (): number | undefined => pid,
  };
};
export type Gate = ReturnType<typeof createGate>;

const textOrConfig = (asked: Asked): string => asked as string;
