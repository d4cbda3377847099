import { afterEach, beforeEach, expect, test } from "vitest";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

test("of two runs of one process only one plans an account, and the next one may again", async () => {
  await bench.stocked("A", 10);
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.run("publish-events");
  const { signal } = new AbortController();
  const run = { payload: { accountId }, signal, drain: signal, progress: () => undefined };
  const { deps } = bench;
  const answers = await Promise.all([pushAccount.run(run, deps), pushAccount.run(run, deps)]);
  expect(answers).toEqual([undefined, { againAfterMs: 2_000 }]);
  expect(bench.channel.writes).toHaveLength(1);
  expect(await bench.rows("select units from push_attempt")).toEqual([{ units: 11 }]);
  expect(await pushAccount.run(run, deps)).toBeUndefined();
});
