import type pg from "pg";
import type { Db } from "./pool.ts";
import type { Tx } from "./sql.ts";

/** COMMIT failed or its answer was lost: the work may be there or not. Ask again under the same keys. */
export class CommitUnknownError extends Error {
  constructor(cause: unknown) {
    super("the outcome of COMMIT is unknown", { cause });
    this.name = "CommitUnknownError";
  }
}

/**
 * Runs `work` in one transaction (READ COMMITTED). Errors before COMMIT roll back and are rethrown; an error at COMMIT
 * becomes `CommitUnknownError` and is never treated as a rollback.
 */
export const inTransaction = async <Result>(db: Db, work: (tx: Tx) => Promise<Result>): Promise<Result> => {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  try {
    await client.query("begin");
    let result: Result;
    try {
      result = await work({ client } as unknown as Tx);
    } catch (error) {
      await client.query("rollback").catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw error;
    }
    try {
      await client.query("commit");
    } catch (error) {
      broken = error as Error;
      throw new CommitUnknownError(error);
    }
    return result;
  } finally {
    client.removeListener("error", onError);
    client.release(broken);
  }
};

const transientCodes = new Set([
  "40001",
  "40P01",
  "55P03",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "08006",
  "08003",
  "08000",
]);

/** True for errors after which the same work may simply be tried again: deadlock, restart, lost connection. */
export const isTransient = (error: unknown): boolean => {
  const code = (error as pg.DatabaseError | undefined)?.code;
  if (code !== undefined && transientCodes.has(code)) return true;
  const message = error instanceof Error ? error.message : "";
  return /ECONNREFUSED|ECONNRESET|EPIPE|Connection terminated|timeout exceeded when trying to connect/.test(message);
};
