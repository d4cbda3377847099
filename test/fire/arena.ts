import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { migrate } from "../../src/db/migrate.ts";
import { openDb } from "../../src/db/pool.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import type { FireDatabase } from "./campaign.ts";

export type ArenaDatabase = FireDatabase & { drop(): Promise<void> };

export type Arena = {
  /** A migrated database, or a copy of another one to which nobody is connected. */
  database(from?: string): Promise<ArenaDatabase>;
  stop(): Promise<void>;
};

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** A Postgres that may be shot at, in a folder that is thrown away. */
export const openArena = async (): Promise<Arena> => {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-fire-"));
  const postgres = await startPostgres({ dataDir, log: quiet });
  await migrate(postgres.url, () => undefined);
  const asAdmin = async (statement: string): Promise<void> => {
    const url = new URL(postgres.url);
    url.pathname = "/postgres";
    const client = new pg.Client({ connectionString: url.href });
    await client.connect();
    try {
      await client.query(statement);
    } finally {
      await client.end();
    }
  };
  return {
    database: async (from = postgres.url) => {
      const name = `fire_${randomUUID().replaceAll("-", "")}`;
      await asAdmin(`create database ${name} template ${new URL(from).pathname.slice(1)}`);
      const url = new URL(postgres.url);
      url.pathname = `/${name}`;
      const db = openDb({ url: url.href, connectionsMax: 12, applicationName: "fire", onIdleError: () => undefined });
      const drop = async (): Promise<void> => {
        await db.close();
        await asAdmin(`drop database if exists ${name} with (force)`);
      };
      return { db, url: url.href, drop };
    },
    stop: async () => {
      await postgres.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};
