import { afterEach, beforeEach, expect, test } from "vitest";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { explain } from "../../../src/jobs/explain-sku.ts";
import { createSupport } from "../../../src/jobs/support.ts";
import { evaluate } from "../../../src/mapping/allocate.ts";
import { showEverything } from "../../../src/mapping/policy.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

const support = () => createSupport(bench.deps);
const why = async (at: string | null = null) => {
  const answer = await explain(bench.deps, { sku: "A", accountId: null, listing: null, at });
  const [listing] = answer?.listings ?? [];
  if (listing === undefined) throw new Error("nothing sells A");
  return listing;
};
const push = async (): Promise<void> => {
  bench.clock.advance(2_000);
  await bench.run("publish-events");
  await bench.run("poll-orders");
  await bench.run("push-account");
  await bench.settle();
};
const order = async (ref: string, units: number): Promise<void> => {
  await bench.deliver(bench.channel.deliveryOf(bench.channel.sell(ref, "A", units)));
  await bench.settle();
};

test("a number that was there and right is explained by the ledger, with the movement behind every figure", async () => {
  await bench.stocked("A", 10);
  const explained = await why();
  expect(explained).toMatchObject({
    shows: { units: 10 },
    because: { kind: "ledger" },
    reproduced: true,
    waitsFor: [],
  });
  const [movement] = await bench.rows<{ id: string }>("select id from movement");
  expect(explained.levels).toEqual([
    {
      sku: "A",
      locationId: "main",
      onHand: 10,
      reserved: 0,
      incoming: 0,
      version: 1,
      movementId: Number(movement?.id),
    },
  ]);
  expect(explained.sentence).toContain("shows 10: 10 of A available (10 on hand − 0 reserved at main)");
});

test("a pushed number names its attempt, and the stored terms give it again", async () => {
  await bench.stocked("A", 10);
  await bench.receive("A", 5);
  await push();
  const explained = await why();
  expect(explained.shows?.units).toBe(15);
  expect(explained.attempts).toMatchObject([{ state: "applied", units: 15 }]);
  expect(explained.because?.attemptId).toBe(explained.attempts[0]?.id);
  expect(explained.sentence).toMatch(/Pushed \S+, answered \S+, seen \S+, last seen/);
});

test("what is reserved is told by order and reservation", async () => {
  await bench.stocked("A", 10);
  await order("o-1", 2);
  await bench.deps.ledger.submit({
    kind: "reserve",
    key: "r",
    actor: "test",
    occurredAt: bench.clock.iso(),
    reservationId: "cart-7",
    lines: [{ sku: Sku.parse("A"), locationId: LocationId.parse("main"), units: 3 }],
    mode: "all",
    ttlMs: 600_000,
    reference: null,
  });
  const { reservedBy, levels } = await why();
  expect(levels).toMatchObject([{ onHand: 10, reserved: 5 }]);
  expect(new Set(reservedBy.map(({ by, ref, units }) => `${by} ${ref}: ${units}`))).toEqual(
    new Set(["order o-1: 2", "reservation cart-7: 3"]),
  );
});

test("a change by hand on the channel is none of our numbers, even when it is an old one of ours", async () => {
  await bench.stocked("A", 10, 12);
  expect((await why()).shows?.units).toBe(10);
  await bench.receive("A", 1);
  await push();
  bench.channel.shown.set("A", 10);
  bench.channel.mood = "refuses";
  await bench.receive("A", 1);
  await push();
  const explained = await why();
  expect(explained).toMatchObject({ shows: { units: 10 }, because: { kind: "channel" }, reproduced: false });
  expect(explained.sentence).toContain("none of our numbers (our last was 11");
  expect(explained.sentence).toContain("It should show 12");
});

test("it tells what a listing waits for: the account, a hold, a refusal, orders, an answer", async () => {
  await bench.stocked("A", 10);
  const waitsFor = async () => (await why()).waitsFor.map(({ what }) => what);
  await bench.rows("update account set state = 'paused', state_reason = 'too much'");
  await bench.receive("A", 5);
  await bench.run("publish-events");
  await bench.rows("update account_cursor set watermark = watermark - interval '1 hour' where stream = 'orders'");
  expect(await waitsFor()).toEqual(["account", "orders"]);
  await bench.rows("update account set state = 'live'");
  const held = await support().putHold({
    kind: "freeze",
    target: { scope: "sku", sku: "A" },
    reason: "photo shoot",
    actor: "test",
    expiresAt: null,
    requestKey: null,
  });
  if (held.status !== "done") throw new Error(held.detail);
  await push();
  const frozen = await why();
  expect(frozen.waitsFor.map(({ what }) => what)).toContain("hold");
  expect(frozen).toMatchObject({ shows: { units: 10 }, reproduced: true, because: { kind: "seen-right" } });
  expect(frozen.sentence).toContain(`frozen by hold ${held.hold.id} (photo shoot)`);
  await support().endHold({ id: held.hold.id, actor: "test" });
  bench.channel.mood = "refuses-for-good";
  await push();
  expect(await waitsFor()).toEqual(["blocked"]);
  bench.channel.mood = "accepts-and-drops";
  await bench.receive("A", 1);
  await push();
  expect(await waitsFor()).toContain("read-back");
});

test("a past moment is explained by the terms of that time, and they give the number of that time", async () => {
  await bench.stocked("A", 10);
  const moments: { readonly at: string; readonly units: number }[] = [];
  const note = (): void => {
    moments.push({ at: bench.clock.iso(), units: bench.channel.shown.get("A") ?? -1 });
    bench.clock.advance(60_000);
  };
  note();
  await bench.receive("A", 5);
  await push();
  note();
  await order("o-1", 4);
  await push();
  note();
  await bench.receive("A", 20);
  await push();
  note();
  expect(moments.map(({ units }) => units)).toEqual([10, 15, 11, 31]);
  for (const { at, units } of moments) {
    const explained = await why(at);
    expect([at, explained.shows?.units, explained.reproduced]).toEqual([at, units, true]);
    expect(evaluate(explained.because?.terms ?? []).units).toBe(units);
  }
  expect((await why("2020-01-01T00:00:00.000Z")).shows).toBeNull();
});

test("policy, tier and cap are told in the sentence, and the policy's version is the one on record", async () => {
  const plan = bench.deps.planFor(accountId);
  if (plan === undefined) throw new Error("no plan");
  const policy = { ...showEverything, capUnits: 8, tiers: [{ upToUnits: 10, sharePercent: 50 }] };
  const deps = { ...bench.deps, planFor: () => ({ ...plan, policy }) };
  await bench.stocked("A", 10);
  const answer = await explain(deps, { sku: "A", accountId: null, listing: null, at: null });
  expect(answer?.listings[0]?.sentence).toMatch(
    /It should show 5: .*policy [0-9a-f]{12}, scarce: 10 left, at most 10, share 50 % → 5, cap 8 → 5/,
  );
});

test("the timeline of a SKU has deliveries, movements, pushes, answers, observations and holds in their order", async () => {
  await bench.stocked("A", 10);
  await order("o-1", 2);
  await bench.receive("A", 5);
  await push();
  await support().putHold({
    kind: "zero",
    target: { scope: "everything" },
    reason: "recall",
    actor: "test",
    expiresAt: null,
    requestKey: null,
  });
  await push();
  const found = await support().timeline({ of: "sku", sku: "A" }, { before: null, rowsMax: 500 });
  const entries = found?.entries ?? [];
  expect(new Set(entries.map(({ kind }) => kind))).toEqual(
    new Set(["delivery", "movement", "push", "answer", "applied", "observation", "hold"]),
  );
  expect(entries.map(({ at }) => at)).toEqual(
    entries
      .map(({ at }) => at)
      .toSorted()
      .toReversed(),
  );
  const at = (needle: string): number => entries.findIndex(({ text }) => text.includes(needle));
  expect(at("lower 13 → 0 sent")).toBeLessThan(at("zero hold"));
  expect(at("zero hold")).toBeLessThan(at("about order o-1"));
  // Read in pages it is the same list.
  const paged = [];
  for (let before: string | null = null; ; ) {
    const page = await support().timeline({ of: "sku", sku: "A" }, { before, rowsMax: 3 });
    paged.push(...(page?.entries ?? []));
    before = page?.next ?? null;
    if (before === null) break;
  }
  expect(paged).toEqual(entries);
});

test("the timeline of an order has what came in about it, what it moved, and the pushes that followed", async () => {
  await bench.stocked("A", 10);
  await order("o-1", 2);
  await bench.deliver({ id: "hint-1", topic: "hint", payload: "o-1", sourceAt: null });
  await bench.settle();
  const found = await support().timeline(
    { of: "order", orderRef: "o-1", accountId: null },
    { before: null, rowsMax: 100 },
  );
  const kinds = (found?.entries ?? []).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind === "movement")).toHaveLength(1);
  expect((found?.entries ?? []).filter(({ text }) => text.includes("hint about order o-1"))).toHaveLength(1);
  expect(
    await support().timeline({ of: "order", orderRef: "no", accountId: null }, { before: null, rowsMax: 9 }),
  ).toBeUndefined();
});
