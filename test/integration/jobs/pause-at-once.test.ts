import { afterEach, expect, test } from "vitest";
import { setAccountState } from "../../../src/sync/accounts.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
afterEach(() => bench.close());

const skus = Array.from({ length: 25 }, (_, index) => `S${index}`);
const pause = () =>
  setAccountState(bench.database.db, { accountId, state: "paused", reason: "a person", now: bench.clock.iso() });

/** Twenty-five listings that show more than there is: one read call takes ten, one write call as many. */
const tooHigh = async (during: "read" | "write"): Promise<void> => {
  bench = await JobBench.open();
  for (const sku of skus) bench.channel.shown.set(sku, 1);
  for (const sku of skus) await bench.receive(sku, 1);
  for (const job of ["import-listings", "poll-orders"] as const) await bench.run(job);
  await bench.settle();
  for (const sku of skus) bench.channel.shown.set(sku, 5);
  const { deps } = bench;
  const connector = deps.connectorFor(accountId);
  if (connector === undefined) throw new Error("no connector");
  const { pushQuantities, readQuantities } = connector;
  const patched: typeof connector = {
    ...connector,
    pushQuantities: async (...call) => {
      const outcomes = await pushQuantities(...call);
      if (during === "write") await pause();
      return outcomes;
    },
    readQuantities: async (...call) => {
      if (during === "read") await pause();
      return readQuantities(...call);
    },
  };
  Object.assign(deps, { connectorFor: () => patched });
  await bench.database.db.pool.query("update push_target set wanted_version = wanted_version + 1");
  await bench.run("push-account");
};

test.each([
  ["while the channel is read", "read", 0],
  ["while a batch is written", "write", 10],
] as const)("a pause that comes %s stops what has not gone out yet", async (_name, during, written) => {
  await tooHigh(during);
  expect(bench.channel.writes).toHaveLength(written);
});
