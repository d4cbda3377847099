import { afterEach, beforeEach, expect, test } from "vitest";
import { shadowReport } from "../../../src/sync/shadow-report.ts";
import { JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
  await bench.rows("update account set state = 'shadow'");
});
afterEach(() => bench.close());

const report = async () => (await shadowReport(bench.database.db, { accountId: "toy", since: "2026-11-20" }))[0];

/** The present tool: it writes our channel by its own hands, and none of that is a write of ours. */
const toolWrites = (ref: string, units: number): void => {
  bench.channel.shown.set(ref, units);
};

test("a shadow account decides, writes nothing, and keeps what it would have sent", async () => {
  await bench.stocked("A", 10, 12);
  expect(bench.channel.writes).toEqual([]);
  expect(await bench.rows("select count(*) as n from push_attempt")).toEqual([{ n: 0 }]);
  const told = await report();
  expect(told).toMatchObject({ lowered: 1, raised: 0, zeroed: 0, matched: 0 });
  expect(told?.open).toMatchObject([{ ref: "A", reason: "lower", wouldShow: 10, shows: 12 }]);
});

test("what the channel shows already is no write that was missed", async () => {
  await bench.stocked("A", 10);
  expect(await report()).toMatchObject({ lowered: 0, alreadyShown: 1, open: [] });
});

test("the time until the present tool shows our number is measured, and the units it showed too many", async () => {
  await bench.stocked("A", 10, 12);
  bench.clock.advance(60_000);
  await bench.run("push-account");
  expect(await report()).toMatchObject({ matched: 0 });
  toolWrites("A", 10);
  bench.clock.advance(240_000);
  await bench.run("push-account");
  const told = await report();
  expect(told).toMatchObject({ matched: 1, superseded: 0, open: [] });
  expect(told?.waitMsMax).toBeGreaterThanOrEqual(300_000);
  expect(told?.waitMsMax).toBeLessThan(302_000);
  expect(told?.overUnitSeconds).toBeGreaterThanOrEqual(600);
  expect(bench.channel.writes).toEqual([]);
});

test("a number that a newer one overtakes before the tool showed it is counted as overtaken", async () => {
  await bench.stocked("A", 10, 12);
  await bench.rows("update stock_level set on_hand = 7");
  await bench.rows("update push_target set wanted_version = wanted_version + 1, not_before = null");
  await bench.run("push-account");
  expect(await report()).toMatchObject({ lowered: 2, superseded: 1, open: [{ wouldShow: 7 }] });
});

test("a raise in shadow needs the same evidence as a live one", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(10_000);
  bench.channel.sell("unseen", "A", 3);
  bench.channel.ordersVisibleUntil = bench.clock.iso(-1_000);
  await bench.receive("A", 5);
  await bench.settle();
  expect(await report()).toMatchObject({ raised: 0 });
});

test("what was only decided in shadow is still owed when the account goes live", async () => {
  await bench.stocked("A", 10, 12);
  await bench.rows("update account set state = 'live'");
  await bench.run("push-account");
  await bench.settle();
  expect(bench.channel.writes).toMatchObject([{ ref: "A", units: 10 }]);
});

test("a number that never shows is watched for a day and then given up", async () => {
  await bench.stocked("A", 10, 12);
  for (let hours = 0; hours < 26; hours += 1) {
    bench.clock.advance(60 * 60_000);
    await bench.run("push-account");
  }
  expect(await bench.rows("select next_read_at from shadow_push")).toEqual([{ next_read_at: null }]);
  expect(await report()).toMatchObject({ givenUp: 1, matched: 0 });
});
