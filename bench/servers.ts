import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock as clock } from "../src/core/clock.ts";
import { migrate } from "../src/db/migrate.ts";
import { launch } from "../src/embedded/child.ts";
import { listens } from "../src/embedded/converse.ts";
import { freePort } from "../src/embedded/free-port.ts";
import { findPostgres } from "../src/embedded/postgres-binaries.ts";
import { databaseName, makePostgresFolder, readPassword, userName } from "../src/embedded/postgres-folder.ts";
import { choosePrivileges, giveTo } from "../src/embedded/privileges.ts";
import { startRedis } from "../src/embedded/redis.ts";
import { waitUntil } from "../src/embedded/wait.ts";

export type BenchServers = {
  readonly postgresUrl: string;
  readonly postgres: string;
  readonly redisUrl: string | undefined;
  /** Its version, or why there is none. */
  readonly redis: string;
  stop(): Promise<void>;
};

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** Durable, with room: no checkpoint falls into a round for want of WAL. */
const settings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=300",
  "shared_buffers=2GB",
  "max_wal_size=8GB",
  "checkpoint_timeout=30min",
  "fsync=on",
  "synchronous_commit=on",
  "full_page_writes=on",
  "timezone=UTC",
];

const startPostgres = async (dataDir: string) => {
  const folder = join(dataDir, "postgres");
  const [binaries, privileges] = [await findPostgres(clock, undefined), await choosePrivileges(clock)];
  await makePostgresFolder(folder, { binaries, privileges, clock });
  giveTo(folder, privileges.ownerUid);
  const port = await freePort();
  const args = ["-D", join(folder, "data"), "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])];
  const server = launch({
    name: "postgres",
    command: privileges.wrap(join(binaries.folder, "postgres"), args),
    logPath: join(folder, "postgres.log"),
    stopSteps: [{ signal: "SIGINT", waitMs: 30_000 }],
    log,
    clock,
  });
  const url = `postgres://${userName}:${readPassword(folder)}@127.0.0.1:${port}/${databaseName}`;
  if (!(await waitUntil(() => listens(port), { clock, timeoutMs: 30_000, everyMs: 50 }))) {
    const tail = server.logTail();
    await server.stop();
    throw new Error(`PostgreSQL does not start; its log ends:\n${tail}`);
  }
  return { url, version: `PostgreSQL ${binaries.version}`, stop: () => server.stop() };
};

/** A Postgres and a Redis of the benchmark's own, in a folder that is thrown away. */
export const startServers = async (): Promise<BenchServers> => {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-bench-"));
  const postgres = await startPostgres(dataDir);
  const redis = await startRedis({ dataDir, log });
  let stopped: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopped ??= stopAll());
  const stopAll = async (): Promise<void> => {
    if (!("unavailable" in redis)) await redis.stop();
    await postgres.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
  try {
    await migrate(postgres.url, () => undefined);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    postgresUrl: postgres.url,
    postgres: postgres.version,
    redisUrl: "unavailable" in redis ? undefined : redis.url,
    redis: "unavailable" in redis ? redis.unavailable : redis.describe.replace(/ on .*/, ""),
    stop,
  };
};
