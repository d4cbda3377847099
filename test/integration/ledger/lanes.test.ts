import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { Sku } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { createLane, type LaneLimits, LedgerBusyError, laneLimits } from "../../../src/ledger/lane.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { adjust, commit, line, receive, reserve } from "../../support/ledger-commands.ts";
import { until } from "../../support/until.ts";

let database: TestDatabase;

const depsOn = (db: Db) => ({ db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
const ledgerOn = (db: Db): Ledger => createLedger(depsOn(db));
const laneOn = (db: Db, limits: Partial<LaneLimits> = {}) => createLane(depsOn(db), { ...laneLimits, ...limits });
const onHand = async (sku: string) => (await levelsOf(database.db, [sku]))[0]?.onHand;

/** A database whose clients do something of their own when a statement is sent. */
const dbWith = (onQuery: (statement: string, send: () => Promise<unknown>) => Promise<unknown>): Db => ({
  close: () => Promise.resolve(),
  pool: new Proxy(database.db.pool, {
    get: (pool, name) =>
      name !== "connect"
        ? Reflect.get(pool, name)
        : async () => {
            const client = await pool.connect();
            return new Proxy(client, {
              get: (target, property) => {
                const value: unknown = Reflect.get(target, property);
                if (property !== "query") return typeof value === "function" ? value.bind(target) : value;
                return (asked: string | { text: string; values: unknown[] }) =>
                  onQuery(typeof asked === "string" ? asked : asked.text, () => target.query(asked as string));
              },
            });
          },
  }),
});

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [{ id: "main", name: "Main" }]);
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

test("one key at the same moment under many SKUs is one effect; the others are told that it is used", async () => {
  const ledgers = [ledgerOn(database.db), ledgerOn(database.db)];
  for (let round = 0; round < 10; round += 1) {
    const skus = Array.from({ length: 8 }, (_, index) => `one-key-${round}-${index}`);
    const answers = await Promise.all(
      skus.map((sku, index) => (ledgers[index % 2] as Ledger).submit(receive(sku, 1, { key: `same key ${round}` }))),
    );
    expect(answers.filter((answer) => answer.status === "done")).toHaveLength(1);
    const refused = answers.filter((answer) => answer.status === "refused");
    expect(new Set(refused.map((answer) => answer.refusal))).toEqual(new Set(["key-reused"]));
    expect((await levelsOf(database.db, skus)).reduce((sum, level) => sum + level.onHand, 0)).toBe(1);
  }
});

test("one reservation id at the same moment under two SKUs is one reservation", async () => {
  const ledger = ledgerOn(database.db);
  const other = ledgerOn(database.db);
  await ledger.submit(receive("same-id-1", 50));
  await ledger.submit(receive("same-id-2", 50));
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all([
      ledger.submit(reserve(`same-${round}`, [line("same-id-1", 1)])),
      other.submit(reserve(`same-${round}`, [line("same-id-2", 1)])),
    ]);
    expect(answers.map((answer) => (answer.status === "refused" ? answer.refusal : "done")).toSorted()).toEqual([
      "done",
      "reservation-exists",
    ]);
  }
});

test("a poisonous command fails alone; its neighbours in the batch get their answers", async () => {
  const lane = laneOn(database.db);
  const poison: Command = { ...receive("poison", 1), sku: "nul \u0000" as Sku };
  const results = await Promise.allSettled(
    [
      ...Array.from({ length: 40 }, () => receive("healthy", 1)),
      poison,
      ...Array.from({ length: 9 }, () => receive("healthy", 1)),
    ].map((command) => lane.submit(command, "test")),
  );
  expect(results.map((result) => result.status).filter((status) => status === "rejected")).toHaveLength(1);
  expect(results[40]?.status).toBe("rejected");
  expect(await onHand("healthy")).toBe(49);
});

test("one caller's thousand commands do not starve another's one", async () => {
  const lane = laneOn(database.db, { batchMax: 50 });
  const order: string[] = [];
  const hog = Array.from({ length: 1_000 }, () => lane.submit(receive("fair", 1), "hog").then(() => order.push("hog")));
  const guest = lane.submit(receive("fair", 1), "guest").then(() => order.push("guest"));
  await Promise.all([...hog, guest]);
  expect(order.indexOf("guest")).toBeLessThan(50);
});

test("a full lane says when to come back, and a caller's full share leaves room for others", async () => {
  const lane = laneOn(database.db, { waitingMax: 30, waitingMaxPerCaller: 20 });
  const results = await Promise.allSettled([
    ...Array.from({ length: 25 }, () => lane.submit(receive("full", 1), "hog")),
    ...Array.from({ length: 15 }, () => lane.submit(receive("full", 1), "guest")),
  ]);
  const refused = results.flatMap((result, index) =>
    result.status === "rejected" ? [[index, result.reason] as const] : [],
  );
  expect(refused.map(([index]) => index)).toEqual([20, 21, 22, 23, 24, 35, 36, 37, 38, 39]);
  for (const [, reason] of refused) {
    expect(reason).toBeInstanceOf(LedgerBusyError);
    expect(reason).toHaveProperty("retryAfterMs", 1_000);
  }
  expect(await onHand("full")).toBe(30);
});

test("a lost answer to COMMIT is resolved by asking again under the same keys", async () => {
  let lost = 0;
  const db = dbWith(async (statement, send) => {
    const result = await send();
    if (statement === "commit" && lost < 2) {
      lost += 1;
      throw new Error("Connection terminated unexpectedly");
    }
    return result;
  });
  const lane = laneOn(db);
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => lane.submit(receive("unknown", 1, { key: `unknown ${index}` }), "test")),
  );
  expect(lost).toBe(2);
  expect(answers.map((answer) => (JSON.parse(answer) as { level: { onHand: number } }).level.onHand)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 1),
  );
  expect(await onHand("unknown")).toBe(20);
});

test("a backend that is killed in mid-batch costs a retry, not a unit", async () => {
  const killOthers = () =>
    database.db.pool.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
    );
  // Once before the write is sent, once right after it: the second may find it committed or not.
  const kills = [true, false];
  const db = dbWith(async (statement, send) => {
    const after = statement.includes("ledger_write") ? kills.pop() : undefined;
    if (after === undefined) return send();
    if (!after) await killOthers();
    const sent = send();
    if (after) await killOthers();
    return sent;
  });
  const ledger = ledgerOn(db);
  await ledgerOn(database.db).submit(receive("killed", 1_000));
  const answers = await Promise.all(
    Array.from({ length: 200 }, (_, index) => ledger.submit(adjust("killed", -1, `killed ${index}`))),
  );
  expect(kills).toEqual([]);
  expect(answers.filter((answer) => answer.status === "done")).toHaveLength(200);
  // The pool may still hand out a connection that was killed while it was idle: not the lane's matter.
  await until(async () => (await onHand("killed").catch(() => undefined)) === 800);
});

test("a deadlock's victim is posted again", async () => {
  let victims = 2;
  const db = dbWith(async (statement, send) => {
    if (!statement.includes("ledger_lock") || victims === 0) return send();
    victims -= 1;
    throw Object.assign(new Error("deadlock detected"), { code: "40P01" });
  });
  expect(await ledgerOn(db).submit(receive("victim", 1))).toMatchObject({ status: "done", level: { onHand: 1 } });
  expect(victims).toBe(0);
});

test("a database that is away rejects everybody once, and the lane works again when it is back", async () => {
  let away = true;
  let tries = 0;
  const gone = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
  const db = dbWith(async (statement, send) => {
    if (statement === "begin") tries += 1;
    if (away) throw gone;
    return send();
  });
  const noWait = { ...depsOn(db), clock: { ...systemClock, sleep: () => Promise.resolve() } };
  const lane = createLane(noWait);
  const results = await Promise.allSettled(Array.from({ length: 64 }, () => lane.submit(receive("away", 1), "test")));
  expect(results.every((result) => result.status === "rejected" && result.reason === gone)).toBe(true);
  expect(tries).toBe(5);
  away = false;
  expect(JSON.parse(await lane.submit(receive("away", 1), "test"))).toMatchObject({ status: "done" });
});

test("commands about one reservation, sent one after the other, keep their order", async () => {
  const ledger = ledgerOn(database.db);
  await ledger.submit(receive("order", 100));
  await Promise.all(
    Array.from({ length: 50 }, async (_, index) => {
      await ledger.submit(reserve(`order-${index}`, [line("order", 2)]));
      const ends = await Promise.all([
        ledger.submit(commit(`order-${index}`, [line("order", 1)])),
        ledger.submit(commit(`order-${index}`)),
      ]);
      expect(ends.map((end) => ("reservation" in end ? end.reservation.state : end.refusal))).toEqual([
        "held",
        "committed",
      ]);
    }),
  );
  expect(await onHand("order")).toBe(0);
});
