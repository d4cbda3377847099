import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { type Db, openDb } from "../../../src/db/pool.ts";
import { inSnapshot } from "../../../src/db/snapshot.ts";
import { execute, queryOne, sql } from "../../../src/db/sql.ts";
import { CommitUnknownError, inTransaction, isTransient } from "../../../src/db/transaction.ts";
import { type Proxy, startProxy } from "../../chaos/proxy.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let proxy: Proxy;
let db: Db;
beforeEach(async () => {
  database = await createTestDatabase();
  const url = new URL(database.url);
  proxy = await startProxy(Number(url.port));
  url.port = String(proxy.port);
  db = openDb({
    url: url.href,
    connectionsMax: 2,
    applicationName: "test",
    onIdleError: () => undefined,
    answerMsMax: 600,
  });
});
afterEach(async () => {
  await db.close();
  await proxy.close();
  await database.drop();
});

const one = () => queryOne(db, z.object({ n: z.number() }), sql`select 1 as n`);
/** The way to the server forgets its connections: they stay open, and nothing ever comes back. */
const forget = (): void => {
  proxy.set({ kind: "silent" });
  proxy.set({ kind: "open" }, true);
};

test("a statement on a connection that the way has forgotten fails, and the next one has a new connection", async () => {
  expect(await one()).toEqual({ n: 1 });
  forget();
  const failure = await one().then(
    () => undefined,
    (error: Error) => error,
  );
  expect(isTransient(failure)).toBe(true);
  expect(await one()).toEqual({ n: 1 });
});

test("a transaction whose commit is never answered has an unknown outcome, and does not wait for ever", async () => {
  const work = inTransaction(db, async (tx) => {
    await execute(tx, sql`select 1`);
    forget();
  });
  await expect(work).rejects.toBeInstanceOf(CommitUnknownError);
  expect(await one()).toEqual({ n: 1 });
});

test("where a statement may take longer, its answer is waited for as long", async () => {
  const slept = await inSnapshot(db, 5_000, (tx) =>
    queryOne(tx, z.object({ slept: z.string() }), sql`select pg_sleep(1)::text as slept`),
  );
  expect(slept).toEqual({ slept: "" });
  await expect(execute(db, sql`select pg_sleep(1)`)).rejects.toThrow("Query read timeout");
});
