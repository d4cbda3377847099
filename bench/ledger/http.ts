import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Pool } from "undici";
import { createApiKey } from "../../src/access/api-keys.ts";
import { systemClock as clock } from "../../src/core/clock.ts";
import { openDb } from "../../src/db/pool.ts";
import { launch } from "../../src/embedded/child.ts";
import { listens } from "../../src/embedded/converse.ts";
import { freePort } from "../../src/embedded/free-port.ts";
import { waitUntil } from "../../src/embedded/wait.ts";
import type { BenchServers } from "../servers.ts";
import { type Contestant, connectionsCount, type Sums } from "./contestant.ts";
import { openOurs } from "./ours.ts";

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const mainPath = fileURLToPath(new URL("../../src/main.ts", import.meta.url));

/** The product's own web role in a process of its own. */
const startWeb = async ({ postgresUrl, redisUrl }: BenchServers) => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-web-"));
  const port = await freePort();
  const configPath = join(folder, "lockstep.yaml");
  writeFileSync(configPath, `server: { port: ${port} }\n`);
  const env = {
    PATH: process.env["PATH"] ?? "",
    LOCKSTEP_DATA_DIR: folder,
    DATABASE_URL: postgresUrl,
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
    LOG_LEVEL: "warn",
  };
  const server = launch({
    name: "web",
    command: { file: process.execPath, args: [mainPath, "web", "--config", configPath], env },
    logPath: join(folder, "web.log"),
    stopSteps: [{ signal: "SIGTERM", waitMs: 10_000 }],
    log,
    clock,
  });
  const isUp = await waitUntil(() => listens(port), { clock, timeoutMs: 30_000, everyMs: 50 });
  const stop = async (): Promise<void> => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  };
  if (!isUp) {
    const tail = server.logTail();
    await stop();
    throw new Error(`the web role does not start; its log ends:\n${tail}`);
  }
  return { origin: `http://127.0.0.1:${port}`, stop };
};

type Sent = {
  readonly method: "GET" | "POST";
  readonly path: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
};

/**
 * Sends one request and resolves with its status, when the whole answer is there. Below undici's own `request`, whose
 * streams cost the load's process more than the server's answer to a constant costs the server. Rejects unless the status is
 * the wanted one.
 */
const send = (pool: Pool, sent: Sent, wanted: number): Promise<void> =>
  new Promise((resolve, reject) => {
    let status = 0;
    const chunks: Buffer[] = [];
    pool.dispatch(sent, {
      onRequestStart: () => undefined,
      onResponseStart: (_controller, statusCode) => {
        status = statusCode;
      },
      onResponseData: (_controller, chunk) => {
        chunks.push(chunk);
      },
      onResponseEnd: () => {
        if (status === wanted) return resolve();
        reject(new Error(`answered with ${status}: ${Buffer.concat(chunks).toString()}`));
      },
      onResponseError: (_controller, error) => reject(error),
    });
  });

type Books = { levels: string; reservations: string; movements: string; keys: string };
const booksSql = `
  select (select sum(reserved) from stock_level) as levels, (select count(*) from reservation) as reservations,
         (select coalesce(sum(d_reserved), 0) from movement) as movements, (select count(*) from ledger_command) as keys`;

/**
 * Reservations through HTTP, one a request on 64 kept connections, and the same server answering a constant: the redirect
 * of `/`, which passes the same middleware and touches nothing. Both are closed by the first's `close`.
 */
export const openHttp = async (servers: BenchServers): Promise<readonly [Contestant, Contestant]> => {
  const web = await startWeb(servers);
  const onIdleError = (): undefined => undefined;
  const db = openDb({ url: servers.postgresUrl, connectionsMax: 2, applicationName: "bench-http", onIdleError });
  // Its stock must be there, and the location known.
  await (await openOurs(servers.postgresUrl)).close();
  const { text: apiKey } = await createApiKey(
    { db, clock, random: (count) => randomBytes(count) },
    { name: `bench-${Date.now()}`, scopes: ["inventory:write"], actor: "bench" },
  );
  const pool = new Pool(web.origin, { connections: connectionsCount, pipelining: 1 });
  const headers = { authorization: `Bearer ${apiKey}`, "content-type": "application/json" };
  const readBooks = async (): Promise<Sums> => {
    const row = (await db.pool.query<Books>(booksSql)).rows[0] as Books;
    const { levels, reservations, movements, keys } = row;
    return {
      levels: Number(levels),
      reservations: Number(reservations),
      movements: Number(movements),
      keys: Number(keys),
    };
  };
  let before: Sums = { levels: 0, reservations: 0, movements: 0, keys: 0 };
  const reserving: Contestant = {
    name: "http",
    begin: async () => {
      before = await readBooks();
    },
    reserve: async ({ key, sku }) => {
      const body = JSON.stringify({ lines: [{ sku, location: "main", units: 1 }], ttlMs: null });
      const path = "/v1/inventory/reserve";
      await send(pool, { method: "POST", path, headers: { ...headers, "idempotency-key": key }, body }, 201);
      return true;
    },
    sums: async () => {
      const now = await readBooks();
      return {
        levels: now.levels - before.levels,
        reservations: now.reservations - before.reservations,
        movements: now.movements - before.movements,
        keys: now.keys - before.keys,
      };
    },
    close: async () => {
      await pool.close();
      await db.close();
      await web.stop();
    },
  };
  let answers = 0;
  const constant: Contestant = {
    name: "constant",
    begin: async () => {
      answers = 0;
    },
    reserve: async () => {
      await send(pool, { method: "GET", path: "/" }, 302);
      answers += 1;
      return true;
    },
    sums: async () => ({ levels: answers, reservations: answers, movements: answers, keys: answers }),
    close: async () => undefined,
  };
  return [reserving, constant];
};
