import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../../src/core/clock.ts";
import { seededRandom } from "../../../../src/core/random.ts";
import { inTransaction } from "../../../../src/db/transaction.ts";
import type { Answer } from "../../../../src/ledger/answers.ts";
import { checkLedger } from "../../../../src/ledger/check.ts";
import type { Command } from "../../../../src/ledger/commands.ts";
import { createLane, laneLimits } from "../../../../src/ledger/lane.ts";
import { post } from "../../../../src/ledger/post.ts";
import { levelsOf, upsertLocations } from "../../../../src/ledger/queries.ts";
import { reservationsPage } from "../../../../src/ledger/read-reservations.ts";
import { createTestDatabase, type TestDatabase } from "../../../support/database.ts";
import {
  adjust,
  arrive,
  correct,
  count,
  line,
  orderTarget,
  receive,
  reserve,
  send,
} from "../../../support/ledger-commands.ts";

let database: TestDatabase;

/** As one batch of one lane; the answers as status or refusal. */
const inOneBatch = async (...commands: readonly Command[]): Promise<readonly string[]> => {
  const deps = { db: database.db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined };
  const lane = createLane(deps, laneLimits);
  const texts = await Promise.all(commands.map((command) => lane.submit(command, "test")));
  return texts.map((text) => {
    const answer = JSON.parse(text) as Answer;
    return answer.status === "refused" ? `${answer.refusal} ${answer.field}` : answer.status;
  });
};
const refusedSku = "unknown-sku sku";

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [
    { id: "main", name: "Main" },
    { id: "shop", name: "Shop" },
  ]);
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

test.each<[string, readonly Command[], readonly string[]]>([
  ["adjusted", [adjust("n-1", 1), receive("n-1", 5), adjust("n-1", 1)], [refusedSku, "done", "done"]],
  ["corrected", [correct("n-2", 1, 0), count("n-2", 0), correct("n-2", 1, 0)], [refusedSku, "done", "done"]],
  [
    "reserved",
    [reserve("n-3", [line("n-3", 1)]), receive("n-3", 5), reserve("n-3b", [line("n-3", 1)])],
    ["unknown-sku lines[0].sku", "done", "done"],
  ],
  ["sent away", [send("n-4", "n-4", 1), receive("n-4", 5), send("n-4b", "n-4", 1)], [refusedSku, "done", "done"]],
  [
    "adjusted before an order",
    [adjust("n-5", 1), orderTarget({ sku: "n-5", hold: 1, at: "2026-11-01T10:00:00.000Z" }), adjust("n-5", 1)],
    [refusedSku, "done", "done"],
  ],
  [
    "received, though refused",
    [adjust("n-6", 1), receive("n-6", 2e9), adjust("n-6", 1)],
    [refusedSku, "units-over-limit units", "done"],
  ],
])("a SKU cannot be %s before the command of the same batch that makes it known", async (_name, commands, answers) => {
  expect(await inOneBatch(...commands)).toEqual(answers);
});

test("a SKU that is there before the batch is there for all of it", async () => {
  await inOneBatch(count("there", 0));
  expect(await inOneBatch(adjust("there", 2), receive("there", 1))).toEqual(["done", "done"]);
  expect(await levelsOf(database.db, ["there"])).toMatchObject([{ onHand: 3, version: 2 }]);
});

test("a correction names a movement of its own level, or is refused with the field", async () => {
  await inOneBatch(receive("mend", 5), receive("mend-other", 5));
  const { rows } = await database.db.pool.query<{ id: number }>(
    "select id from movement where sku = any($1) order by sku",
    [["mend", "mend-other"]],
  );
  const [own = 0, other = 0] = rows.map(({ id }) => id);
  expect(
    await inOneBatch(correct("mend", -1, 0, other), correct("mend", -1, 0, 987_654_321), correct("mend", -1, 0, own)),
  ).toEqual(["unknown-movement corrects", "unknown-movement corrects", "done"]);
  expect(await levelsOf(database.db, ["mend"])).toMatchObject([{ onHand: 4 }]);
});

test("a transfer that came up while its receiver waited for another lock is looked for again, not half seen", async () => {
  await inOneBatch(receive("late", 5), receive("late-2", 5));
  const sender = await database.db.pool.connect();
  await sender.query("begin");
  await sender.query("select from stock_level where sku = 'late-2' for update");
  // It looks for the transfer before it waits; then the transfer is there, and its levels were not locked.
  const receiving = inTransaction(database.db, (tx) => post(tx, [arrive("late", "late", 1), adjust("late-2", 1)]));
  const outcome = receiving.catch((error: unknown) => error);
  const waits = "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'";
  while ((await database.db.pool.query(waits)).rowCount === 0);
  await inOneBatch(send("late", "late", 2));
  await sender.query("commit");
  sender.release();
  expect(await outcome).toMatchObject({ code: "40001", message: expect.stringContaining("late") });
  expect(await inOneBatch(arrive("late", "late", 1), adjust("late-2", 1))).toEqual(["done", "done"]);
});

test("a month is made once, by whoever comes first, and nobody fails", async () => {
  const make = () => database.db.pool.query<{ made: boolean }>("select make_movement_month('2160-03-05Z') as made");
  for (let round = 0; round < 5; round += 1) {
    const made = await Promise.all(Array.from({ length: 6 }, make));
    expect(made.filter(({ rows }) => rows[0]?.made)).toHaveLength(1);
    await database.db.pool.query("drop table movement_2160_03");
  }
});

test("reservations of a state that few have are found by an index", async () => {
  const { pool } = database.db;
  await pool.query(
    `insert into reservation (id, state, actor, lines, created_at, updated_at)
     select 'bulk-' || md5(n::text), case when n % 2000 = 0 then 'expired' else 'released' end, 'test',
            '[{"sku":"bulk","locationId":"main","askedUnits":1,"heldUnits":0,"committedUnits":0,"releasedUnits":0}]',
            now(), now()
       from generate_series(1, 20000) n`,
  );
  await pool.query("analyze reservation");
  const plan = await pool.query("explain select id from reservation where state = 'expired' order by id limit 51");
  expect(JSON.stringify(plan.rows)).toContain("reservation_by_state");
  const page = { id: null, sku: null, state: "expired", afterId: null, rowsMax: 51 } as const;
  expect((await reservationsPage(database.db, page)).map(({ state }) => state)).toEqual(Array(10).fill("expired"));
  await pool.query("delete from reservation where id like 'bulk-%'");
});
