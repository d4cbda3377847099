import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { listens } from "../../../src/embedded/converse.ts";
import { startPostgres } from "../../../src/embedded/postgres.ts";
import { waitUntil } from "../../../src/embedded/wait.ts";
import { hold, portOf } from "./hold.ts";
import { quietLog, recordingLog } from "./quiet-log.ts";

const timeoutMs = 60_000;
const dataDir = mkdtempSync(join(tmpdir(), "lockstep-postgres-"));
const data = join(dataDir, "postgres", "data");
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const ask = async (url: string, statement: string): Promise<readonly Record<string, unknown>[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
};

test("rows survive a restart, and nobody without the password gets in", { timeout: timeoutMs }, async () => {
  const first = await startPostgres({ dataDir, log: quietLog });
  await ask(first.url, "create table kept (id int primary key)");
  await ask(first.url, "insert into kept values (1)");
  expect(await ask(first.url, "select current_database() as name, current_setting('fsync') as fsync")).toEqual([
    { name: "lockstep", fsync: "on" },
  ]);
  const stranger = first.url.replace(/:[0-9a-f]{48}@/, ":guess@");
  expect(stranger).not.toBe(first.url);
  await expect(ask(stranger, "select 1")).rejects.toThrow(/password authentication failed/);
  expect(first.describe).not.toContain(new URL(first.url).password);
  await first.stop();
  expect(await listens(portOf(first.url))).toBe(false);

  const second = await startPostgres({ dataDir, log: quietLog });
  expect(await ask(second.url, "select id from kept")).toEqual([{ id: 1 }]);
  await second.stop();
  await second.stop();
});

test("what it keeps can be read by its owner alone", () => {
  expect(statSync(join(dataDir, "postgres", "password")).mode & 0o077).toBe(0);
  expect(statSync(data).mode & 0o077).toBe(0);
});

test("a second starter joins the running server and does not take it down", { timeout: timeoutMs }, async () => {
  const [one, two] = await Promise.all([
    startPostgres({ dataDir, log: quietLog }),
    startPostgres({ dataDir, log: quietLog }),
  ]);
  const [owner, guest] = one.describe.includes("started by process") ? [two, one] : [one, two];
  expect(guest.url).toBe(owner.url);
  await guest.stop();
  expect(await ask(owner.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await owner.stop();
});

test("the server of a killed process is stopped and its committed rows are there", { timeout: timeoutMs }, async () => {
  const holder = await hold("postgres", dataDir);
  await ask(holder.url, "insert into kept values (2)");
  await holder.kill("SIGKILL");
  expect(await listens(portOf(holder.url))).toBe(true);

  const log = recordingLog();
  const server = await startPostgres({ dataDir, log });
  expect(log.messages).toEqual(["stopping an embedded server that a killed process left behind"]);
  expect(await listens(portOf(holder.url))).toBe(portOf(holder.url) === portOf(server.url));
  expect(await ask(server.url, "select id from kept order by id")).toEqual([{ id: 1 }, { id: 2 }]);
  await server.stop();
});

test("a server that was itself killed leaves nothing that blocks the next start", { timeout: timeoutMs }, async () => {
  const holder = await hold("postgres", dataDir);
  const postmaster = Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
  process.kill(postmaster, "SIGKILL");
  await holder.kill("SIGKILL");
  const server = await startPostgres({ dataDir, log: quietLog });
  expect(await ask(server.url, "select count(*)::int as rows from kept")).toEqual([{ rows: 2 }]);
  await server.stop();
});

test("a pid file that names a stranger does not block, and strangers are left alone", {
  timeout: timeoutMs,
}, async () => {
  const bystander = spawn("sleep", ["600"], { cwd: data, stdio: "ignore" });
  await once(bystander, "spawn");
  writeFileSync(join(data, "postmaster.pid"), `${process.pid}\n${data}\n1\n5432\n\n127.0.0.1\n1 1\nready\n`);
  const server = await startPostgres({ dataDir, log: quietLog });
  expect(await ask(server.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await server.stop();
  expect([bystander.exitCode, bystander.signalCode]).toEqual([null, null]);
  bystander.kill();
  await once(bystander, "exit");
});

test("Ctrl-C in the terminal reaches us and not the server", { timeout: timeoutMs }, async () => {
  const holder = await hold("postgres", dataDir);
  process.kill(-holder.pid, "SIGINT");
  expect(await holder.nextLine()).toBe("interrupted");
  expect(await ask(holder.url, "select 1 as one")).toEqual([{ one: 1 }]);
  await holder.kill("SIGTERM");
  // It exits without stopping in order: the server is told on the way out.
  const isGone = async (): Promise<boolean> => !(await listens(portOf(holder.url)));
  expect(await waitUntil(isGone, { clock: systemClock, timeoutMs: 20_000, everyMs: 50 })).toBe(true);
});

test("data of a version that is not here is left alone, and the message says what to do", async () => {
  const other = mkdtempSync(join(tmpdir(), "lockstep-postgres-"));
  mkdirSync(join(other, "postgres", "data"), { recursive: true });
  writeFileSync(join(other, "postgres", "data", "PG_VERSION"), "9\n");
  await expect(startPostgres({ dataDir: other, log: quietLog })).rejects.toThrow(
    /PostgreSQL 9.*DATABASE_URL.*apt-get install postgresql-9/,
  );
  rmSync(other, { recursive: true });
});
