import { afterEach, beforeEach, expect, test } from "vitest";
import { sweep } from "../../../src/jobs/sweep.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { levelsOf } from "../../../src/ledger/queries.ts";
import { JobBench } from "../../support/job-bench.ts";
import { line, reserve } from "../../support/ledger-commands.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(async () => {
  for (const check of await checkLedger(bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await bench.close();
});

const reserved = async () => (await levelsOf(bench.database.db, ["A"]))[0]?.reserved;
const woken = async (): Promise<readonly string[]> => {
  const names: string[] = [];
  await sweep({ ...bench.deps, wake: (name) => names.push(name) });
  return names;
};

test("the sweep wakes the job once something is over, and the listing may show the units again", async () => {
  await bench.stocked("A", 10);
  await bench.deps.ledger.submit(reserve("cart", [line("A", 4)], { ttlMs: 60_000 }));
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(6);
  expect(await woken()).not.toContain("expire-reservations");
  bench.clock.advance(61_000);
  await bench.database.setClock(bench.clock.iso());
  expect(await woken()).toContain("expire-reservations");
  await bench.run("expire-reservations");
  expect(await reserved()).toBe(0);
  await bench.run("poll-orders");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(10);
});

test("hundreds that are over at once are all given back in one run, and a second run changes nothing", async () => {
  await bench.receive("A", 1_200);
  await Promise.all(
    Array.from({ length: 1_200 }, (_, index) =>
      bench.deps.ledger.submit(reserve(`cart-${index}`, [line("A", 1)], { ttlMs: 60_000 })),
    ),
  );
  expect(await reserved()).toBe(1_200);
  bench.clock.advance(61_000);
  await bench.run("expire-reservations");
  expect(await reserved()).toBe(0);
  await bench.run("expire-reservations");
  const movements = await bench.rows<{ n: number }>("select count(*) as n from movement where sku = 'A'");
  expect(movements).toEqual([{ n: 2_401 }]);
});
