import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { expect, inject, test } from "vitest";
import { z } from "zod";

const main = resolve(import.meta.dirname, "../chaos/main.ts");
const Report = z.looseObject({
  ok: z.boolean(),
  faults: z.record(z.string(), z.looseObject({ count: z.number(), unrecovered: z.number() })),
  orders: z.number(),
  lost: z.number(),
  invented: z.number(),
  doubled: z.number(),
  differences: z.number(),
  invariants: z.record(z.string(), z.number().nullable()),
  complaints: z.array(z.string()),
});

const chaos = async (...options: readonly string[]) => {
  const child = spawn(process.execPath, [main, "--json", ...options], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const code = await new Promise<number | null>((done) => child.once("close", done));
  expect(out, err).not.toBe("");
  return { code, report: Report.parse(JSON.parse(out)) };
};

const withoutRedis = (): boolean => {
  const unavailable = inject("redisUrl") === "";
  if (unavailable) process.stdout.write(`no Redis to strike: ${inject("redisUnavailable")}\n`);
  return unavailable;
};

test("real processes on the three channels recover from what strikes them, and every book agrees", async () => {
  if (withoutRedis()) return;
  const { code, report } = await chaos("--minutes", "0.1", "--seed", "3", "--faults", "worker-killed,redis-flushed");
  expect(report.complaints).toEqual([]);
  expect(report).toMatchObject({ ok: true, lost: 0, invented: 0, doubled: 0, differences: 0 });
  expect(report.orders).toBeGreaterThan(10);
  expect(Object.values(report.invariants).length).toBeGreaterThan(10);
  expect(code).toBe(0);
});

test("a fault that nobody mends, a command that counted twice and a listing that differs each fail the run", async () => {
  if (withoutRedis()) return;
  const planted = ["--plant", "not-mended,command-twice,listing-edited", "--recovery-seconds", "3"];
  const { code, report } = await chaos("--minutes", "0.05", "--seed", "3", "--faults", "web-refusing", ...planted);
  expect(code).toBe(1);
  expect(report.faults["web-refusing"]).toMatchObject({ count: 1, unrecovered: 1 });
  const said = report.complaints.join("\n");
  expect(said).toMatch(/web-refusing .*: not recovered within 3 s/);
  expect(said).toMatch(/the ledger's available differs from stock minus sales by 1 units/);
  expect(said).toMatch(/ebay SOLD-01: shows 7777/);
});
