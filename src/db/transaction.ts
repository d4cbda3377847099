import type pg from "pg";
import type { Db } from "./pool.ts";
import { answerMarginMs } from "./pool.ts";
import { execute, type HotStatement, sql, type Tx } from "./sql.ts";

/** The same transaction, in which each statement may take so long instead of what the pool allows. */
export const allowStatements = async (tx: Tx, timeoutMs: number): Promise<Tx> => {
  await execute(tx, sql`select set_config('statement_timeout', ${String(timeoutMs)}, true)`);
  return { ...tx, answerMsMax: timeoutMs + answerMarginMs };
};

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

/**
 * The same in two round trips, for work of two statements: `begin` travels with the first and `commit` with `last`.
 * Errors as in `inTransaction`; a lost connection after `last` was sent is a `CommitUnknownError`, because the commit
 * may have arrived with it.
 */
export const inShortTransaction = async <Result>(
  db: Db,
  work: (tx: Tx) => Promise<{ readonly result: Result; readonly last: HotStatement | undefined }>,
): Promise<Result> => {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  try {
    const begun = client.query("begin");
    const worked = await Promise.allSettled([begun, work({ client } as unknown as Tx)]);
    const [began, done] = worked;
    if (began.status === "rejected" || done.status === "rejected") {
      await client.query("rollback").catch((rollbackError: Error) => {
        broken = rollbackError;
      });
      throw began.status === "rejected" ? began.reason : (done as PromiseRejectedResult).reason;
    }
    const { result, last } = done.value;
    const wrote = last === undefined ? undefined : client.query({ ...last, values: [...last.values] });
    const [written, committed] = await Promise.allSettled([wrote, client.query("commit")]);
    if (committed.status === "rejected") {
      broken = committed.reason as Error;
      throw new CommitUnknownError(committed.reason);
    }
    // After a failed statement Postgres answers COMMIT with ROLLBACK: nothing of it is there.
    if (written.status === "rejected") throw written.reason;
    if (committed.value.command !== "COMMIT") throw new Error(`COMMIT was answered with ${committed.value.command}`);
    return result;
  } finally {
    client.removeListener("error", onError);
    client.release(broken);
  }
};

/** A connection kept for statements that are each a transaction of their own and need not wait for one another's answer. */
export interface StatementLine {
  /** The rows, once committed. A rejection says no more than that it may not be there: ask again under the same keys. */
  send(statement: HotStatement): Promise<readonly unknown[]>;
  /** Gives the connection back; nothing may be under way. */
  close(): void;
}

export const openStatementLine = async (db: Db): Promise<StatementLine> => {
  const client = await db.pool.connect();
  let broken: Error | undefined;
  const onError = (error: Error): void => {
    broken = error;
  };
  client.on("error", onError);
  return {
    send: async (statement) => {
      try {
        return (await client.query({ ...statement, values: [...statement.values] })).rows;
      } catch (error) {
        // Not what the database answers to a statement: the connection itself is in doubt.
        if (!/^[0-9A-Z]{5}$/.test(codeOf(error))) broken = error as Error;
        throw error;
      }
    },
    close: () => {
      client.removeListener("error", onError);
      client.release(broken);
    },
  };
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
  return /ECONNREFUSED|ECONNRESET|EPIPE|Connection terminated|not queryable|timeout exceeded when trying to connect|Query read timeout/.test(
    message,
  );
};

/** True when the database, or the way to it, was not there: the outcome may be unknown, and the same may be tried again soon. */
export const isDatabaseAway = (error: unknown): boolean => error instanceof CommitUnknownError || isTransient(error);

const codeOf = (error: unknown): string => {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : "";
};

/** True when another transaction has written the same key at the same moment. */
export const isUniqueViolation = (error: unknown): boolean => codeOf(error) === "23505";

/**
 * True when the values themselves are at fault: Postgres would not take them (classes 22, 23, 42, 54), or our own code
 * threw. The same without the value at fault may go through.
 */
export const isDataError = (error: unknown): boolean =>
  !(error instanceof CommitUnknownError) && !isTransient(error) && /^$|^(22|23|42|54)/.test(codeOf(error));
