import { mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import type { Clock } from "../core/clock.ts";
import { sha256Hex } from "../core/digest.ts";
import { listens } from "./converse.ts";
import { isAlive } from "./processes.ts";
import type { EmbeddedServer } from "./server.ts";

export type RunningServer = {
  readonly url: string;
  readonly port: number;
  readonly describe: string;
  stop(): Promise<void>;
};

const RunningRecord = z.object({ url: z.string(), port: z.number(), describe: z.string(), ownerPid: z.number() });

/** Longest wait for another process that is just starting the server: initdb, or a recovery after a crash. */
const joinTimeoutMs = 180_000;

/**
 * A lock that dies with its holder, however it dies: a listening socket in Linux's abstract namespace. A lock file
 * would outlive a kill -9, and no way to break a stale one is free of races.
 */
const tryLock = (name: string): Promise<{ release(): Promise<void> } | undefined> =>
  new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") resolve(undefined);
      else reject(error);
    });
    server.listen(`\0lockstep-${name}`, () => {
      server.unref();
      resolve({ release: () => new Promise((done) => server.close(() => done())) });
    });
  });

/**
 * One process owns the server of a folder and boots it; others that ask for the same folder meanwhile get its address
 * and a `stop` that does nothing. So a command can be run beside a running daemon.
 * `folder`: `<dataDir>/<name>`; the record `<dataDir>/<name>.json` (0600) holds the address.
 */
export const ownOrJoin = async (
  folder: string,
  clock: Clock,
  boot: () => Promise<RunningServer>,
): Promise<EmbeddedServer> => {
  if (process.platform !== "linux") {
    throw new Error("embedded servers run on Linux only: set DATABASE_URL and REDIS_URL to servers of yours");
  }
  mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
  const lockName = sha256Hex(join(realpathSync(dirname(folder)), basename(folder))).slice(0, 40);
  const recordPath = `${folder}.json`;
  const deadline = clock.monotonicMs() + joinTimeoutMs;
  for (;;) {
    const lock = await tryLock(lockName);
    if (lock !== undefined) return own(recordPath, lock, boot);
    const record = readRecord(recordPath);
    if (record !== undefined && isAlive(record.ownerPid) && (await listens(record.port))) {
      const describe = `${record.describe}, started by process ${record.ownerPid}`;
      return { url: record.url, describe, stop: () => Promise.resolve() };
    }
    if (clock.monotonicMs() >= deadline) {
      throw new Error(
        `another process holds ${folder} and has not started its server within ${joinTimeoutMs / 1_000} s`,
      );
    }
    await clock.sleep(100);
  }
};

const own = async (
  recordPath: string,
  lock: { release(): Promise<void> },
  boot: () => Promise<RunningServer>,
): Promise<EmbeddedServer> => {
  const forget = (): void => rmSync(recordPath, { force: true });
  try {
    forget();
    const server = await boot();
    const record = { url: server.url, port: server.port, describe: server.describe, ownerPid: process.pid };
    writeFileSync(recordPath, JSON.stringify(record), { mode: 0o600 });
    let stopped: Promise<void> | undefined;
    const stop = async (): Promise<void> => {
      forget();
      await server.stop();
      await lock.release();
    };
    return { url: server.url, describe: server.describe, stop: () => (stopped ??= stop()) };
  } catch (error) {
    await lock.release();
    throw error;
  }
};

const readRecord = (path: string): z.infer<typeof RunningRecord> | undefined => {
  try {
    return RunningRecord.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    // Not there yet, or half written: asked again in a moment.
    return undefined;
  }
};
