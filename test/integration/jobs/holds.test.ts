import { afterEach, beforeEach, expect, test } from "vitest";
import { inTransaction } from "../../../src/db/transaction.ts";
import type { PlannedWrite } from "../../../src/jobs/planned.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { sendWrites } from "../../../src/jobs/send-writes.ts";
import { sweep } from "../../../src/jobs/sweep.ts";
import { addHold, endHolds, listHolds } from "../../../src/sync/holds.ts";
import { takeLease } from "../../../src/sync/leases.ts";
import type { Scope } from "../../../src/sync/scope.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

const hold = (kind: "freeze" | "zero", scope: Scope, lastsMs: number | null = null) =>
  inTransaction(bench.database.db, (tx) =>
    addHold(tx, {
      kind,
      scope,
      reason: "a recall",
      actor: "test",
      requestKey: null,
      now: bench.clock.iso(),
      expiresAt: lastsMs === null ? null : bench.clock.iso(lastsMs),
    }),
  );
const end = (id: number) =>
  inTransaction(bench.database.db, (tx) => endHolds(tx, { id, by: "test", now: bench.clock.iso() }));
const push = async (): Promise<void> => {
  bench.clock.advance(2_000);
  await bench.run("publish-events");
  await bench.run("poll-orders");
  await bench.run("push-account");
  await bench.settle();
};
const shown = (sku = "A") => bench.channel.shown.get(sku);
/** All of them at once: a second import within half a minute asks for nothing new. */
const stockedAll = async (...skus: readonly string[]): Promise<void> => {
  for (const sku of skus) {
    bench.channel.shown.set(sku, 10);
    await bench.receive(sku, 10);
  }
  await bench.run("import-listings");
  await bench.settle();
};
const everything: Scope = { scope: "everything" };

test("a zero hold shows 0 at once, and the attempt says which hold it was", async () => {
  await bench.stocked("A", 10);
  const { id, reach } = await hold("zero", { scope: "sku", sku: "A" });
  expect(reach).toEqual({ listings: 1, accountIds: [accountId] });
  await push();
  expect(shown()).toBe(0);
  const [attempt] = await bench.rows<{ terms: readonly object[] }>("select terms from push_attempt");
  expect(attempt?.terms).toContainEqual({ term: "hold", holdIds: [id], units: 0 });
});

test("after a zero hold the listing goes to what is true now, not to what it showed before", async () => {
  await bench.stocked("A", 10);
  const { id } = await hold("zero", everything);
  await push();
  await bench.receive("A", 7);
  await push();
  expect(shown()).toBe(0);
  await end(id);
  await push();
  expect(shown()).toBe(17);
});

test("a freeze leaves the number as it is, notes what buyers make of it, and is caught up with when it ends", async () => {
  await bench.stocked("A", 10);
  const { id } = await hold("freeze", { scope: "account", accountId });
  await bench.receive("A", 5);
  await push();
  expect([shown(), bench.channel.writes]).toEqual([10, []]);
  bench.channel.sell("o-1", "A", 2);
  await push();
  expect(bench.channel.writes).toEqual([]);
  expect(await bench.rows("select shown_units::int as shown from push_target")).toEqual([{ shown: 8 }]);
  await end(id);
  bench.clock.advance(20_000);
  await push();
  expect(shown()).toBe(13);
});

test("a freeze on one listing leaves the others alone", async () => {
  await stockedAll("A", "B");
  const [row] = await bench.rows<{ id: number }>("select id from listing where ref = 'A'");
  await hold("freeze", { scope: "listing", accountId, listingId: row?.id ?? 0 });
  await bench.receive("A", 1);
  await bench.receive("B", 1);
  await push();
  expect([shown("A"), shown("B")]).toEqual([10, 11]);
});

test("zero beats freeze; when the zero ends, the freeze keeps the 0", async () => {
  await bench.stocked("A", 10);
  const freeze = await hold("freeze", everything);
  const zero = await hold("zero", { scope: "sku", sku: "A" });
  await push();
  expect(shown()).toBe(0);
  await end(zero.id);
  await push();
  expect(shown()).toBe(0);
  await end(freeze.id);
  await push();
  expect(shown()).toBe(10);
});

test("the sweep ends what has expired and leaves the other holds in force", async () => {
  await bench.stocked("A", 10);
  const short = await hold("zero", { scope: "sku", sku: "A" }, 10_000);
  const long = await hold("zero", everything);
  await push();
  expect(shown()).toBe(0);
  bench.clock.advance(10_000);
  expect(await sweep(bench.deps)).toBe(true);
  const holds = await listHolds(bench.database.db, { inForce: false, beforeId: null, rowsMax: 10 });
  expect(holds.map(({ id, endedBy }) => [id, endedBy])).toEqual([
    [long.id, null],
    [short.id, "expiry"],
  ]);
  await push();
  expect(shown()).toBe(0);
  await end(long.id);
  await push();
  expect(shown()).toBe(10);
});

test("a hold that comes between the plan and the call keeps a write from going out, unless it is the 0 that is wanted", async () => {
  await stockedAll("A", "B", "C");
  const connector = bench.deps.connectorFor(accountId);
  const lease = await takeLease(bench.database.db, { accountId, purpose: "push", holder: "bench", lifeMs: 60_000 });
  if (connector === undefined || lease === undefined) throw new Error("no connector, or no lease");
  const rows = await bench.rows<{ id: string; ref: string }>("select id, ref from listing order by ref");
  const planned = (ref: string, units: number): PlannedWrite => ({
    listingId: Number(rows.find((row) => row.ref === ref)?.id),
    version: 9,
    ref,
    details: null,
    units,
    withheldUnits: 0,
    shownUnits: 10,
    failures: 0,
    reason: "lower",
    terms: [],
  });
  await hold("freeze", { scope: "sku", sku: "A" });
  await hold("zero", { scope: "sku", sku: "B" });
  await hold("zero", { scope: "sku", sku: "C" });
  const writes = [planned("A", 5), planned("B", 5), planned("C", 0)];
  await sendWrites(bench.deps, connector, lease, writes, new AbortController().signal);
  expect(bench.channel.writes).toEqual([{ ref: "C", units: 0, expectedUnits: 10 }]);
  expect(await bench.rows("select units::int from push_attempt")).toEqual([{ units: 0 }]);
});

test("neither a zero hold on everything nor its end stops the account for a run that is too large", async () => {
  await stockedAll(...Array.from({ length: 12 }, (_, i) => `S${i}`));
  const plan = bench.deps.planFor(accountId);
  if (plan === undefined) throw new Error("no plan");
  const guards = {
    maxZeroedCount: 2,
    maxZeroedPercent: 10,
    maxLoweredCount: 1_000_000,
    maxLoweredPercent: 100,
    maxRaisedCount: 2,
    maxRaisedPercent: 10,
  };
  const guarded = { ...bench.deps, planFor: () => ({ ...plan, guards }) };
  const run = async (): Promise<void> => {
    const signal = new AbortController().signal;
    for (let rounds = 0; rounds < 4; rounds += 1) {
      bench.clock.advance(2_000);
      await bench.run("poll-orders");
      await pushAccount.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, guarded);
      await bench.run("confirm-pushes");
    }
  };
  const { id } = await hold("zero", everything);
  await run();
  expect([...bench.channel.shown.values()]).toEqual(Array(12).fill(0));
  await end(id);
  await run();
  expect([...bench.channel.shown.values()]).toEqual(Array(12).fill(10));
  expect(await bench.rows("select state from account")).toEqual([{ state: "live" }]);
});
