import type { Contestant } from "./contestant.ts";
import { openOnTables, type ReserveOn } from "./plain-tables.ts";

const step = (name: string, text: string) => ({ name, text });
const known = step("known", "select answer from naive.command where key = $1");
const lock = step("lock", "select on_hand, reserved from naive.level where sku = $1 for update");
const take = step("take", "update naive.level set reserved = reserved + 1 where sku = $1");
const reservation = step("reservation", "insert into naive.reservation values ($1, $2, 1, now())");
const movement = step(
  "movement",
  "insert into naive.movement (key, sku, d_reserved, recorded_at) values ($1, $2, 1, now())",
);
const command = step("command", "insert into naive.command values ($1, 'reserved', now())");

/** One careful transaction each, as most shops' code does it: look, lock, check in the program, write. */
const reserveNaively: ReserveOn = async (client, { key, sku }) => {
  await client.query("begin");
  try {
    const seen = await client.query({ ...known, values: [key] });
    if (seen.rows.length > 0) throw new Error(`the key ${key} was used before`);
    const level = (
      await client.query<{ readonly on_hand: string; readonly reserved: string }>({ ...lock, values: [sku] })
    ).rows[0];
    if (level === undefined || Number(level.on_hand) - Number(level.reserved) < 1) throw new Error("refused");
    await client.query({ ...take, values: [sku] });
    await client.query({ ...reservation, values: [key, sku] });
    await client.query({ ...movement, values: [key, sku] });
    await client.query({ ...command, values: [key] });
    await client.query("commit");
  } catch (error) {
    await client.query("rollback");
    throw error;
  }
};

const reserveByCall: ReserveOn = async (client, { key, sku }) => {
  const { rows } = await client.query<{ readonly answer: string }>({
    name: "reserve-one",
    text: "select one_call.reserve_one($1, $2, 1) as answer",
    values: [key, sku],
  });
  if (rows[0]?.answer !== "reserved") throw new Error("refused");
};

export const openNaive = (url: string): Promise<Contestant> =>
  openOnTables(url, { name: "naive", schema: "naive", reserveOn: reserveNaively });

/** One plpgsql call, its own transaction, a conditional update instead of a lock and a check. */
export const openOneCall = (url: string): Promise<Contestant> =>
  openOnTables(url, { name: "one-call", schema: "one_call", reserveOn: reserveByCall });
