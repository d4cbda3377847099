import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLedger } from "../../../src/ledger/check.ts";
import { runDriftShow } from "../../support/drift-show.ts";
import { JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(async () => {
  for (const check of await checkLedger(bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await bench.close();
});

test("what really happened to a listing is told from the evidence, and nothing is raised that nobody approved", async () => {
  const show = await runDriftShow(bench, { seed: 11, drifts: 40, listings: 60 });
  console.info(JSON.stringify(show));
  expect(show.injected).toBeGreaterThanOrEqual(40);
  expect(show.rightShare).toBeGreaterThanOrEqual(0.9);
  expect(show).toMatchObject({ unapprovedRaises: 0, raisesPastTruth: 0, wrongAtEnd: 0 });
}, 240_000);
