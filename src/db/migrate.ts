import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";
import pg from "pg";

const folder = fileURLToPath(new URL("../../migrations", import.meta.url));

/** Read without locks or rights to change anything: a daemon's login need not own the tables. */
const isUpToDate = async (url: string): Promise<boolean> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const table = await client.query<{ there: boolean }>("select to_regclass('schema_migration') is not null as there");
    if (table.rows[0]?.there !== true) return false;
    const { rows } = await client.query<{ name: string }>("select name from schema_migration");
    const applied = new Set(rows.map(({ name }) => `${name}.sql`));
    return (await readdir(folder)).every((file) => applied.has(file));
  } finally {
    await client.end();
  }
};

/**
 * Applies pending `migrations/*.sql`, forward only, under an advisory lock: of processes that start at once one works and
 * the others wait. Returns the names applied now.
 */
export const migrate = async (url: string, log: (message: string) => void): Promise<readonly string[]> => {
  if (await isUpToDate(url)) return [];
  const applied = await runner({
    databaseUrl: url,
    dir: folder,
    direction: "up",
    migrationsTable: "schema_migration",
    checkOrder: true,
    singleTransaction: true,
    advisoryLockMode: "wait",
    log,
  });
  return applied.map((migration) => migration.name);
};
