import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { findReservation, reservationsPage } from "../../../src/ledger/read-reservations.ts";
import { readTransfer } from "../../../src/ledger/transfer-queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  arrive,
  callOff,
  commit,
  correct,
  count,
  expectUnits,
  giveBack,
  line,
  receive,
  release,
  reserve,
  send,
} from "../../support/ledger-commands.ts";

let database: TestDatabase;
let ledger: Ledger;

const figures = async (sku: string, locationId = "main") => {
  const found = (await levelsOf(database.db, [sku])).find((one) => one.locationId === locationId);
  return found === undefined ? undefined : [found.onHand, found.reserved, found.incoming];
};

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [
    { id: "main", name: "Main" },
    { id: "shop", name: "Shop" },
  ]);
  ledger = createLedger({ db: database.db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

test("a reservation over two SKUs and two locations is held, committed in part, released, and read back", async () => {
  await ledger.submit(receive("kit-1", 5));
  await ledger.submit(receive("kit-2", 9, { at: "shop" }));
  const lines = [line("kit-1", 2), line("kit-2", 4, "shop")];
  const held = await ledger.submit(reserve("r-1", lines));
  expect(held).toMatchObject({ status: "done", reservation: { state: "held" } });
  expect(await figures("kit-2", "shop")).toEqual([9, 4, 0]);
  await ledger.submit(commit("r-1", [line("kit-2", 3, "shop")]));
  const last = await ledger.submit(release("r-1"));
  expect(last).toMatchObject({ reservation: { state: "committed" } });
  expect([await figures("kit-1"), await figures("kit-2", "shop")]).toEqual([
    [5, 0, 0],
    [6, 0, 0],
  ]);
  const stored = await findReservation(database.db, "r-1");
  expect(stored).toMatchObject({
    state: "committed",
    actor: "test",
    lines: "reservation" in last ? last.reservation.lines : [],
  });
  expect(stored?.expiresAt).toBe("reservation" in held ? held.reservation.expiresAt : "");
});

test("a repeated reserve and commit get their first answers byte for byte", async () => {
  await ledger.submit(receive("bytes", 5));
  const asked = reserve('r-"bytes"\\', [line("bytes", 2)], { key: "reserve bytes" });
  const first = await ledger.submitText(asked);
  const done = await ledger.submitText(commit('r-"bytes"\\', null, "commit bytes"));
  expect(await ledger.submitText({ ...asked, actor: "somebody else" })).toBe(first);
  expect(await ledger.submitText(commit('r-"bytes"\\', null, "commit bytes"))).toBe(done);
  expect(await figures("bytes")).toEqual([3, 0, 0]);
});

test("400 concurrent reserves of 100 units hold exactly 100, over two ledgers and with every key sent twice", async () => {
  const other = createLedger({
    db: database.db,
    clock: systemClock,
    random: seededRandom(2),
    afterCommit: () => undefined,
  });
  await ledger.submit(receive("rush", 100));
  const asked = Array.from({ length: 400 }, (_, index) =>
    reserve(`rush-${index}`, [line("rush", 1)], { key: `rush ${index}` }),
  );
  const answers = await Promise.all(asked.flatMap((one) => [ledger.submitText(one), other.submitText(one)]));
  const pairs = asked.map((_, index) => [answers[2 * index], answers[2 * index + 1]]);
  expect(pairs.filter(([a, b]) => a !== b)).toEqual([]);
  expect(pairs.filter(([a]) => a?.includes('"done"'))).toHaveLength(100);
  expect(await figures("rush")).toEqual([100, 100, 0]);
});

test("reserves, commits and releases of reservations that share SKUs crosswise all end", async () => {
  for (const sku of ["x-1", "x-2", "x-3"]) await ledger.submit(receive(sku, 1_000));
  const other = createLedger({
    db: database.db,
    clock: systemClock,
    random: seededRandom(3),
    afterCommit: () => undefined,
  });
  const orders = [
    ["x-1", "x-2", "x-3"],
    ["x-3", "x-2", "x-1"],
    ["x-2", "x-3", "x-1"],
  ] as const;
  await Promise.all(
    Array.from({ length: 300 }, async (_, index) => {
      const [here, there] = index % 2 === 0 ? [ledger, other] : [other, ledger];
      await here.submit(
        reserve(
          `x-${index}`,
          (orders[index % 3] ?? orders[0]).map((sku) => line(sku, 1)),
        ),
      );
      await there.submit(index % 4 === 0 ? release(`x-${index}`) : commit(`x-${index}`));
    }),
  );
  expect(await figures("x-1")).toEqual([775, 0, 0]);
});

test("reservations are listed by id, by SKU and state, page by page", async () => {
  await ledger.submit(receive("listed", 9));
  for (const n of [1, 2, 3]) await ledger.submit(reserve(`l-${n}`, [line("listed", 1)]));
  await ledger.submit(commit("l-2"));
  const page = { id: null, sku: "listed", state: null, afterId: null, rowsMax: 2 };
  const first = await reservationsPage(database.db, page);
  const second = await reservationsPage(database.db, { ...page, afterId: first[1]?.id ?? null });
  expect([...first, ...second].map((one) => one.id)).toEqual(["l-1", "l-2", "l-3"]);
  expect((await reservationsPage(database.db, { ...page, state: "held" })).map((one) => one.id)).toEqual([
    "l-1",
    "l-3",
  ]);
});

test("units in transfer arrive in parts, get lost and come back, and every one is accounted for", async () => {
  await ledger.submit(receive("moved", 10));
  await ledger.submit(send("t-1", "moved", 8));
  expect([await figures("moved"), await figures("moved", "shop")]).toEqual([
    [2, 0, 0],
    [0, 0, 8],
  ]);
  await ledger.submit(arrive("t-1", "moved", 3, 1));
  await ledger.submit(callOff("t-1", "moved"));
  expect([await figures("moved"), await figures("moved", "shop")]).toEqual([
    [6, 0, 0],
    [3, 0, 0],
  ]);
  expect(await readTransfer(database.db, "t-1")).toMatchObject([
    { sentUnits: 8, receivedUnits: 3, lostUnits: 1, returnedUnits: 4 },
  ]);
  await ledger.submit(send("t-2", "moved", 2));
  expect(await ledger.submit({ ...receive("moved", 1, { at: "shop", out: true }) })).toMatchObject({
    refusal: "insufficient-incoming",
  });
});

test("ordered, received, counted, corrected, returned: each has its movement", async () => {
  await ledger.submit(expectUnits("whole", 10));
  await ledger.submit(receive("whole", 8, { out: true }));
  await ledger.submit(count("whole", 7));
  await ledger.submit(correct("whole", 1, -2));
  await ledger.submit(giveBack("whole", 1, true));
  await ledger.submit(giveBack("whole", 5, false));
  expect(await figures("whole")).toEqual([9, 0, 0]);
  const { rows } = await database.db.pool.query<{ kind: string }>(
    "select kind from movement where sku = 'whole' order by level_version",
  );
  expect(rows.map((row) => row.kind)).toEqual(["incoming", "receipt", "count", "correction", "return"]);
});

test("nobody changes a movement behind the ledger's back, in whatever partition it lies", async () => {
  const { rows } = await database.db.pool.query<{ name: string }>(
    "select inhrelid::regclass::text as name from pg_inherits where inhparent = 'movement'::regclass",
  );
  expect(rows.length).toBeGreaterThanOrEqual(4);
  for (const { name } of rows) {
    await expect(database.db.pool.query(`delete from ${name}`)).rejects.toThrow(/insert-only/);
    await expect(database.db.pool.query(`truncate ${name}`)).rejects.toThrow(/insert-only/);
  }
});
