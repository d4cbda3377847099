import { afterEach, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { adjust, arrive, commit, line, orderTarget, receive, reserve, send } from "../../support/ledger-commands.ts";

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [
    { id: "main", name: "Main" },
    { id: "shop", name: "Shop" },
  ]);
  const ledger = createLedger({
    db: database.db,
    clock: systemClock,
    random: seededRandom(1),
    afterCommit: () => undefined,
  });
  const commands = [
    receive("A", 10, { key: "first" }),
    adjust("A", -1),
    reserve("r", [line("A", 3)]),
    commit("r", [line("A", 1)]),
    send("t", "A", 2),
    arrive("t", "A", 1),
    orderTarget({ sku: "A", hold: 9, at: "2026-11-01T10:00:00.000Z" }),
  ];
  for (const command of commands) await ledger.submit(command);
});
afterEach(async () => {
  await database.drop();
});

const broken = async () =>
  (await checkLedger(database.db)).filter((check) => check.subjects.length > 0).map((check) => check.name);

test("a ledger that nobody touched passes every check", async () => {
  expect(await broken()).toEqual([]);
});

/** The triggers would refuse these; whoever owns the tables can switch them off. */
const faults: readonly (readonly [string, string])[] = [
  ["level-equals-journal", "update stock_level set on_hand = on_hand + 1 where location_id = 'main'"],
  ["level-equals-journal", "insert into stock_level values ('B', 'main', 1, 0, 0, 0, now())"],
  ["balances-exact-and-gapless", "update movement set d_on_hand = 11 where command_key = 'first'"],
  [
    "balances-exact-and-gapless",
    "update movement set recorded_at = recorded_at + interval '1 s' where command_key = 'first'",
  ],
  [
    "answers-have-effects",
    "insert into ledger_command values ('phantom', 'f', '{\"status\":\"done\",\"changed\":true}', now())",
  ],
  ["answers-have-effects", "delete from ledger_command where key = 'first'"],
  ["oversells-are-on-record", "delete from oversell_incident"],
  ["order-lines-equal-journal", "update order_line set hold_units = 8"],
  ["reservations-never-oversell", "update movement set kind = 'reservation' where kind = 'order'"],
  [
    "reservations-equal-journal",
    `update reservation set lines = replace(lines::text, '"releasedUnits":0', '"releasedUnits":1')::json`,
  ],
  ["reservation-states-true", "update reservation set state = 'released'"],
  ["reservations-expire-on-time", "update reservation set expires_at = now() - interval '61 s'"],
  ["transfers-net-to-zero", "update transfer set units_lost = 1"],
  ["transfers-net-to-zero", "delete from transfer"],
  ["journal-is-guarded", "drop trigger movement_is_insert_only on movement_default"],
  ["journal-is-guarded", "alter table ledger_command disable trigger all"],
  ["order-movements-have-lines", "delete from order_line"],
  ["incidents-have-movements", "update oversell_incident set command_key = 'nobody'"],
];
test.each(faults)("%s finds: %s", async (name, fault) => {
  const client = await database.db.pool.connect();
  await client.query("set session_replication_role = replica");
  await client.query(fault);
  client.release(true);
  expect(await broken()).toContain(name);
});

test("one-effect-a-key finds a movement that is there twice", async () => {
  await database.db.pool.query(
    `insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                           reserved_after, incoming_after, level_version, cause_type, cause_id, actor, occurred_at, recorded_at)
     select command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after, reserved_after,
            incoming_after, level_version + 100, cause_type, cause_id, actor, occurred_at, recorded_at
       from movement where command_key = 'first'`,
  );
  expect(await broken()).toContain("one-effect-a-key");
});
