import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { plantedBugs } from "../../sim/bugs.ts";
import { misfits } from "../../sim/plant.ts";

const run = promisify(execFile);
// A machine that is busy with other things takes its time.
const timeoutMs = 600_000;

const Campaign = z.object({
  ok: z.boolean(),
  violations: z.array(z.unknown()),
  policies: z.object({
    lockstep: z.object({
      seeds: z.number(),
      orders: z.number(),
      ranTwice: z.number(),
      ranTwiceAndDiffered: z.array(z.number()),
    }),
  }),
});
const Planted = z.object({
  ok: z.boolean(),
  of: z.number(),
  caught: z.number(),
  perBug: z.array(z.object({ bug: z.string(), by: z.string().nullable() })),
});

/** The simulation has a process of its own: it plants bugs by loading the product's modules a second time. */
const sim = async <Result extends z.ZodType>(result: Result, ...args: readonly string[]): Promise<z.infer<Result>> => {
  const { stdout } = await run(process.execPath, ["test/sim/main.ts", "--json", ...args], { timeout: timeoutMs }).catch(
    (error: { readonly stdout?: string; readonly stderr?: string }) => {
      // Exit code 1 says that something is wrong; the result says what.
      if (error.stdout === undefined || error.stdout === "") throw new Error(error.stderr ?? "no output");
      return { stdout: error.stdout };
    },
  );
  return result.parse(JSON.parse(stdout));
};

test(
  "twelve shops in which everything goes wrong end with every unit and every listing right, twice the same way",
  async () => {
    const result = await sim(Campaign, "--seeds", "12", "--seed", "1");
    expect(result.violations).toEqual([]);
    expect(result.ok).toBe(true);
    const { seeds, orders, ranTwice, ranTwiceAndDiffered } = result.policies.lockstep;
    expect({ seeds, ranTwice, ranTwiceAndDiffered }).toEqual({ seeds: 12, ranTwice: 1, ranTwiceAndDiffered: [] });
    expect(orders).toBeGreaterThan(50);
  },
  timeoutMs,
);

test(
  "planted mistakes are caught",
  async () => {
    const names = "raise-without-evidence,rides-any-attempt,withheld-units-are-forgotten,unknown-is-refused";
    const result = await sim(Planted, "--bugs", names, "--seeds-max", "6");
    expect(result).toMatchObject({ ok: true, of: 4, caught: 4 });
    for (const { by } of result.perBug) expect(by).toMatch(/^(raise|listing|record|liveness)/);
  },
  timeoutMs,
);

test("every planted mistake still fits the code it is planted in", () => {
  expect(plantedBugs.length).toBeGreaterThanOrEqual(30);
  expect(misfits()).toEqual([]);
});
