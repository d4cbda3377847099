import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { dueReservations } from "../../../src/ledger/due-reservations.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { commit, expire, extend, line, receive, release, reserve } from "../../support/ledger-commands.ts";

let database: TestDatabase;
let ledger: Ledger;
const figures = async (sku: string) => {
  const [level] = await levelsOf(database.db, [sku]);
  return [level?.onHand, level?.reserved, level?.incoming];
};

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [{ id: "main", name: "Main" }]);
  ledger = createLedger({ db: database.db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

test("what is over is given back once, by the database's clock, and was not before", async () => {
  await ledger.submit(receive("timed", 3));
  await database.setClock("2030-01-01T00:00:00.000Z");
  await ledger.submit(reserve("timed", [line("timed", 2)], { ttlMs: 60_000 }));
  await ledger.submit(reserve("longer", [line("timed", 1)], { ttlMs: 60_000 }));
  await ledger.submit(extend("longer", 120_000));
  expect(await dueReservations(database.db, 10)).toEqual([]);
  await database.setClock("2030-01-01T00:01:00.000Z");
  expect(await dueReservations(database.db, 10)).toEqual([{ id: "timed", expiresAt: "2030-01-01T00:01:00.000Z" }]);
  await Promise.all([ledger.submit(expire("timed")), ledger.submit(expire("timed")), ledger.submit(expire("longer"))]);
  expect(await figures("timed")).toEqual([3, 1, 0]);
  expect(await ledger.submit(commit("timed"))).toMatchObject({ refusal: "reservation-expired" });
  await ledger.submit(release("longer"));
});

test("what is recorded never runs backwards for a level, even when the clock does", async () => {
  await database.setClock("2030-02-01T00:00:00.000Z");
  await ledger.submit(receive("backwards", 1));
  await database.setClock("2030-01-01T00:00:00.000Z");
  await ledger.submit(receive("backwards", 1));
  const { rows } = await database.db.pool.query<{ recorded_at: string }>(
    "select recorded_at from movement where sku = 'backwards' order by level_version",
  );
  expect(rows.map((row) => row.recorded_at)).toEqual(["2030-02-01 00:00:00+00", "2030-02-01 00:00:00+00"]);
});
