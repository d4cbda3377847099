import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { runCommand } from "../../support/command-line.ts";
import { elsewhere, here, OversellStage } from "../../support/oversell-stage.ts";

let stage: OversellStage;
let env: Record<string, string>;
/** Five units; a message came 30 s late. */
beforeAll(async () => {
  stage = await OversellStage.open(new Map([["A", 5]]), 3);
  const late = stage.sell(elsewhere, "A", 3);
  stage.pass(30_000);
  await stage.tell(here, stage.sell(here, "A", 3));
  await stage.tell(elsewhere, late);
  const folder = mkdtempSync(join(tmpdir(), "lockstep-oversells-"));
  const config = join(folder, "lockstep.json");
  writeFileSync(config, JSON.stringify({ accounts: [] }));
  env = {
    DATABASE_URL: stage.bench.database.url,
    REDIS_URL: inject("redisUrl"),
    LOCKSTEP_CONFIG: config,
    LOCKSTEP_DATA_DIR: folder,
    LOCKSTEP_SECRET_KEY: "1".repeat(64),
  };
}, 60_000);
afterAll(() => stage.close());

test("the command line lists oversells with their causes and tells the story of one", async () => {
  const list = await runCommand(["oversells", "--sku", "A", "--json"], env);
  const { oversells } = JSON.parse(list.out) as { oversells: readonly { id: number; cause: string }[] };
  expect([list.code, oversells.map(({ cause }) => cause)]).toEqual([0, ["their-lag"]]);
  const one = await runCommand(["oversells", String(oversells[0]?.id)], env);
  expect(one.code).toBe(0);
  expect(one.out).toMatch(/^oversell \d+: 1 of A at main, recorded 2026-11-20T/);
  expect(one.out).toContain(
    "cause: their-lag (told-late): order elsewhere-3 on elsewhere was made 30.0 s before order toy-4 on toy",
  );
  expect(one.out).toContain("setting: a policy of toy with buffer: 3 (or more) for this SKU would have avoided it");
  expect(one.out).toMatch(/Z {2}sale {9}order toy-4 on toy took 3; told after \d+ ms by webhook/);
}, 60_000);

test("nothing found, nothing there and nonsense each have their answer", async () => {
  const none = await runCommand(["oversells", "--since", "2030-01-01"], env);
  expect([none.code, none.out]).toEqual([0, "nothing was oversold\n"]);
  const missing = await runCommand(["oversells", "999"], env);
  expect([missing.code, missing.err]).toEqual([1, "there is no oversell 999; see lockstep oversells\n"]);
  const nonsense = await runCommand(["oversells", "--since", "yesterday"], env);
  expect([nonsense.code, nonsense.out]).toEqual([1, ""]);
}, 60_000);
