import type { Db } from "../../../src/db/pool.ts";

/** From now on the ledger's clock stands where the returned function puts it. */
export const takeClock = async (db: Db): Promise<(at: string) => Promise<void>> => {
  await db.pool.query("create table fire_clock (at timestamptz not null)");
  await db.pool.query("insert into fire_clock values (now())");
  await db.pool.query(
    "create or replace function ledger_clock() returns timestamptz language sql volatile as 'select at from fire_clock'",
  );
  return async (at) => {
    await db.pool.query("update fire_clock set at = $1", [at]);
  };
};
