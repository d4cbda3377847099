import { randomBytes } from "node:crypto";
import { mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "../core/clock.ts";
import { launch, type ServerChild, type StopSteps } from "./child.ts";
import { converse } from "./converse.ts";
import { freePort } from "./free-port.ts";
import { ownOrJoin, type RunningServer } from "./own-or-join.ts";
import { type RedisBinary, redisOnPath } from "./redis-binary.ts";
import { unpackedRedis } from "./redis-packages.ts";
import type { EmbeddedServer, ServerLog, ServerRequest } from "./server.ts";
import { stopLeftover } from "./stop-leftover.ts";
import { waitUntil } from "./wait.ts";

/** Writes what the append-only file still lacks, then ends. */
const stopSteps: StopSteps = [{ signal: "SIGTERM", waitMs: 15_000 }];
/** Loading a large append-only file takes a while. */
const startTimeoutMs = 60_000;
const startsMax = 3;
/** On Debian redis-server is a link to redis-check-rdb: one program that looks at the name it is called by. */
const programs = ["redis-server", "redis-check-rdb", "redis-check-aof", "valkey-server", "valkey-check-rdb"];

/**
 * Starts (or joins) the Redis of `<dataDir>/redis` on a free loopback port with a new password: `redis-server` or
 * `valkey-server` on PATH, else Debian's packages unpacked into the folder. Queues survive a restart (append-only
 * file). Never throws for a machine without Redis: `unavailable` says why, for the caller has other ways.
 */
export const startRedis = async ({
  dataDir,
  log,
  clock = systemClock,
}: ServerRequest): Promise<EmbeddedServer | { readonly unavailable: string }> => {
  const folder = join(resolve(dataDir), "redis");
  try {
    return await ownOrJoin(folder, clock, () => bootRedis(folder, log, clock));
  } catch (error) {
    return { unavailable: error instanceof Error ? error.message : String(error) };
  }
};

const findRedis = async (folder: string, clock: Clock): Promise<RedisBinary> => {
  const onPath = await redisOnPath(clock);
  if (!("unavailable" in onPath)) return onPath;
  const unpacked = await unpackedRedis(folder, clock);
  if (!("unavailable" in unpacked)) return unpacked;
  throw new Error(`no Redis: ${onPath.unavailable}, and ${unpacked.unavailable}`);
};

const bootRedis = async (folder: string, log: ServerLog, clock: Clock): Promise<RunningServer> => {
  mkdirSync(join(folder, "data"), { recursive: true, mode: 0o700 });
  const data = realpathSync(join(folder, "data"));
  await stopLeftover({ name: "redis", data, programs, stopSteps, log, clock });
  const binary = await findRedis(folder, clock);
  for (let start = 1; ; start += 1) {
    const port = await freePort();
    const password = randomBytes(24).toString("hex");
    const child = launchRedis({ folder, data, port, password, binary, log, clock });
    if (await comesUp(child, port, password, clock)) {
      const url = `redis://:${password}@127.0.0.1:${port}`;
      const describe = `embedded ${binary.version} on 127.0.0.1:${port}, data in ${data}`;
      return { url, port, describe, stop: () => child.stop() };
    }
    const tail = child.logTail();
    await child.stop();
    const portTaken = /Address already in use/.test(tail);
    if (!portTaken || start >= startsMax) throw new Error(`embedded Redis does not start; its log ends:\n${tail}`);
  }
};

type Launching = {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly password: string;
  readonly binary: RedisBinary;
  readonly log: ServerLog;
  readonly clock: Clock;
};

const launchRedis = ({ folder, data, port, password, binary, log, clock }: Launching): ServerChild => {
  const configPath = join(folder, "redis.conf");
  // A file, not arguments: everybody on the machine can read a command line.
  const config = [
    "bind 127.0.0.1",
    `port ${port}`,
    `requirepass ${password}`,
    `dir ${JSON.stringify(data)}`,
    'save ""',
    "appendonly yes",
    "maxmemory-policy noeviction",
    "daemonize no",
  ];
  writeFileSync(configPath, `${config.join("\n")}\n`, { mode: 0o600 });
  const command = { file: binary.file, args: [configPath], env: binary.env };
  return launch({ name: "redis", command, logPath: join(folder, "redis.log"), stopSteps, log, clock });
};

const comesUp = async (child: ServerChild, port: number, password: string, clock: Clock): Promise<boolean> => {
  let answered = false;
  const ask = async (): Promise<boolean> => {
    // +OK for the password, then +PONG, or -LOADING while the file is read.
    answered = (await converse(port, `AUTH ${password}\r\nPING\r\n`, "+PONG"))?.includes("+PONG") === true;
    return answered || child.hasEnded();
  };
  await waitUntil(ask, { clock, timeoutMs: startTimeoutMs, everyMs: 25 });
  return answered && !child.hasEnded();
};
