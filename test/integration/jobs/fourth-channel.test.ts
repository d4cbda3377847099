import { afterEach, expect, test } from "vitest";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import { JobBench } from "../../support/job-bench.ts";
import { openMarket } from "../../support/toy/open-market.ts";

let bench: JobBench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});
const prompt = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] } as const;

test("a channel that no room above the connectors knows is imported, sold on and pushed to by the jobs as they are", async () => {
  const { channel, connector } = openMarket(
    prompt,
    { now: Date.now, monotonicMs: Date.now, sleep: async () => undefined },
    0,
  );
  channel.seedListings([{ sku: "LAMP/1", title: "Lamp", units: 3 }]);
  bench = await JobBench.open(undefined, [], connector);
  // The market lives by the real time of day.
  bench.clock.advance(Date.now() - bench.clock.now());
  await bench.receive("LAMP/1", 10);
  await bench.run("import-listings");
  await bench.run("poll-orders");
  await bench.settle();
  expect(channel.truth().listings).toMatchObject([{ sku: "LAMP/1", units: 10 }]);
  channel.sell({ reference: "r", lines: [{ sku: "LAMP/1", units: 4 }] });
  bench.clock.advance(1_000);
  await bench.run("poll-orders");
  await bench.settle();
  const levels = await bench.rows<{ on_hand: string; reserved: string }>("select on_hand, reserved from stock_level");
  expect(levels.map(({ on_hand, reserved }) => [Number(on_hand), Number(reserved)])).toEqual([[10, 4]]);
  expect(channel.truth().listings).toMatchObject([{ sku: "LAMP/1", units: 6 }]);
  expect(channel.violations()).toEqual([]);
});
