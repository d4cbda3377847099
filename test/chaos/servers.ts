import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import pg from "pg";
import { systemClock as clock } from "../../src/core/clock.ts";
import { launch, type ServerChild } from "../../src/embedded/child.ts";
import { converse } from "../../src/embedded/converse.ts";
import { freePort } from "../../src/embedded/free-port.ts";
import { findPostgres } from "../../src/embedded/postgres-binaries.ts";
import { databaseName, makePostgresFolder, readPassword, userName } from "../../src/embedded/postgres-folder.ts";
import { choosePrivileges, giveTo } from "../../src/embedded/privileges.ts";
import { signalProcess } from "../../src/embedded/processes.ts";
import { redisOnPath } from "../../src/embedded/redis-binary.ts";
import { unpackedRedis } from "../../src/embedded/redis-packages.ts";
import { waitUntil } from "../../src/embedded/wait.ts";

/** A server that keeps its port however often it is taken down. */
export type StrikableServer = {
  readonly port: number;
  readonly password: string;
  readonly version: string;
  /** Sends the signal and returns when the server is gone. */
  down(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again and returns when it answers. */
  up(): Promise<void>;
};

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const startMsMax = 60_000;

const strikable = async (server: {
  readonly port: number;
  readonly password: string;
  readonly version: string;
  launch(): ServerChild;
  answers(): Promise<boolean>;
}): Promise<StrikableServer> => {
  let child: ServerChild | undefined;
  const up = async (): Promise<void> => {
    const begun = server.launch();
    child = begun;
    const isUp = async (): Promise<boolean> => begun.hasEnded() || (await server.answers());
    await waitUntil(isUp, { clock, timeoutMs: startMsMax, everyMs: 25 });
    if (begun.hasEnded() || !(await server.answers()))
      throw new Error(`${server.version} does not start; its log ends:\n${begun.logTail()}`);
  };
  const down = async (signal: NodeJS.Signals): Promise<void> => {
    const ending = child;
    if (ending?.pid === undefined || ending.hasEnded()) return;
    signalProcess(ending.pid, signal);
    const isGone = await waitUntil(() => ending.hasEnded(), { clock, timeoutMs: 20_000, everyMs: 20 });
    if (!isGone) await ending.stop();
  };
  await up();
  return { port: server.port, password: server.password, version: server.version, down, up };
};

const postgresSettings = [
  "listen_addresses=127.0.0.1",
  "unix_socket_directories=",
  "max_connections=300",
  "shared_buffers=128MB",
  "timezone=UTC",
];

/** SIGINT is Postgres' fast shutdown, SIGQUIT its immediate one: the next start recovers from the log. */
export const openPostgres = async (dataDir: string): Promise<StrikableServer & { readonly url: string }> => {
  const folder = join(dataDir, "postgres");
  const [binaries, privileges] = [await findPostgres(clock, undefined), await choosePrivileges(clock)];
  await makePostgresFolder(folder, { binaries, privileges, clock });
  giveTo(folder, privileges.ownerUid);
  const [port, password] = [await freePort(), readPassword(folder)];
  const settings = postgresSettings.flatMap((setting) => ["-c", setting]);
  const command = privileges.wrap(join(binaries.folder, "postgres"), [
    "-D",
    join(folder, "data"),
    "-p",
    String(port),
    ...settings,
  ]);
  const url = postgresUrl(password, port);
  const isReady = async (): Promise<boolean> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 1_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      await client.query("select 1");
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const server = await strikable({
    port,
    password,
    version: `PostgreSQL ${binaries.version}`,
    answers: isReady,
    launch: () =>
      launch({
        name: "postgres",
        command,
        logPath: join(folder, "postgres.log"),
        stopSteps: [{ signal: "SIGINT", waitMs: 20_000 }],
        log,
        clock,
      }),
  });
  return { ...server, url };
};

export const postgresUrl = (password: string, port: number): string =>
  `postgres://${userName}:${password}@127.0.0.1:${port}/${databaseName}`;
export const redisUrl = (password: string, port: number): string => `redis://:${password}@127.0.0.1:${port}`;

/**
 * A Redis that keeps nothing: whoever kills it gets an empty one back. `toolsDir`: where its packages are unpacked when
 * the machine has none; kept, for they come over the network.
 */
export const openRedis = async (dataDir: string, toolsDir: string): Promise<StrikableServer> => {
  const folder = join(dataDir, "redis");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(toolsDir, { recursive: true, mode: 0o700 });
  const onPath = await redisOnPath(clock);
  const binary = "unavailable" in onPath ? await unpackedRedis(resolve(toolsDir), clock) : onPath;
  if ("unavailable" in binary) throw new Error(`no Redis to strike: ${binary.unavailable}`);
  const [port, password, data] = [await freePort(), "chaos", realpathSync(folder)];
  const config = [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(data)}`,
    'save ""',
    "appendonly no",
    "maxmemory-policy noeviction",
    "daemonize no",
  ];
  const configPath = join(folder, "redis.conf");
  writeFileSync(configPath, `${config.join("\n")}\n`, { mode: 0o600 });
  return strikable({
    port,
    password,
    version: binary.version,
    answers: async () => (await converse(port, `AUTH ${password}\r\nPING\r\n`, "+PONG"))?.includes("+PONG") === true,
    launch: () =>
      launch({
        name: "redis",
        command: { file: binary.file, args: [configPath], env: binary.env },
        logPath: join(folder, "redis.log"),
        stopSteps: [{ signal: "SIGTERM", waitMs: 10_000 }],
        log,
        clock,
      }),
  });
};

/** Says one command to a Redis. */
export const tellRedis = async (redis: Pick<StrikableServer, "port" | "password">, command: string): Promise<void> => {
  const said = await converse(redis.port, `AUTH ${redis.password}\r\n${command}\r\n`, "+OK\r\n+OK\r\n");
  if (said?.startsWith("+OK\r\n+OK") !== true) throw new Error(`Redis answered ${command} with ${said ?? "nothing"}`);
};
