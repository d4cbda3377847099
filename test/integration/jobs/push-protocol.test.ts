import { afterEach, beforeEach, expect, test } from "vitest";
import { checkLedger } from "../../../src/ledger/check.ts";
import { JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(async () => {
  for (const check of await checkLedger(bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await bench.close();
});

const attempts = () =>
  bench.rows<{ state: string; units: number }>("select state, units from push_attempt order by id");
const target = async () =>
  (
    await bench.rows<{ owed: boolean; blocked: string | null; shown: number }>(
      "select wanted_version > settled_version as owed, blocked_reason as blocked, shown_units as shown from push_target",
    )
  )[0];

test("what the channel shows already is settled without a call", async () => {
  await bench.stocked("A", 10);
  expect(bench.channel.writes).toEqual([]);
  expect(await target()).toMatchObject({ owed: false, shown: 10 });
});

test("units that came in are shown once the orders up to the observation are known", async () => {
  await bench.stocked("A", 10);
  await bench.receive("A", 5);
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(15);
  expect(await attempts()).toEqual([{ state: "applied", units: 15 }]);
  expect(await target()).toMatchObject({ owed: false });
});

test("a push that was accepted is applied only when it was read back", async () => {
  await bench.stocked("A", 10, 12);
  expect(await attempts()).toEqual([{ state: "applied", units: 10 }]);
  bench.channel.mood = "accepts-and-drops";
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.settle(12);
  expect((await attempts()).at(-1)).toEqual({ state: "accepted", units: 11 });
  expect(await target()).toMatchObject({ owed: true });
});

test("what never showed is given up after its time and sent again", async () => {
  bench.channel.mood = "accepts-and-drops";
  await bench.stocked("A", 10, 12);
  expect(bench.channel.shown.get("A")).toBe(12);
  bench.channel.mood = "applies";
  bench.clock.advance(30_000);
  await bench.run("confirm-pushes");
  await bench.settle();
  expect((await attempts()).map((attempt) => attempt.state)).toEqual(["lost", "applied"]);
  expect(bench.channel.shown.get("A")).toBe(10);
});

test("a push that showed unseen and was sold is not sent again before its order is known", async () => {
  await bench.stocked("A", 10);
  bench.channel.mood = "accepts-and-drops";
  await bench.receive("A", 5);
  await bench.settle(12);
  expect(await attempts()).toEqual([{ state: "accepted", units: 15 }]);
  // It takes effect late after all, and somebody buys just these five: the next reading shows 10 again.
  bench.channel.mood = "applies";
  bench.channel.ordersVisibleUntil = bench.clock.iso(-1);
  bench.channel.shown.set("A", 15);
  bench.channel.sell("unseen", "A", 5);
  bench.clock.advance(30_000);
  await bench.run("confirm-pushes");
  await bench.settle();
  expect(await attempts()).toEqual([{ state: "lost", units: 15 }]);
  expect(bench.channel.shown.get("A")).toBe(10);
  bench.channel.ordersVisibleUntil = null;
  bench.clock.advance(2_000);
  await bench.run("poll-orders");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(10);
  expect(await target()).toMatchObject({ owed: false });
});

test("a unit that the channel sold unseen is not put back on sale by lowering for another sale", async () => {
  await bench.stocked("A", 10);
  bench.channel.sell("unseen", "A", 5);
  bench.channel.ordersVisibleUntil = bench.clock.iso(-1);
  // Elsewhere one unit was sold: 9 are left as far as we know, but the channel shows 5.
  const elsewhere = {
    orderRef: "e",
    fulfilledBy: "merchant",
    channelState: "open",
    createdAt: bench.clock.iso(),
    updatedAt: bench.clock.iso(),
    observedAt: bench.clock.iso(),
  } as const;
  const line = { lineRef: "1", listingRefs: ["A"], channelSku: "A", holdUnits: 1, leftUnits: 0, backUnits: 0 };
  await bench.deliver({ id: "e", topic: "order", payload: { ...elsewhere, lines: [line] }, sourceAt: null });
  await bench.settle();
  expect(bench.channel.writes).toEqual([]);
  expect(bench.channel.shown.get("A")).toBe(5);
  // The order list catches up: now 4 are left. Five went at once just now, so that many may be selling unseen.
  bench.channel.ordersVisibleUntil = null;
  bench.clock.advance(2_000);
  await bench.run("poll-orders");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(0);
  expect(await target()).toMatchObject({ owed: true });
  // Quiet again: what was withheld follows.
  bench.clock.advance(20_000);
  await bench.run("poll-orders");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(4);
  expect(await target()).toMatchObject({ owed: false });
});

test("an order that was cancelled before we ever saw it leaves the channel's number where the ledger's is", async () => {
  await bench.stocked("A", 10);
  const order = bench.channel.sell("gone", "A", 4);
  // The channel does not put the units back, and we see only the end of it.
  const [line] = order.lines;
  if (line === undefined) throw new Error("the order has no line");
  const cancelled = { ...order, channelState: "cancelled", lines: [{ ...line, holdUnits: 0 }] };
  bench.channel.orders.splice(0, 1, cancelled);
  for (let polls = 0; polls < 2; polls += 1) {
    bench.clock.advance(2_000);
    await bench.run("poll-orders");
    await bench.settle();
  }
  expect(bench.channel.shown.get("A")).toBe(10);
  expect(await target()).toMatchObject({ owed: false });
});

test("an answer that was lost is read back, and nothing is sent twice", async () => {
  bench.channel.mood = "answer-lost";
  await bench.stocked("A", 10, 12);
  expect(await attempts()).toEqual([{ state: "applied", units: 10 }]);
  expect(bench.channel.writes).toHaveLength(1);
});

test("a worker that dies while sending leaves an attempt that the next one clears up", async () => {
  bench.channel.mood = "dies-before-answer";
  await bench.stocked("A", 10, 12).catch(() => undefined);
  expect((await attempts())[0]).toMatchObject({ state: "unknown" });
  bench.channel.mood = "applies";
  bench.clock.advance(60_000);
  await bench.run("confirm-pushes");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(10);
  expect(await target()).toMatchObject({ owed: false });
});

test("while a worker holds the account's lease another one sends nothing", async () => {
  await bench.stocked("A", 10);
  await bench.rows(
    "insert into account_lease values ('toy', 'push', 'other', 7, now() + interval '1 minute') on conflict (account_id, purpose) do update set holder = 'other', fence = 7, expires_at = now() + interval '1 minute'",
  );
  bench.channel.shown.set("A", 30);
  await bench.receive("A", 1);
  await bench.settle();
  expect(bench.channel.writes).toEqual([]);
  await bench.rows("update account_lease set expires_at = now()");
  await bench.run("push-account");
  expect(bench.channel.writes).toHaveLength(1);
  expect(await bench.rows("select fence from account_lease")).toEqual([{ fence: 8 }]);
});

test("a refusal for good blocks the listing visibly until its stock changes", async () => {
  bench.channel.mood = "refuses-for-good";
  await bench.stocked("A", 10, 12);
  expect(await target()).toMatchObject({ owed: true, blocked: "listing ended" });
  bench.channel.mood = "applies";
  await bench.receive("A", 1);
  await bench.settle();
  expect(await target()).toMatchObject({ owed: false, blocked: null });
});

test("a lost compare-and-set is recomputed from the ledger, never sent again as it was", async () => {
  bench.channel.mood = "conflicts";
  await bench.stocked("A", 10, 12);
  expect(bench.channel.writes.length).toBeGreaterThanOrEqual(1);
  bench.channel.mood = "applies";
  await bench.receive("A", 3);
  bench.channel.writes.length = 0;
  await bench.settle();
  expect(bench.channel.writes.at(-1)).toMatchObject({ units: 13 });
});

test("an account that is not live is never written to", async () => {
  await bench.rows("update account set state = 'read-only'");
  await bench.stocked("A", 10, 12);
  expect(bench.channel.writes).toEqual([]);
  expect(await target()).toMatchObject({ owed: true });
});

test("an empty ledger over a full shop stops the account instead of zeroing it", async () => {
  const plan = bench.deps.planFor("toy");
  const guards = {
    maxZeroedCount: 2,
    maxZeroedPercent: 10,
    maxLoweredCount: 2,
    maxLoweredPercent: 10,
    maxRaisedCount: 2,
    maxRaisedPercent: 10,
  };
  const guarded = new JobBenchDeps(bench, { ...plan, guards });
  for (let i = 0; i < 20; i += 1) bench.channel.shown.set(`S${i}`, 50);
  await bench.rows("insert into stock_level select 'S' || i, 'main', 0, 0, 0, 0, now() from generate_series(0, 19) i");
  await bench.run("import-listings");
  await guarded.push();
  expect(bench.channel.writes).toEqual([]);
  expect(await bench.rows("select state, state_reason from account")).toEqual([
    { state: "paused", state_reason: "one run would set 20 of 20 listings to 0 (limit 2)" },
  ]);
});

import { pushAccount } from "../../../src/jobs/push-account.ts";

class JobBenchDeps {
  readonly #bench: JobBench;
  readonly #plan: ReturnType<JobBench["deps"]["planFor"]>;
  constructor(of: JobBench, plan: object) {
    this.#bench = of;
    this.#plan = plan as ReturnType<JobBench["deps"]["planFor"]>;
  }
  async push(): Promise<void> {
    const signal = new AbortController().signal;
    await pushAccount.run(
      { payload: { accountId: "toy" }, signal, drain: signal, progress: () => undefined },
      { ...this.#bench.deps, planFor: () => this.#plan },
    );
  }
}
