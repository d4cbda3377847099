import { afterEach, beforeEach, expect, test } from "vitest";
import { planLines, planProgress } from "../../../src/sync/plan-rows.ts";
import { PlanBench } from "../../support/plan-bench.ts";

let bench: PlanBench;
beforeEach(async () => {
  bench = await PlanBench.open();
});
afterEach(() => bench.close());

const shop = (shown: Readonly<Record<string, number>>): void => {
  for (const [ref, units] of Object.entries(shown)) bench.jobs.channel.shown.set(ref, units);
};
const shown = (): Readonly<Record<string, number>> => Object.fromEntries(bench.jobs.channel.shown);
const stock = async (units: Readonly<Record<string, number>>): Promise<void> => {
  for (const [sku, count] of Object.entries(units)) await bench.jobs.receive(sku, count);
};

test("a plan says for every listing what it shows, would show, and why, and writes nothing", async () => {
  shop({ LOW: 9, UP: 2, SAME: 5, GONE: 4, NOWHERE: 7 });
  await stock({ LOW: 6, UP: 8, SAME: 5, GONE: 1 });
  await bench.jobs.rows("update stock_level set on_hand = 0 where sku = 'GONE'");
  await bench.connect();
  shop({ NEW: 3 });
  await bench.jobs.clock.sleep(60_000);
  await bench.jobs.run("import-listings");
  const made = await bench.make();
  expect(made.hash).toMatch(/^[0-9a-f]{64}$/);
  const lines = await planLines(bench.deps.db, made.id, { rowsMax: 100 });
  const told = Object.fromEntries(lines.map((line) => [line.ref, [line.group, line.shownUnits, line.wantedUnits]]));
  expect(told).toEqual({
    LOW: ["lowering", 9, 6],
    UP: ["raise", 2, 8],
    SAME: ["unchanged", 5, 5],
    GONE: ["zeroing", 4, 0],
    NOWHERE: ["not-in-ledger", 7, 0],
    NEW: ["unmapped", null, null],
  });
  expect(lines.find(({ ref }) => ref === "LOW")?.terms).toMatchObject([
    { term: "available", sku: "LOW", units: 6, unitsEach: 1 },
    { term: "policy", by: "account" },
  ]);
  expect(made.summary.groups.zeroing).toEqual({ listings: 1, sharePercent: 16.67, shownUnits: 4, wantedUnits: 0 });
  expect(bench.jobs.channel.writes).toEqual([]);
  expect((await bench.make()).hash).toBe(made.hash);
});

test("a plan that is applied is shown by the channel, and the account goes live", async () => {
  shop({ LOW: 9, UP: 2, SAME: 5 });
  await stock({ LOW: 6, UP: 8, SAME: 5 });
  await bench.connect();
  const made = await bench.make();
  const applied = await bench.apply(made.id, { canary: 1 });
  expect(applied).toMatchObject({ state: "applied", stateReason: null });
  expect(shown()).toEqual({ LOW: 6, UP: 8, SAME: 5 });
  expect(await bench.accountState()).toBe("live");
  expect(bench.jobs.channel.writes.map(({ ref }) => ref).toSorted()).toEqual(["LOW", "UP"]);
  expect(await planProgress(bench.deps.db, made.id)).toMatchObject({
    total: 2,
    done: 2,
    canaryTotal: 1,
    canaryDone: 1,
  });
  await bench.jobs.settle();
  expect(bench.jobs.channel.writes).toHaveLength(2);
});

test("the canary goes first, and when it does not show nothing else is written", async () => {
  for (let i = 0; i < 30; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  bench.jobs.channel.mood = "accepts-and-drops";
  const stopped = await bench.apply(made.id, { canary: 3 });
  expect(stopped).toMatchObject({
    state: "stopped",
    stateReason: "the canary failed: 0 of 3 listings came to show it",
  });
  expect(new Set(bench.jobs.channel.writes.map(({ ref }) => ref)).size).toBe(3);
  expect(await bench.accountState()).toBe("read-only");
  // The channel is well again: asked again, it goes on.
  bench.jobs.channel.mood = "applies";
  expect(await bench.apply(made.id, { canary: 3 })).toMatchObject({ state: "applied" });
  expect(new Set(Object.values(shown()))).toEqual(new Set([5]));
});

test("a plan is refused when the ledger has moved since, and again when the channel has", async () => {
  for (let i = 0; i < 10; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  await stock({ S1: 3, S2: 3, S3: 3, S4: 3 });
  const refused = await bench.apply(made.id);
  expect(refused.state).toBe("proposed");
  expect(refused.stateReason).toMatch(/^4 listings have moved since the plan was made \(3 may\)/);
  const next = await bench.make();
  expect(next.hash).not.toBe(made.hash);
  shop({ S5: 1, S6: 1, S7: 1 });
  expect((await bench.apply(next.id)).stateReason).toMatch(/3 of them would be set to 0 or raised against the plan/);
  expect(bench.jobs.channel.writes).toEqual([]);
  expect(await bench.accountState()).toBe("read-only");
});

test("a listing that moved a little is never written beyond what was approved for it", async () => {
  for (let i = 0; i < 10; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  // To be lowered to 5, and sold out since: that would be a zeroing that nobody saw.
  await bench.jobs.rows("update stock_level set on_hand = 0 where sku = 'S3'");
  expect(await bench.apply(made.id)).toMatchObject({ state: "applied" });
  const [line] = await planLines(bench.deps.db, made.id, { listing: "S3", rowsMax: 1 });
  expect(line).toMatchObject({ outcome: "moved", detail: "the ledger says 0 now, and that was not approved" });
  expect(bench.jobs.channel.shown.get("S3")).toBe(9);
  // The live account goes on with it, under its own guards.
  await bench.jobs.settle();
  expect(bench.jobs.channel.shown.get("S3")).toBe(0);
});

test("a raise waits until the orders are seen", async () => {
  shop({ UP: 2 });
  await stock({ UP: 8 });
  await bench.connect();
  const made = await bench.make();
  bench.jobs.clock.advance(10_000);
  // Sold on the channel, and not in its order list yet.
  bench.jobs.channel.sell("late", "UP", 1);
  bench.jobs.channel.ordersVisibleUntil = bench.jobs.clock.iso(-1_000);
  await bench.ask(made.id, { canary: 0 });
  await bench.work(made.id);
  expect(bench.jobs.channel.writes).toEqual([]);
  // Never seen: the line is left to the live account, which waits on.
  expect(await bench.plan(made.id)).toMatchObject({ state: "applied" });
  expect(await planProgress(bench.deps.db, made.id)).toMatchObject({ total: 1, done: 0, left: 1 });
  await bench.jobs.settle();
  expect(bench.jobs.channel.writes).toEqual([]);
  bench.jobs.channel.ordersVisibleUntil = null;
  for (let turns = 0; turns < 2; turns += 1) {
    bench.jobs.clock.advance(60_000);
    await bench.jobs.run("poll-orders");
    await bench.jobs.settle();
  }
  expect(bench.jobs.channel.shown.get("UP")).toBe(7);
});

test("a worker killed between the call and its answer leaves a plan that goes on without sending twice", async () => {
  for (let i = 0; i < 6; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  await bench.ask(made.id, { canary: 2 });
  bench.jobs.channel.mood = "answer-lost";
  await bench.workOnce(made.id);
  expect(bench.jobs.channel.writes).toHaveLength(2);
  bench.jobs.channel.mood = "applies";
  expect(await bench.apply(made.id, { canary: 2 })).toMatchObject({ state: "applied" });
  expect(bench.jobs.channel.writes).toHaveLength(6);
  expect(new Set(Object.values(shown()))).toEqual(new Set([5]));
});

test("what the channel refuses for good is reported, and too much of it stops the plan", async () => {
  for (let i = 0; i < 30; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  bench.jobs.channel.mood = "refuses-for-good";
  const stopped = await bench.apply(made.id, { canary: 0 });
  expect(stopped).toMatchObject({
    state: "stopped",
    stateReason: "the channel refused 30 of 30 listings; the account is not live",
  });
  expect(await planProgress(bench.deps.db, made.id)).toMatchObject({ refused: 30, done: 0 });
  expect(await bench.accountState()).toBe("read-only");
});

test("restore brings every captured number back, pauses the account, and leaves the pushes owed", async () => {
  shop({ LOW: 9, UP: 2, SAME: 5 });
  await stock({ LOW: 6, UP: 8, SAME: 5 });
  await bench.connect();
  const made = await bench.make();
  await bench.apply(made.id);
  const restored = await bench.restore(made.id);
  expect(restored.state).toBe("restored");
  expect(shown()).toEqual({ LOW: 9, UP: 2, SAME: 5 });
  expect(await bench.accountState()).toBe("paused");
  expect(await planProgress(bench.deps.db, made.id)).toMatchObject({
    restoreTotal: 3,
    restoreDone: 3,
    restoreFailed: 0,
  });
  expect(
    await bench.jobs.rows("select units, terms from push_attempt where reason = 'restore' order by units"),
  ).toEqual([
    { units: 2, terms: [{ term: "captured", units: 2 }] },
    { units: 9, terms: [{ term: "captured", units: 9 }] },
  ]);
  await bench.jobs.settle();
  expect(shown()).toEqual({ LOW: 9, UP: 2, SAME: 5 });
  // Live again, the ledger's numbers are due.
  await bench.jobs.rows("update account set state = 'live'");
  await bench.jobs.run("poll-orders");
  await bench.jobs.settle();
  expect(shown()).toEqual({ LOW: 6, UP: 8, SAME: 5 });
});

test("what could not be put back is said, listing by listing", async () => {
  shop({ A: 9, B: 9 });
  await stock({ A: 6, B: 6 });
  await bench.connect();
  const made = await bench.make();
  await bench.apply(made.id);
  bench.jobs.channel.mood = "accepts-and-drops";
  const restored = await bench.restore(made.id);
  expect(restored.state).toBe("restored");
  const lines = await planLines(bench.deps.db, made.id, { rowsMax: 10 });
  expect(lines.map(({ restoreOutcome, restoreDetail }) => [restoreOutcome, restoreDetail])).toEqual([
    ["differs", "shows 6"],
    ["differs", "shows 6"],
  ]);
});

test("a new plan that is applied stops the one before it", async () => {
  shop({ A: 9, B: 9, C: 9 });
  await stock({ A: 6, B: 6, C: 6 });
  await bench.connect();
  const first = await bench.make();
  await bench.ask(first.id);
  const second = await bench.make();
  expect(await bench.apply(second.id)).toMatchObject({ state: "applied" });
  expect(await bench.plan(first.id)).toMatchObject({ state: "stopped" });
});

test("an account that somebody sets to another state on the way is not written to any more, and not made live", async () => {
  for (let i = 0; i < 6; i += 1) shop({ [`S${i}`]: 9 });
  await stock(Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`S${i}`, 5])));
  await bench.connect();
  const made = await bench.make();
  await bench.ask(made.id, { canary: 2 });
  await bench.workOnce(made.id);
  bench.jobs.clock.advance(1_000);
  await bench.jobs.rows(`update account set state = 'paused', state_since = '${bench.jobs.clock.iso()}'`);
  await bench.work(made.id);
  expect(await bench.plan(made.id)).toMatchObject({
    state: "stopped",
    stateReason: "the account was set to paused meanwhile",
  });
  expect(bench.jobs.channel.writes.length).toBeLessThan(6);
  expect(await bench.accountState()).toBe("paused");
  // Asked again, that state is known.
  expect(await bench.apply(made.id)).toMatchObject({ state: "applied" });
  expect(await bench.accountState()).toBe("live");
});
