import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLedger } from "../../../src/ledger/check.ts";
import { JobBench } from "../../support/job-bench.ts";
import type { ToyChannel } from "../../support/toy-channel.ts";

let bench: JobBench;
let elsewhere: ToyChannel;

/** Ten units of A, shown by both accounts, and nine of B; the other account's orders were read a while ago. */
beforeEach(async () => {
  bench = await JobBench.open();
  elsewhere = await bench.addAccount("elsewhere");
  elsewhere.shown.set("A", 10);
  bench.channel.shown.set("B", 9);
  await bench.receive("B", 9);
  await bench.stocked("A", 10);
  for (const job of ["import-listings", "poll-orders", "push-account"] as const) await bench.run(job, "elsewhere");
  bench.clock.advance(20_000);
  await bench.run("poll-orders");
  await bench.settle();
});
afterEach(async () => {
  for (const check of await checkLedger(bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await bench.close();
});

const shown = (): number | undefined => bench.channel.shown.get("A");

test("units sold elsewhere since the last poll are not put on sale by a raise: their orders are read first", async () => {
  elsewhere.sell("unpolled", "A", 4);
  await bench.receive("A", 1);
  await bench.settle();
  // 10 + 1 − 4, though no message and no poll had told of the four; what sells withholds as many once more.
  expect(bench.channel.writes.map(({ units }) => units)).not.toContain(11);
  bench.clock.advance(60_000);
  for (const job of ["poll-orders", "push-account"] as const) await bench.run(job);
  expect(shown()).toBe(7);
});

test("while another account's orders cannot be read, nothing is raised, and lower numbers go", async () => {
  elsewhere.orderList = "fails";
  await bench.receive("A", 5);
  await bench.settle();
  expect(shown()).toBe(10);
  // Somebody phoned for six of the nine.
  const at = { createdAt: bench.clock.iso(), updatedAt: bench.clock.iso(), observedAt: bench.clock.iso() };
  const line = { lineRef: "1", listingRefs: ["B"], channelSku: "B", holdUnits: 6, leftUnits: 0, backUnits: 0 };
  const order = { orderRef: "phone", fulfilledBy: "merchant", channelState: "open", ...at, lines: [line] } as const;
  await bench.deliver({ id: "phone", topic: "order", payload: order, sourceAt: null });
  await bench.settle();
  expect(bench.channel.shown.get("B")).toBeLessThanOrEqual(3);
  elsewhere.orderList = "answers";
  bench.clock.advance(1_500);
  await bench.run("push-account");
  expect(shown()).toBe(15);
});

test("an order list that hangs is waited for no longer than a second", async () => {
  elsewhere.orderList = "hangs";
  await bench.receive("A", 5);
  const before = bench.clock.now();
  await bench.settle();
  expect(bench.clock.now() - before).toBeLessThan(6_000);
  expect(shown()).toBe(10);
});

test("where the quota leaves no read beside the regular polls, those must do", async () => {
  elsewhere.orderList = "fails";
  elsewhere.spareOrderReads = 0;
  await bench.receive("A", 5);
  await bench.settle();
  expect(shown()).toBe(15);
});

test("an account that has been away for long does not stop the others' raises", async () => {
  elsewhere.orderList = "fails";
  bench.clock.advance(10 * 60_000);
  await expect(bench.run("poll-orders", "elsewhere")).rejects.toThrow("does not answer");
  await bench.run("poll-orders");
  await bench.receive("A", 5);
  await bench.settle();
  expect(shown()).toBe(15);
});
