import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { type Db, openDb } from "../../src/db/pool.ts";

export type TestDatabase = {
  readonly db: Db;
  readonly url: string;
  /** From now on the ledger's clock stands at this time (ISO). */
  setClock(at: string): Promise<void>;
  drop(): Promise<void>;
};

const withAdmin = async (work: (client: pg.Client) => Promise<void>): Promise<void> => {
  const url = new URL(inject("postgresUrl"));
  url.pathname = "/postgres";
  const client = new pg.Client({ connectionString: url.href });
  await client.connect();
  try {
    await work(client);
  } finally {
    await client.end();
  }
};

const openTestDb = (url: string): Db =>
  openDb({ url, connectionsMax: 10, applicationName: "test", onIdleError: () => undefined });

/**
 * A migrated database of the caller's own, copied from the run's template, or from another one of the caller's to which
 * nobody is connected (a backup).
 */
export const createTestDatabase = async (from = inject("postgresUrl")): Promise<TestDatabase> => {
  const template = new URL(from);
  const name = `test_${randomUUID().replaceAll("-", "")}`;
  await withAdmin(async (client) => {
    // Copying a template allows no other session on it: tests of one run take turns.
    await client.query("select pg_advisory_lock(1)");
    await client.query(`create database ${name} template ${template.pathname.slice(1)}`);
  });
  template.pathname = `/${name}`;
  return reopenTestDatabase(template.href);
};

/** The database of that address, after its pool was closed. */
export const reopenTestDatabase = (url: string): TestDatabase => {
  const db = openTestDb(url);
  let hasClock = false;
  const name = new URL(url).pathname.slice(1);
  return {
    db,
    url,
    setClock: async (at) => {
      if (hasClock) {
        await db.pool.query("update test_clock set at = $1", [at]);
        return;
      }
      hasClock = true;
      await db.pool.query("create table if not exists test_clock (at timestamptz not null)");
      await db.pool.query("with gone as (delete from test_clock) insert into test_clock values ($1)", [at]);
      await db.pool.query(
        "create or replace function ledger_clock() returns timestamptz language sql volatile as 'select at from test_clock'",
      );
    },
    drop: async () => {
      await db.close();
      await withAdmin(async (client) => {
        await client.query(`drop database if exists ${name} with (force)`);
      });
    },
  };
};
