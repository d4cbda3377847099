import type { Settings } from "../config/settings.ts";
import { appRoleDefault } from "../db/app-role.ts";
import { startPostgres } from "../embedded/postgres.ts";
import { startRedis } from "../embedded/redis.ts";
import type { Log } from "../ops/logger.ts";
import type { QueueBackend } from "../queue/backend.ts";

export type Servers = {
  /** For migrations, and for a queue on the same Postgres: the login that owns the tables. */
  readonly databaseUrl: string;
  /** What everything else works as; undefined: as that login. */
  readonly appRole: string | undefined;
  readonly queue: QueueBackend;
  /** One plain line each: what is used, and whose it is. */
  readonly lines: readonly string[];
  stop(): Promise<void>;
};

/** Named servers are used as named; without a name private ones are started. Nobody else's server is ever touched. */
export const openServers = async (
  settings: Pick<Settings, "databaseUrl" | "databaseAppRole" | "redisUrl" | "dataDir">,
  log: Log,
): Promise<Servers> => {
  const { dataDir } = settings;
  const stops: (() => Promise<void>)[] = [];
  const lines: string[] = [];
  let databaseUrl = settings.databaseUrl?.reveal();
  const appRole = settings.databaseAppRole ?? (databaseUrl === undefined ? appRoleDefault : undefined);
  if (databaseUrl === undefined) {
    const postgres = await startPostgres({ dataDir, log });
    stops.push(() => postgres.stop());
    databaseUrl = postgres.url;
    lines.push(`database: ${postgres.describe}`);
  } else {
    lines.push("database: the one named by DATABASE_URL");
  }
  if (settings.redisUrl !== undefined) {
    lines.push("queue: the Redis named by REDIS_URL");
    const queue = { kind: "redis", url: settings.redisUrl.reveal() } as const;
    return { databaseUrl, appRole, queue, lines, stop: stopAll(stops) };
  }
  const redis = await startRedis({ dataDir, log });
  if ("unavailable" in redis) {
    lines.push(
      `queue: on the same Postgres, because no Redis could be started (${redis.unavailable}); set REDIS_URL to use one`,
    );
    return { databaseUrl, appRole, queue: { kind: "postgres", url: databaseUrl }, lines, stop: stopAll(stops) };
  }
  stops.push(() => redis.stop());
  lines.push(`queue: ${redis.describe}`);
  return { databaseUrl, appRole, queue: { kind: "redis", url: redis.url }, lines, stop: stopAll(stops) };
};

/** In reverse: what was started last is stopped first. */
const stopAll = (stops: readonly (() => Promise<void>)[]) => async (): Promise<void> => {
  for (const stop of stops.toReversed()) await stop();
};
