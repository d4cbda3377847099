import { afterEach, beforeEach, expect, test } from "vitest";
import { choosePushDoor } from "../../../src/connectors/amazon/push-door.ts";
import { aroundConnector } from "../../../src/connectors/around.ts";
import { createCircuits } from "../../../src/connectors/circuits.ts";
import type { Bulk, Connector, ListingWrite, PushOutcome } from "../../../src/connectors/connector.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import { confirmPushes } from "../../../src/jobs/confirm-pushes.ts";
import type { JobDeps } from "../../../src/jobs/deps.ts";
import { pushAccount } from "../../../src/jobs/push-account.ts";
import { settleBulks } from "../../../src/jobs/settle-bulks.ts";
import { post } from "../../../src/ledger/post.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(() => bench.close());

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const skusOf = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `S${index}`);

/** Listings that show `shown`, with `units` on the shelf, everything in step but the pushes. */
const stock = async (skus: readonly string[], shown: number, units: number): Promise<void> => {
  for (const sku of skus) {
    bench.channel.shown.set(sku, shown);
    await bench.receive(sku, units);
  }
  await bench.run("import-listings");
  bench.clock.advance(1_000);
  await bench.run("poll-orders");
  await bench.run("publish-events");
};
let adjustments = 0;
const adjust = async (sku: string, units: number): Promise<void> => {
  if (units === 0) return;
  await bench.database.setClock(bench.clock.iso());
  await inTransaction(bench.database.db, (tx) =>
    post(tx, [
      {
        kind: "adjust",
        key: `adjust:${(adjustments += 1)}`,
        sku: Sku.parse(sku),
        locationId: LocationId.parse("main"),
        units,
        reason: "counted",
        actor: "test",
        occurredAt: bench.clock.iso(),
      },
    ]),
  );
};
const runs = (connector: Connector) => {
  const deps: JobDeps = { ...bench.deps, connectorFor: () => connector };
  const { signal } = new AbortController();
  const run = async (job: typeof pushAccount): Promise<unknown> => {
    bench.clock.advance(150);
    await bench.database.setClock(bench.clock.iso());
    return job.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, deps);
  };
  return { push: () => run(pushAccount), confirm: () => run(confirmPushes), settle: () => run(settleBulks) };
};
const openOf = (sku: string) =>
  bench.rows<{ state: string; receipt: string | null }>(
    `select a.state, a.receipt from push_attempt a join listing l on l.id = a.listing_id where l.ref = '${sku}' order by a.id desc limit 1`,
  );
const owedCount = async (): Promise<number> =>
  Number(
    (await bench.rows<{ n: string }>("select count(*) as n from push_target where wanted_version > settled_version"))[0]
      ?.n,
  );

/** A channel that takes documents and works them off when it is told to. */
const withDocuments = (base: Connector) => {
  const documents = new Map<string, readonly ListingWrite[]>();
  const state = { isDone: false, asked: 0 };
  const bulk: Bulk = {
    doors: (requests) => choosePushDoor(requests, { burst: 5, ratePerSecond: 1, bulkSeconds: 10 }),
    submit: (writes) => {
      const receipt = `feed-${documents.size + 1}`;
      documents.set(receipt, writes);
      return Promise.resolve({ receipt, outcomes: [] });
    },
    settle: (receipt, refs) => {
      state.asked += 1;
      if (!state.isDone) return Promise.resolve("pending");
      for (const { ref, units } of documents.get(receipt) ?? []) bench.channel.shown.set(ref, units);
      return Promise.resolve(refs.map((ref): PushOutcome => ({ ref, status: "accepted", receipt })));
    },
  };
  return { connector: { ...base, bulk } satisfies Connector, documents, state };
};

test("a large run of raises goes as one document, and settles by read-back like everything else", async () => {
  const skus = skusOf(40);
  await stock(skus, 1, 10);
  const { connector, documents, state } = withDocuments(bench.channel.connector());
  const { push, settle, confirm } = runs(connector);
  await push();
  // One usual round first, for whatever is urgent; then the document.
  expect(bench.channel.writes).toHaveLength(10);
  expect([...documents.values()].map((writes) => writes.length)).toEqual([30]);
  const [inDocument] = documents.get("feed-1") ?? [];
  expect(await openOf(inDocument?.ref ?? "")).toEqual([{ state: "sent", receipt: "feed-1" }]);
  bench.clock.advance(15_000);
  await settle();
  await push();
  // Not worked off yet: nothing is sent twice, and no new lease holder takes it for lost.
  expect(documents.size).toBe(1);
  expect(await openOf(inDocument?.ref ?? "")).toEqual([{ state: "sent", receipt: "feed-1" }]);
  state.isDone = true;
  bench.clock.advance(60_000);
  await settle();
  bench.clock.advance(1_000);
  for (let round = 0; round < 6; round += 1) await confirm();
  expect(await owedCount()).toBe(0);
  expect([...bench.channel.shown.values()].every((units) => units === 10)).toBe(true);
  expect(state.asked).toBe(2);
});

test("a listing in a document is never written singly too, while urgent lowerings of others go at once", async () => {
  await stock(skusOf(40), 1, 10);
  const { connector, documents, state } = withDocuments(bench.channel.connector());
  const { push, settle, confirm } = runs(connector);
  await push();
  await confirm();
  const single = bench.channel.writes[0]?.ref ?? "";
  const inDocument = documents.get("feed-1")?.[0]?.ref ?? "";
  for (const sku of [single, inDocument]) {
    const order = bench.channel.sell(`order-${sku}`, sku, 1);
    await bench.deliver(bench.channel.deliveryOf(order));
  }
  await bench.run("ingest");
  await bench.run("publish-events");
  // The buyer's own unit is off the channel's number already: what is left to show differs only where we lower.
  await bench.receive(single, 1);
  bench.channel.shown.set(single, 30);
  bench.channel.writes.length = 0;
  await bench.run("publish-events");
  await push();
  expect(bench.channel.writes.map(({ ref }) => ref)).toEqual([single]);
  state.isDone = true;
  bench.clock.advance(60_000);
  await settle();
  for (let round = 0; round < 8; round += 1) {
    bench.clock.advance(11_000);
    await bench.run("poll-orders");
    await push();
    await confirm();
  }
  // The document had put the sold unit back; afterwards it is taken off again.
  expect(bench.channel.shown.get(inDocument)).toBe(9);
  expect(await owedCount()).toBe(0);
});

test("a document that nobody knows of is looked at after its doubt, and its listings are planned again", async () => {
  await stock(skusOf(40), 1, 10);
  const { connector, documents } = withDocuments(bench.channel.connector());
  const lost: Connector = {
    ...connector,
    bulk: {
      ...connector.bulk,
      submit: () => Promise.reject(new ChannelError({ kind: "retryable", message: "reset", ambiguous: true })),
    },
  };
  await expect(runs(lost).push()).rejects.toMatchObject({ ambiguous: true });
  const states = await bench.rows(
    "select distinct state from push_attempt where version > 0 and receipt is null order by 1",
  );
  expect(states).toContainEqual({ state: "unknown" });
  const { push, confirm } = runs(connector);
  await push();
  expect(documents.size).toBe(0);
  bench.clock.advance(3_700_000);
  for (let round = 0; round < 6; round += 1) await confirm();
  await bench.run("poll-orders");
  await push();
  expect([...documents.values()].flat().length + bench.channel.writes.length).toBeGreaterThanOrEqual(40);
});

test("of a listing's writes a day some are kept for lowerings, and the last for nothing left", async () => {
  await stock(["A"], 5, 5);
  const base = bench.channel.connector();
  const { push, confirm } = runs({ ...base, limits: { ...base.limits, revisionsPerListingPerDay: 20 } });
  const wantUnits = async (units: number): Promise<void> => {
    bench.clock.advance(60_000);
    await bench.database.setClock(bench.clock.iso());
    const { rows } = await bench.database.db.pool.query<{ on_hand: number }>(
      "select on_hand from stock_level where sku = 'A'",
    );
    const difference = units - Number(rows[0]?.on_hand ?? 0);
    await adjust("A", difference);
    await bench.run("publish-events");
    await bench.run("poll-orders");
    await push();
    bench.clock.advance(1_000);
    await confirm();
  };
  // 10:00 UTC: 0.3 + 10/24 of twenty writes may have been spent on raises, that is fourteen.
  for (let units = 6; units < 40; units += 1) await wantUnits(units);
  expect(bench.channel.writes).toHaveLength(15);
  for (let units = 12; units > 0; units -= 1) await wantUnits(units);
  expect(bench.channel.writes).toHaveLength(17);
  await wantUnits(0);
  expect(bench.channel.writes).toHaveLength(18);
  expect(bench.channel.shown.get("A")).toBe(0);
  // The next day everything is written that was held back.
  await wantUnits(7);
  bench.clock.advance(86_400_000 / 2);
  await bench.run("poll-orders");
  bench.clock.advance(5 * 3_600_000);
  await bench.run("poll-orders");
  await push();
  expect(bench.channel.shown.get("A")).toBe(7);
});

test("a refusal with a time is not tried again before it", async () => {
  await stock(["A"], 1, 5);
  const base = bench.channel.connector();
  const notBefore = bench.clock.iso(7_200_000);
  let tries = 0;
  const { push } = runs({
    ...base,
    pushQuantities: (batch) => {
      tries += 1;
      return Promise.resolve(
        batch.map(({ ref }): PushOutcome => ({ ref, status: "refused", retry: "later", reason: "locked", notBefore })),
      );
    },
  });
  for (let minute = 0; minute < 119; minute += 1) {
    await push();
    bench.clock.advance(60_000);
  }
  expect(tries).toBe(1);
  bench.clock.advance(120_000);
  await bench.run("poll-orders");
  await push();
  expect(tries).toBe(2);
});

test("F25: through half an hour of silence few calls go out, and afterwards each listing gets one push", async () => {
  const skus = skusOf(8);
  await stock(skus, 20, 20);
  const circuits = createCircuits({ clock: bench.clock, log: quiet });
  const state = { isDown: false, calls: 0 };
  const base = bench.channel.connector();
  const answer = <Value>(value: () => Promise<Value>): Promise<Value> => {
    state.calls += 1;
    return state.isDown
      ? Promise.reject(new ChannelError({ kind: "retryable", message: "503", ambiguous: true }))
      : value();
  };
  const flaky: Connector = {
    ...base,
    readQuantities: (listings, context) => answer(() => base.readQuantities(listings, context)),
    pushQuantities: (batch, key, context) => answer(() => base.pushQuantities(batch, key, context)),
  };
  const { push, confirm } = runs({
    ...aroundConnector(flaky, circuits.around),
    waitMs: (callClass) => circuits.waitMs(accountId, callClass),
  });
  await push();
  state.isDown = true;
  state.calls = 0;
  bench.channel.writes.length = 0;
  const outcomes = new Set<string>();
  // A sweep every ten seconds, and every listing changes each minute.
  for (let tick = 0; tick < 180; tick += 1) {
    if (tick % 6 === 0) {
      for (const sku of skus) await adjust(sku, -1 + (tick % 4));
      await bench.run("publish-events");
    }
    bench.clock.advance(10_000);
    const again = await push().catch(() => "failed");
    outcomes.add(typeof again === "object" ? "againAfterMs" : String(again));
  }
  expect(outcomes).toEqual(new Set(["failed", "againAfterMs"]));
  expect(state.calls).toBeLessThan(20);
  expect(circuits.states()).toContainEqual({ accountId, callClass: "read", open: true });
  state.isDown = false;
  for (const sku of skus) await adjust(sku, -3);
  await bench.run("publish-events");
  for (let tick = 0; tick < 40; tick += 1) {
    bench.clock.advance(10_000);
    await bench.run("poll-orders");
    await push().catch(() => undefined);
    await confirm().catch(() => undefined);
  }
  expect(await owedCount()).toBe(0);
  const perListing = Map.groupBy(bench.channel.writes, ({ ref }) => ref);
  expect([...perListing.values()].map((writes) => writes.length)).toEqual(skus.map(() => 1));
  expect(circuits.states().every(({ open }) => !open)).toBe(true);
});
