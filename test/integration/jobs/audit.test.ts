import { afterEach, beforeEach, expect, test } from "vitest";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { auditFully } from "../../../src/jobs/audit-fully.ts";
import { findDrift, previewDrift, settleDrift } from "../../../src/jobs/settle-drift.ts";
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

const drifts = () =>
  bench.rows<{ id: number; ref: string; state: string; cause: string | null; reason: string | null }>(
    "select d.id, l.ref, d.state, d.cause, d.reason from drift d join listing l on l.id = d.listing_id order by d.id",
  );
/** The audit runs, and everything it wakes, for so long. */
const auditFor = async (minutes: number): Promise<void> => {
  for (let turn = 0; turn < minutes * 3; turn += 1) {
    bench.clock.advance(20_000);
    await bench.run("poll-orders");
    await bench.run("audit-account");
    await bench.run("confirm-pushes");
    await bench.settle();
  }
};
const decided = async (id: number, verb: "heal" | "accept" | "dismiss") => {
  const drift = await findDrift(bench.deps, id);
  if (drift === undefined) throw new Error(`no drift ${id}`);
  const decision = { verb, reason: "looked at", actor: "test" };
  return {
    preview: await previewDrift(bench.deps, drift, decision),
    refused: await settleDrift(bench.deps, drift, decision),
  };
};

test("an edit upwards is lowered at once, before anybody knows why", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  bench.channel.shown.set("A", 25);
  await bench.run("audit-account");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(10);
  expect(await drifts()).toMatchObject([{ state: "suspected" }]);
  await auditFor(5);
  expect(await drifts()).toMatchObject([{ state: "healed", cause: "hand-edit" }]);
});

test("an edit downwards waits for a person, and is raised only after that", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  bench.channel.shown.set("A", 4);
  await auditFor(20);
  expect(bench.channel.writes).toEqual([]);
  const [drift] = await drifts();
  expect(drift).toMatchObject({ state: "open", cause: "hand-edit" });
  expect(await decided(drift?.id ?? 0, "heal")).toMatchObject({ refused: undefined });
  await auditFor(3);
  expect(bench.channel.shown.get("A")).toBe(10);
  expect(await drifts()).toMatchObject([{ state: "healed", reason: "looked at" }]);
  expect(await decided(drift?.id ?? 0, "heal")).toMatchObject({ refused: expect.stringContaining("not open") });
});

test("an accepted drift moves the ledger once, and the movement carries its id", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  bench.channel.shown.set("A", 4);
  await auditFor(20);
  const [drift] = await drifts();
  expect(await decided(drift?.id ?? 0, "accept")).toEqual({
    preview: { would: "A at main is adjusted by -6" },
    refused: undefined,
  });
  await auditFor(3);
  expect(await bench.rows("select kind, d_on_hand, command_key from movement where kind = 'adjustment'")).toEqual([
    { kind: "adjustment", d_on_hand: -6, command_key: `drift:${drift?.id}` },
  ]);
  expect(await drifts()).toMatchObject([{ state: "accepted" }]);
  expect(bench.channel.writes).toEqual([]);
});

test("a dismissed drift is left alone", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  bench.channel.shown.set("A", 4);
  await auditFor(20);
  const [drift] = await drifts();
  await decided(drift?.id ?? 0, "dismiss");
  expect((await drifts())[0]).toMatchObject({ state: "dismissed" });
  expect(bench.channel.writes).toEqual([]);
});

test("an order that the list left out is found by reading the window again, and nothing is raised meanwhile", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  const order = bench.channel.sell("O-1", "A", 3);
  bench.channel.hiddenFromPolls.add(`O-1:${order.updatedAt}`);
  await auditFor(20);
  expect(await drifts()).toMatchObject([{ state: "healed", cause: "unseen-order" }]);
  expect(await bench.rows("select on_hand, reserved from stock_level")).toEqual([{ on_hand: 10, reserved: 3 }]);
  expect(bench.channel.writes).toEqual([]);
});

test("a sale whose message is on its way is no drift", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  const order = bench.channel.sell("O-1", "A", 3);
  await bench.run("audit-account");
  bench.clock.advance(2_000);
  await bench.deliver(bench.channel.deliveryOf(order));
  await auditFor(5);
  expect(await drifts()).toMatchObject([{ state: "gone", cause: null }]);
});

test("a number under way is no drift", async () => {
  await bench.stocked("A", 10);
  bench.clock.advance(120_000);
  bench.channel.mood = "accepts-and-drops";
  await bench.receive("A", 5);
  await bench.settle(3);
  await bench.run("audit-account");
  expect(await bench.rows("select state from push_attempt")).toEqual([{ state: "accepted" }]);
  expect(await drifts()).toEqual([]);
});

test("the listings read longest ago come first, and pushes come before all of them", async () => {
  for (let index = 0; index < 15; index += 1) bench.channel.shown.set(`A${index}`, 5);
  for (let index = 0; index < 15; index += 1) await bench.receive(`A${index}`, 5);
  await bench.run("import-listings");
  await bench.run("poll-orders");
  await bench.settle();
  const readSince = async (at: string): Promise<number> =>
    (await bench.rows<{ n: number }>(`select count(*) as n from push_target where shown_at >= '${at}'`))[0]?.n ?? 0;
  bench.clock.advance(120_000);
  const first = bench.clock.iso();
  await bench.run("audit-account");
  expect(await readSince(first)).toBe(10);
  bench.clock.advance(10_000);
  await bench.run("poll-orders");
  await bench.receive("A0", 1);
  await bench.run("publish-events");
  await bench.run("audit-account");
  expect(await readSince(first)).toBe(10);
  await bench.settle();
  bench.clock.advance(20_000);
  await bench.run("audit-account");
  expect(await readSince(first)).toBe(15);
});

test("a listing whose push is refused again and again is our lag", async () => {
  await bench.stocked("A", 10);
  bench.channel.busy.add("A");
  await bench.receive("A", 5);
  await auditFor(6);
  expect(await drifts()).toMatchObject([{ state: "healing", cause: "our-lag" }]);
  bench.channel.busy.clear();
  await auditFor(4);
  expect(bench.channel.shown.get("A")).toBe(15);
  expect(await drifts()).toMatchObject([{ state: "healed", cause: "our-lag" }]);
});

test("a full audit reads through the bulk door, and only what differs once more", async () => {
  const stock = { A: 10, B: 20, C: 30 };
  for (const [ref, units] of Object.entries(stock)) {
    bench.channel.shown.set(ref, units);
    await bench.receive(ref, units);
  }
  await bench.run("import-listings");
  await bench.run("poll-orders");
  await bench.settle();
  bench.clock.advance(120_000);
  bench.channel.shown.set("B", 17);
  const connector = bench.deps.connectorFor("toy");
  if (connector === undefined) throw new Error("the bench has no channel");
  const reads: string[][] = [];
  const read = connector.readQuantities.bind(connector);
  const told = [
    { ref: "STRANGE", units: 1, at: null },
    { ref: "B", units: 17, at: null },
    // Told wrongly by the bulk door: read again it is right.
    { ref: "A", units: 11, at: null },
  ];
  Object.assign(connector, {
    // biome-ignore lint/suspicious/useAwait: a stream that needs no waiting
    readEverything: async function* () {
      yield* told;
    },
    readQuantities: (...args: Parameters<typeof read>) => {
      reads.push(args[0].map(({ ref }) => ref));
      return read(...args);
    },
  });
  const report = await auditFully(bench.deps, "toy", new AbortController().signal);
  expect(report).toEqual({
    accountId: "toy",
    door: "everything",
    told: 3,
    expected: 3,
    differing: 2,
    missing: 1,
    unknown: 1,
    drifts: 1,
    missingRefs: ["C"],
  });
  expect(reads).toEqual([["A", "B"]]);
  expect(await drifts()).toMatchObject([{ ref: "B", state: "suspected" }]);
  expect(await bench.rows("select read_how, units from observation order by id desc limit 1")).toEqual([
    { read_how: "audit", units: 17 },
  ]);
});

test("an order from before our last push makes the listing owe again, and the overwritten sale is taken off", async () => {
  await bench.stocked("A", 10);
  const connector = bench.deps.connectorFor("toy");
  if (connector === undefined) throw new Error("the bench has no channel");
  const push = connector.pushQuantities.bind(connector);
  const orders: ReturnType<typeof bench.channel.sell>[] = [];
  bench.channel.ordersVisibleUntil = bench.clock.iso();
  Object.assign(connector, {
    // Sold between our read and our write: the absolute number overwrites the channel's own decrement.
    pushQuantities: (...args: Parameters<typeof push>) => {
      if (orders.length === 0) orders.push(bench.channel.sell("O-1", "A", 2));
      return push(...args);
    },
  });
  const base = { key: "broken", actor: "test", occurredAt: bench.clock.iso(), reason: "broken" };
  const at = { sku: Sku.parse("A"), locationId: LocationId.parse("main") };
  await bench.deps.ledger.submit({ ...base, ...at, kind: "adjust", units: -1 });
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(9);
  bench.channel.ordersVisibleUntil = null;
  for (const order of orders) await bench.deliver(bench.channel.deliveryOf(order));
  await bench.settle();
  // Lower still while it is selling.
  expect(bench.channel.shown.get("A")).toBeLessThanOrEqual(7);
  await auditFor(3);
  await bench.run("push-account");
  await bench.settle();
  expect(bench.channel.shown.get("A")).toBe(7);
});
