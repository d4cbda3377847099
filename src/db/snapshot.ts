import type { Db } from "./pool.ts";
import { execute, sql, type Tx } from "./sql.ts";
import { allowStatements, inTransaction } from "./transaction.ts";

/**
 * Runs `work` on one unchanging view of the database in which nothing can be written. `timeoutMs` bounds each statement,
 * instead of the pool's own bound.
 */
export const inSnapshot = <Result>(db: Db, timeoutMs: number, work: (tx: Tx) => Promise<Result>): Promise<Result> =>
  inTransaction(db, async (tx) => {
    await execute(tx, sql`set transaction isolation level repeatable read, read only`);
    return work(await allowStatements(tx, timeoutMs));
  });
