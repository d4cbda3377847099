import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, expect, test } from "vitest";
import { converse, listens } from "../../../src/embedded/converse.ts";
import { startRedis } from "../../../src/embedded/redis.ts";
import type { EmbeddedServer } from "../../../src/embedded/server.ts";
import { hold, portOf } from "./hold.ts";
import { quietLog, recordingLog } from "./quiet-log.ts";

/** The first start may fetch Debian's packages. */
const timeoutMs = 120_000;
const dataDir = mkdtempSync(join(tmpdir(), "lockstep-redis-"));
afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

const start = async (log = quietLog): Promise<EmbeddedServer> => {
  const server = await startRedis({ dataDir, log });
  if ("unavailable" in server) throw new Error(server.unavailable);
  return server;
};
const withRedis = async <Answer>(url: string, work: (redis: Redis) => Promise<Answer>): Promise<Answer> => {
  const redis = new Redis(url, { maxRetriesPerRequest: 1 });
  try {
    return await work(redis);
  } finally {
    redis.disconnect();
  }
};

test("what was queued survives a restart, nothing is evicted, and a password is asked for", {
  timeout: timeoutMs,
}, async () => {
  const first = await start();
  await withRedis(first.url, (redis) => redis.set("wake-up", "amazon-us"));
  expect(await withRedis(first.url, (redis) => redis.config("GET", "maxmemory-policy"))).toEqual([
    "maxmemory-policy",
    "noeviction",
  ]);
  expect(await converse(portOf(first.url), "PING\r\n", "\n")).toMatch(/^-NOAUTH/);
  expect(first.describe).not.toContain(new URL(first.url).password);
  expect(statSync(join(dataDir, "redis", "redis.conf")).mode & 0o077).toBe(0);
  await first.stop();
  expect(await listens(portOf(first.url))).toBe(false);

  const second = await start();
  expect(await withRedis(second.url, (redis) => redis.get("wake-up"))).toBe("amazon-us");
  await second.stop();
});

test("the server of a killed process is stopped, and what it was given is there", { timeout: timeoutMs }, async () => {
  const holder = await hold("redis", dataDir);
  await withRedis(holder.url, (redis) => redis.set("left", "behind"));
  await holder.kill("SIGKILL");
  expect(await listens(portOf(holder.url))).toBe(true);

  const log = recordingLog();
  const server = await start(log);
  expect(log.messages).toEqual(["stopping an embedded server that a killed process left behind"]);
  expect(await withRedis(server.url, (redis) => redis.get("left"))).toBe("behind");
  await server.stop();
});

test("a command beside a running daemon joins its server and leaves it running", { timeout: timeoutMs }, async () => {
  const holder = await hold("redis", dataDir);
  const guest = await start();
  expect(guest.url).toBe(holder.url);
  await guest.stop();
  expect(await withRedis(holder.url, (redis) => redis.ping())).toBe("PONG");
  await holder.kill("SIGKILL");
  await (await start()).stop();
});

test("where it cannot run, the reason is an answer and not an error", async () => {
  const file = join(dataDir, "in-the-way");
  writeFileSync(file, "");
  expect(await startRedis({ dataDir: file, log: quietLog })).toMatchObject({
    unavailable: expect.stringMatching(/EEXIST|ENOTDIR/),
  });
});
