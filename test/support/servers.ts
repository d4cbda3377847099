import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { migrate } from "../../src/db/migrate.ts";
import { startPostgres } from "../../src/embedded/postgres.ts";
import { startRedis } from "../../src/embedded/redis.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** A real Postgres; its database is migrated and serves as the template of every test's own. */
    postgresUrl: string;
    /** A real Redis, or why there is none. */
    redisUrl: string;
    redisUnavailable: string;
  }
}

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };

/** One private Postgres and one private Redis for a run, in a folder that is thrown away. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-test-"));
  const postgres = await startPostgres({ dataDir, log: quiet });
  await migrate(postgres.url, () => undefined);
  const redis = await startRedis({ dataDir, log: quiet });
  project.provide("postgresUrl", postgres.url);
  project.provide("redisUrl", "unavailable" in redis ? "" : redis.url);
  project.provide("redisUnavailable", "unavailable" in redis ? redis.unavailable : "");
  return async () => {
    if (!("unavailable" in redis)) await redis.stop();
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}
