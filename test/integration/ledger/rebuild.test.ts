import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { compareLevels, mendLevels } from "../../../src/ledger/rebuild.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { adjust, line, receive, reserve } from "../../support/ledger-commands.ts";

let database: TestDatabase;
let ledger: Ledger;
beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [{ id: "main", name: "Main" }]);
  ledger = createLedger({ db: database.db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
  await ledger.submit(receive("A", 10));
  await ledger.submit(reserve("r", [line("A", 3)]));
  await ledger.submit(receive("B", 4));
});
afterAll(async () => {
  await database.drop();
});
beforeEach(async () => {
  await database.db.pool.query("delete from outbox");
});

/** Past triggers and foreign keys, as only a superuser can. */
const plant = async (...faults: readonly string[]): Promise<void> => {
  const client = await database.db.pool.connect();
  await client.query("set session_replication_role = replica");
  for (const fault of faults) await client.query(fault);
  client.release(true);
};
const brokenChecks = async () =>
  (await checkLedger(database.db)).filter(({ subjects }) => subjects.length > 0).map(({ name }) => name);

test("levels that are the sum of their movements are found equal and left alone", async () => {
  expect(await compareLevels(database.db)).toEqual({ levels: 2, differences: [] });
});

test("a level that is wrong and one that is gone are named and mended, and their listings looked at again", async () => {
  await plant(
    "update stock_level set on_hand = 99, version = 7 where sku = 'A'",
    "delete from stock_level where sku = 'B'",
  );
  const { differences } = await compareLevels(database.db);
  expect(differences).toEqual([
    {
      sku: "A",
      locationId: "main",
      stored: { onHand: 99, reserved: 3, incoming: 0, version: 7 },
      journal: { onHand: 10, reserved: 3, incoming: 0, version: 2 },
    },
    { sku: "B", locationId: "main", stored: null, journal: { onHand: 4, reserved: 0, incoming: 0, version: 1 } },
  ]);
  expect(await mendLevels(database.db, differences)).toMatchObject([{ failure: null }, { failure: null }]);
  expect(await compareLevels(database.db)).toEqual({ levels: 2, differences: [] });
  expect(await brokenChecks()).toEqual([]);
  const owed = await database.db.pool.query("select subject from outbox order by subject");
  expect(owed.rows).toEqual([{ subject: "A" }, { subject: "B" }]);
  expect(await ledger.submit(adjust("B", -1))).toMatchObject({ level: { onHand: 3, version: 2 } });
});

test("levels are mended beside writers: nothing of theirs is lost", async () => {
  await ledger.submit(receive("C", 1_000));
  const writing = Promise.all(Array.from({ length: 200 }, () => ledger.submit(adjust("C", -1))));
  for (let turn = 0; turn < 5; turn += 1) {
    await plant("update stock_level set incoming = incoming + 1 where sku = 'C'");
    const { differences } = await compareLevels(database.db);
    expect(differences.map(({ sku }) => sku)).toEqual(["C"]);
    await mendLevels(database.db, differences);
  }
  await writing;
  expect(await levelsOf(database.db, ["C"])).toMatchObject([{ onHand: 800, incoming: 0 }]);
  // What was written while the fault stood carries it: the journal shows where, and nothing hides it.
  expect((await compareLevels(database.db)).differences).toEqual([]);
});

test("a level that the journal puts below what may be is left as it is, with the reason", async () => {
  await ledger.submit(receive("D", 5));
  await plant("update movement set d_reserved = -2 where sku = 'D'");
  const { differences } = await compareLevels(database.db);
  const [mended] = await mendLevels(database.db, differences);
  expect(mended).toMatchObject({ sku: "D", failure: expect.stringContaining("reserved") });
  expect(await levelsOf(database.db, ["D"])).toMatchObject([{ onHand: 5, reserved: 0 }]);
});
