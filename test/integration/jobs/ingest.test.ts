import { afterEach, beforeEach, expect, test } from "vitest";
import { Sku } from "../../../src/core/ids.ts";
import { mapListing } from "../../../src/jobs/link-listings.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import { levelsOf } from "../../../src/ledger/queries.ts";
import { listingIdByName } from "../../../src/mapping/listings.ts";
import { accountId, JobBench } from "../../support/job-bench.ts";

let bench: JobBench;
beforeEach(async () => {
  bench = await JobBench.open();
});
afterEach(async () => {
  for (const check of await checkLedger(bench.database.db)) expect(check.subjects, check.promise).toEqual([]);
  await bench.close();
});

const inbox = () => bench.rows<{ state: string; reason: string | null }>("select state, reason from inbox order by id");
const available = async (sku: string) => (await levelsOf(bench.database.db, [sku]))[0]?.available;

test("a sale delivered by webhook, again by webhook and by poll moves stock once", async () => {
  await bench.stocked("A", 10);
  const order = bench.channel.sell("o-1", "A", 3);
  const delivery = bench.channel.deliveryOf(order);
  await bench.deliver(delivery);
  await bench.deliver(delivery);
  await bench.run("poll-orders");
  await bench.deliver({ ...delivery, id: "another id for the same order" });
  await bench.settle();
  expect(await available("A")).toBe(7);
});

test("an order for a listing nobody has linked is parked, visible, and taken up once it is mapped", async () => {
  await bench.stocked("A", 10);
  bench.channel.shown.set("odd name", 10);
  bench.clock.advance(60_000);
  await bench.run("import-listings");
  await bench.deliver(bench.channel.deliveryOf(bench.channel.sell("o-1", "odd name", 2)));
  await bench.settle();
  expect(await inbox()).toContainEqual({ state: "parked", reason: "no SKU linked to odd name" });
  expect(await available("A")).toBe(10);
  const listingId = await listingIdByName(bench.database.db, accountId, "odd name");
  await mapListing(bench.deps, {
    accountId,
    listingId: listingId ?? -1,
    components: [{ sku: Sku.parse("A"), units: 2 }],
    actor: "test",
  });
  await bench.settle();
  expect((await inbox()).map((row) => row.state)).not.toContain("parked");
  // Two packs of two.
  expect(await available("A")).toBe(6);
});

test("the mapped lines of a half-mapped order do not wait for the others", async () => {
  await bench.stocked("A", 10);
  const order = bench.channel.sell("o-1", "A", 1);
  const stranger = {
    lineRef: "2",
    listingRefs: ["stranger"],
    channelSku: "stranger",
    holdUnits: 1,
    leftUnits: 0,
    backUnits: 0,
  };
  await bench.deliver(bench.channel.deliveryOf({ ...order, lines: [...order.lines, stranger] }));
  await bench.settle();
  expect(await available("A")).toBe(9);
  expect(await inbox()).toContainEqual({ state: "parked", reason: "no SKU linked to stranger" });
});

test("an order fulfilled from the channel's own stock does not touch ours", async () => {
  await bench.stocked("A", 10);
  const order = bench.channel.sell("o-1", "A", 3);
  await bench.deliver({ ...bench.channel.deliveryOf({ ...order, fulfilledBy: "channel" }), id: "fba" });
  bench.channel.orders.length = 0;
  await bench.settle();
  expect(await available("A")).toBe(10);
});

test("a hint is followed by reading the order, and one that cannot be found is let go with a reason", async () => {
  await bench.stocked("A", 10);
  bench.channel.sell("o-1", "A", 4);
  await bench.deliver({ id: "h-1", topic: "hint", payload: "o-1", sourceAt: null });
  await bench.settle();
  expect(await available("A")).toBe(6);
  await bench.deliver({ id: "h-2", topic: "hint", payload: "nobody knows", sourceAt: null });
  for (let tries = 0; tries < 8; tries += 1) {
    await bench.run("ingest");
    bench.clock.advance(60_000);
  }
  expect((await inbox()).at(-1)).toMatchObject({ state: "ignored", reason: /does not know order nobody knows/ });
});

test("a message that means nothing is a dead letter with the reason, and holds up nobody", async () => {
  await bench.stocked("A", 10);
  await bench.deliver({ id: "g", topic: "garbage", payload: {}, sourceAt: null });
  await bench.deliver(bench.channel.deliveryOf(bench.channel.sell("o-1", "A", 1)));
  await bench.settle();
  expect(await inbox()).toContainEqual({ state: "dead", reason: "not understood: no such thing" });
  expect(await available("A")).toBe(9);
});

test("a poisonous delivery in a batch fails alone", async () => {
  await bench.stocked("A", 10);
  const good = bench.channel.sell("o-1", "A", 1);
  const bad = { ...good, orderRef: "o-2", updatedAt: "the day before yesterday" };
  await bench.deliver({ ...bench.channel.deliveryOf(good), id: "good" });
  await bench.deliver({ id: "bad", topic: "order", payload: bad, sourceAt: null });
  await bench.settle();
  expect(await available("A")).toBe(9);
  expect(await bench.rows("select state, attempts from inbox where delivery_id = 'bad'")).toEqual([
    { state: "received", attempts: 1 },
  ]);
});
