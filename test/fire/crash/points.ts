import type pg from "pg";
import type { Db } from "../../../src/db/pool.ts";

/** The shell's four statements, and the moment before each is sent and after its reply has come. */
export const points = ["begin", "lock", "write", "commit"].flatMap((statement) =>
  (["before", "after"] as const).map((when) => ({ statement, when })),
);
export type Point = (typeof points)[number];

const statementOf = (text: string): string => {
  if (text.includes("ledger_lock")) return "lock";
  return text.includes("ledger_write") ? "write" : text;
};

/**
 * A database on which something strikes at this point of a transaction, so many times. After it has struck the statement's
 * reply is lost, or the statement was never sent.
 */
export const struckDb = (db: Db, point: Point, times: number, strike: (client: pg.PoolClient) => void): Db => {
  let left = times;
  const struck = (client: pg.PoolClient): pg.PoolClient =>
    new Proxy(client, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property);
        if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
        return async (asked: string | { readonly text: string }) => {
          const isHere = left > 0 && statementOf(typeof asked === "string" ? asked : asked.text) === point.statement;
          if (!isHere) return target.query(asked as string);
          left -= 1;
          if (point.when === "before") strike(target);
          const result = await target.query(asked as string);
          strike(target);
          throw Object.assign(new Error(`Connection terminated ${String(result.command)}`), { code: "08006" });
        };
      },
    });
  const pool = new Proxy(db.pool, {
    get: (target, property) =>
      property === "connect" ? async () => struck(await target.connect()) : Reflect.get(target, property),
  });
  return { pool, close: db.close };
};

/** The connection breaks: what was sent may arrive, no reply will. */
export const cutConnection = (client: pg.PoolClient): void => {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
};
