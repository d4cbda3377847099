import { fileURLToPath } from "node:url";
import { runner } from "node-pg-migrate";

/**
 * Applies pending `migrations/*.sql`, forward only, under an advisory lock: of processes that start at once one works and
 * the others wait. Returns the names applied now.
 */
export const migrate = async (url: string, log: (message: string) => void): Promise<readonly string[]> => {
  const applied = await runner({
    databaseUrl: url,
    dir: fileURLToPath(new URL("../../migrations", import.meta.url)),
    direction: "up",
    migrationsTable: "schema_migration",
    checkOrder: true,
    singleTransaction: true,
    advisoryLockMode: "wait",
    log,
  });
  return applied.map((migration) => migration.name);
};
