import { afterAll, beforeAll, expect, test } from "vitest";
import { grantAppRole } from "../../../src/db/app-role.ts";
import { migrate } from "../../../src/db/migrate.ts";
import { type Db, openDb } from "../../../src/db/pool.ts";
import { invariants, runInvariant } from "../../../src/jobs/check-invariants.ts";
import { makeMovementMonths } from "../../../src/ledger/partitions.ts";
import { stockAt } from "../../../src/ledger/past-stock.ts";
import { compareLevels, mendLevels } from "../../../src/ledger/rebuild.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { withEmptyDatabase } from "../../support/empty-database.ts";
import { JobBench } from "../../support/job-bench.ts";
import { arrive, commit, line, orderTarget, receive, reserve, send } from "../../support/ledger-commands.ts";

const role = "lockstep_role_test";
let owner: TestDatabase;
let db: Db;
let bench: JobBench;

const openAs = (url: string, sessionRole?: string): Db =>
  openDb({ url, role: sessionRole, connectionsMax: 5, applicationName: "test", onIdleError: () => undefined });

beforeAll(async () => {
  owner = await createTestDatabase();
  await owner.setClock("2026-11-25T00:00:00.000Z");
  const changed = await Promise.all([1, 2, 3].map(() => grantAppRole(owner.url, role)));
  expect(changed.filter((count) => count > 0)).toHaveLength(1);
  db = openAs(owner.url, role);
  bench = await JobBench.open({ ...owner, db });
});
afterAll(async () => {
  await db.close();
  await owner.drop();
});

test("as the role stock is received, reserved, sent, sold, pushed, confirmed, sealed and checked", async () => {
  await bench.stocked("MUG", 5, 9);
  const { ledger } = bench.deps;
  await ledger.submit(receive("A", 10));
  await ledger.submit(reserve("r", [line("A", 3)], { ttlMs: 1_000 }));
  await ledger.submit(commit("r", [line("A", 1)]));
  await db.pool.query("insert into location values ('shop', 'Shop')");
  await ledger.submit(send("t", "A", 2));
  await ledger.submit(arrive("t", "A", 1));
  await ledger.submit(orderTarget({ sku: "A", hold: 99, at: "2026-11-01T10:00:00.000Z" }));
  bench.clock.advance(60_000);
  for (const job of [
    "expire-reservations",
    "publish-events",
    "confirm-pushes",
    "seal-ledger",
    "check-invariants",
  ] as const)
    await bench.run(job);
  expect((await bench.rows("select from push_attempt where state = 'applied'")).length).toBeGreaterThan(0);
  expect((await bench.rows("select from ledger_log_head")).length).toBeGreaterThan(0);
  expect(await bench.rows("select name, failure from invariant_result where failure is not null")).toEqual([]);
  const past = await stockAt(db, ["A"], { time: bench.clock.iso(), asKnown: true });
  expect(past.levels).toMatchObject([{ locationId: "main" }, { locationId: "shop", onHand: 1 }]);
  await bench.database.setClock("2029-05-01T00:00:00.000Z");
  expect(await makeMovementMonths(db)).toBe(3);
  expect((await compareLevels(db)).differences).toEqual([]);
  expect(await mendLevels(db, [{ sku: "A", locationId: "main" }])).toMatchObject([{ failure: null }]);
  for (const check of invariants)
    expect((await runInvariant({ db, clock: bench.clock }, check, 60_000)).failure).toBeNull();
});

const written = [
  "movement",
  "movement_default",
  "ledger_command",
  "oversell_incident",
  "ledger_log_batch",
  "ledger_log_head",
  "audit_entry",
  "api_request",
];
test.each(written)("as the role nothing of %s can be changed, removed or emptied", async (table) => {
  const column = await columnOf(table);
  for (const statement of [`update ${table} set ${column} = ${column}`, `delete from ${table}`, `truncate ${table}`])
    await expect(db.pool.query(statement), statement).rejects.toMatchObject({
      code: "42501",
      message: expect.stringMatching(/^permission denied for table/),
    });
});
const columnOf = async (table: string): Promise<string> => {
  const { rows } = await owner.db.pool.query<{ name: string }>(
    "select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and attidentity = '' and not attisdropped limit 1",
    [table],
  );
  return rows[0]?.name ?? "";
};

test("as the role no trigger is switched off and no table made, dropped or emptied", async () => {
  for (const statement of [
    "alter table movement disable trigger all",
    "drop table movement_default",
    "create table public.more (n int)",
    "set session_replication_role = replica",
    "truncate stock_level",
  ])
    await expect(db.pool.query(statement), statement).rejects.toMatchObject({ code: "42501" });
});

test("granting again changes nothing, and takes back what was given beyond it", async () => {
  expect(await grantAppRole(owner.url, role)).toBe(0);
  await owner.db.pool.query(`grant update, delete on movement to ${role}`);
  expect(await grantAppRole(owner.url, role)).toBe(1);
  await expect(db.pool.query("delete from movement")).rejects.toMatchObject({ code: "42501" });
});

test("a login of its own that is only a member of the role starts a migrated database, and cannot migrate", async () => {
  const login = new URL(owner.url);
  login.username = "lockstep_login_test";
  login.password = "secret";
  await owner.db.pool.query(`create role lockstep_login_test login password 'secret' in role ${role}`);
  expect(await migrate(login.href, () => undefined)).toEqual([]);
  const plain = openAs(login.href);
  try {
    await expect(plain.pool.query("delete from movement")).rejects.toMatchObject({ code: "42501" });
    expect((await plain.pool.query("select from stock_level")).rowCount).toBeGreaterThan(0);
  } finally {
    await plain.close();
    await owner.db.pool.query("drop role lockstep_login_test");
  }
});

test("an owner, a superuser and a name that is none are refused as the role", async () => {
  const current = await owner.db.pool.query<{ name: string }>("select current_user as name");
  await expect(grantAppRole(owner.url, current.rows[0]?.name ?? "")).rejects.toThrow(/superuser or owns/);
  await expect(grantAppRole(owner.url, 'x"; drop')).rejects.toThrow(/not a role's name/);
});

test("an owner that is no superuser makes the role if it may make roles, and else says who must", async () => {
  await withEmptyDatabase(async (url) => {
    const admin = openAs(url);
    const own = new URL(url);
    own.username = "lockstep_owner_test";
    own.password = "secret";
    try {
      await admin.pool.query("create role lockstep_owner_test login password 'secret'");
      await admin.pool.query(`alter database ${own.pathname.slice(1)} owner to lockstep_owner_test`);
      await migrate(own.href, () => undefined);
      await expect(grantAppRole(own.href, "lockstep_role_made")).rejects.toThrow(
        /create role lockstep_role_made nologin/,
      );
      await admin.pool.query("alter role lockstep_owner_test createrole");
      expect(await grantAppRole(own.href, "lockstep_role_made")).toBeGreaterThan(20);
      const working = openAs(own.href, "lockstep_role_made");
      await working.pool.query("select from movement");
      await expect(working.pool.query("delete from movement")).rejects.toMatchObject({ code: "42501" });
      await working.close();
    } finally {
      await admin.close();
    }
  });
});
