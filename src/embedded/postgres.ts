import { existsSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";
import { type Clock, systemClock } from "../core/clock.ts";
import { launch, type ServerChild, type StopSteps } from "./child.ts";
import { listens } from "./converse.ts";
import { freePort } from "./free-port.ts";
import { ownOrJoin, type RunningServer } from "./own-or-join.ts";
import { findPostgres, type PostgresBinaries } from "./postgres-binaries.ts";
import { databaseName, dataMajor, makePostgresFolder, readPassword, userName } from "./postgres-folder.ts";
import { choosePrivileges, giveTo, type Privileges } from "./privileges.ts";
import type { EmbeddedServer, ServerLog, ServerRequest } from "./server.ts";
import { stopLeftover } from "./stop-leftover.ts";
import { waitUntil } from "./wait.ts";

/** Fast shutdown (sessions are ended, a checkpoint is written), then immediate. */
const stopSteps: StopSteps = [
  { signal: "SIGINT", waitMs: 30_000 },
  { signal: "SIGQUIT", waitMs: 10_000 },
];
/** A recovery after a crash replays at most `max_wal_size`. */
const startTimeoutMs = 120_000;
const startsMax = 3;

const settings = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  max_connections: "200",
  shared_buffers: "256MB",
  fsync: "on",
  synchronous_commit: "on",
  max_wal_size: "1GB",
  wal_compression: "on",
  log_checkpoints: "off",
  logging_collector: "off",
  timezone: "UTC",
  log_timezone: "UTC",
} as const;

/**
 * Starts (or joins) the Postgres of `<dataDir>/postgres` on a free loopback port, with its database `lockstep`.
 * A server that a killed process left on the same data is stopped first. Throws when there are no binaries or it does
 * not come up; the message says what to do.
 */
export const startPostgres = ({ dataDir, log, clock = systemClock }: ServerRequest): Promise<EmbeddedServer> => {
  const folder = join(resolve(dataDir), "postgres");
  return ownOrJoin(folder, clock, () => bootPostgres(folder, log, clock));
};

const bootPostgres = async (folder: string, log: ServerLog, clock: Clock): Promise<RunningServer> => {
  const major = dataMajor(folder);
  const binaries = await findPostgres(clock, major);
  const privileges = await choosePrivileges(clock);
  if (major === undefined) await makePostgresFolder(folder, { binaries, privileges, clock });
  giveTo(folder, privileges.ownerUid);
  const data = realpathSync(join(folder, "data"));
  const leader = pidFile(data)?.pid;
  await stopLeftover({ name: "postgres", data, programs: ["postgres"], stopSteps, leader, log, clock });
  // What is left of it names a dead process, or after a restart of the machine a stranger, and would block the start.
  rmSync(join(data, "postmaster.pid"), { force: true });
  for (let start = 1; ; start += 1) {
    const port = await freePort();
    const child = launchPostgres({ folder, data, port, binaries, privileges, log, clock });
    if (await comesUp(child, data, port, clock)) {
      const url = `postgres://${userName}:${readPassword(folder)}@127.0.0.1:${port}/${databaseName}`;
      const describe = `embedded PostgreSQL ${binaries.version} on 127.0.0.1:${port}, data in ${data}`;
      return { url, port, describe, stop: () => child.stop() };
    }
    const tail = child.logTail();
    await child.stop();
    const portTaken = /Address already in use/.test(tail);
    if (!portTaken || start >= startsMax) throw new Error(`embedded PostgreSQL does not start; its log ends:\n${tail}`);
  }
};

type Launching = {
  readonly folder: string;
  readonly data: string;
  readonly port: number;
  readonly binaries: PostgresBinaries;
  readonly privileges: Privileges;
  readonly log: ServerLog;
  readonly clock: Clock;
};

const launchPostgres = ({ folder, data, port, binaries, privileges, log, clock }: Launching): ServerChild => {
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = privileges.wrap(join(binaries.folder, "postgres"), ["-D", data, "-p", String(port), ...options]);
  return launch({ name: "postgres", command, logPath: join(folder, "postgres.log"), stopSteps, log, clock });
};

/** Line 1 of postmaster.pid is the pid, line 8 the state that the postmaster itself maintains. */
const pidFile = (data: string): { readonly pid: number; readonly status: string } | undefined => {
  const path = join(data, "postmaster.pid");
  if (!existsSync(path)) return undefined;
  const lines = readFileSync(path, "utf8").split("\n");
  return { pid: Number.parseInt(lines[0] ?? "", 10), status: lines[7]?.trim() ?? "" };
};

const comesUp = async (child: ServerChild, data: string, port: number, clock: Clock): Promise<boolean> => {
  const isReady = async (): Promise<boolean> => {
    const file = pidFile(data);
    return file?.pid === child.pid && file?.status === "ready" && (await listens(port));
  };
  await waitUntil(async () => child.hasEnded() || (await isReady()), { clock, timeoutMs: startTimeoutMs, everyMs: 25 });
  return !child.hasEnded() && (await isReady());
};
