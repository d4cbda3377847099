import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startReceiver, verificationToken } from "./receiver.ts";
import { type Fields, handClock, instantly, listing, offerIdsOf, setUnits, startSeller } from "./seller.ts";

const journal = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "ebay-simulator-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return join(folder, "ebay.jsonl");
};

test("a simulator started again on its journal knows the same truth, ids, key, subscriptions and used revisions", async () => {
  const journalPath = journal();
  const receiver = await startReceiver();
  onTestFinished(() => receiver.close());
  const options = { journalPath, clock: handClock(), revisionsPerDayMax: 2 };
  const before = await startSeller(options);
  const { channel } = before.simulator;
  await channel.setWebhookTarget({ url: receiver.url, verificationToken });
  channel.seedListings([listing("A", 9), listing("B", 9)]);
  const first = channel.sell({
    reference: "r1",
    lines: [
      { sku: "A", units: 2 },
      { sku: "B", units: 10 },
    ],
  });
  const second = channel.sell({ reference: "r2", lines: [{ sku: "B", units: 1 }] });
  channel.ship(first.orderId ?? "");
  channel.cancel(second.orderId ?? "");
  channel.editListing("B", 4);
  await setUnits(before, "A", 6);
  await setUnits(before, "A", 7);
  const truth = channel.truth();
  const writes = channel.writesSince(0);
  const offers = await offerIdsOf(before, "A");
  const orders = (await before.call("GET", "/sell/fulfillment/v1/order")).read.orders;
  await vi.waitFor(() => expect(channel.counters().pendingMessages).toBe(0));
  await before.simulator.close();

  const after = await startSeller(options);
  onTestFinished(() => after.simulator.close());
  expect(after.simulator.channel.truth()).toEqual(truth);
  expect(after.simulator.channel.writesSince(0)).toEqual(writes);
  expect(after.simulator.channel.counters()).toMatchObject({ writesAccepted: 2, writesApplied: 2 });
  expect(await offerIdsOf(after, "A")).toEqual(offers);
  const again = (await after.call("GET", "/sell/fulfillment/v1/order")).read.orders;
  const withoutLinks = (list: Fields["orders"]) => list.map(({ fulfillmentHrefs: _hrefs, ...order }) => order);
  expect(withoutLinks(again)).toEqual(withoutLinks(orders));
  expect((await setUnits(after, "A", 8)).status).toBe(207);
  expect(after.simulator.channel.sell({ reference: "r1", lines: [] }).orderId).toBe(first.orderId);
  const told = receiver.received.length;
  after.simulator.channel.sell({ reference: "r3", lines: [{ sku: "A", units: 1 }] });
  await vi.waitFor(() => expect(receiver.received).toHaveLength(told + 1));
  const kidOf = (signature: string | undefined) =>
    JSON.parse(Buffer.from(signature ?? "", "base64").toString("utf8")).kid;
  expect(kidOf(receiver.received.at(-1)?.signature)).toBe(kidOf(receiver.received[0]?.signature));
});

test("a write that was taken but not yet shown is lost by a restart, like the channel's own accidents", async () => {
  const journalPath = journal();
  const before = await startSeller({ journalPath, faults: { ...instantly, applyDelayMs: [60_000, 60_000] } });
  before.simulator.channel.seedListings([listing("A", 9)]);
  await setUnits(before, "A", 5);
  expect(before.simulator.channel.counters().pendingWrites).toBe(1);
  await before.simulator.close();
  const after = await startSeller({ journalPath });
  onTestFinished(() => after.simulator.close());
  expect(after.simulator.channel.truth().listings).toMatchObject([{ sku: "A", units: 9 }]);
  expect(after.simulator.channel.counters()).toMatchObject({ writesAccepted: 1, writesApplied: 0, pendingWrites: 0 });
});

test("a reply that is lost leaves the write done, a request that is lost leaves it undone", async () => {
  const seller = await startSeller();
  onTestFinished(() => seller.simulator.close());
  seller.simulator.channel.seedListings([listing("A", 9)]);
  const [offerId] = await offerIdsOf(seller, "A");
  const body = (units: number) => ({
    requests: [
      { sku: "A", shipToLocationAvailability: { quantity: units }, offers: [{ offerId, availableQuantity: units }] },
    ],
  });
  const push = (units: number) =>
    seller.call("POST", "/sell/inventory/v1/bulk_update_price_quantity", { body: body(units) });
  await seller.control("/faults", { plan: { replyLostShare: 1 } });
  await expect(push(3)).rejects.toThrow();
  expect(seller.simulator.channel.truth().listings).toMatchObject([{ units: 3 }]);
  await seller.control("/faults", { plan: { replyLostShare: 0, requestLostShare: 1 } });
  await expect(push(1)).rejects.toThrow();
  expect(seller.simulator.channel.truth().listings).toMatchObject([{ units: 3 }]);
});

test("the same seed gives the same ids, another seed others", async () => {
  const idsOf = async (seed: number) => {
    const seller = await startSeller({ seed, clock: handClock() });
    onTestFinished(() => seller.simulator.close());
    seller.simulator.channel.seedListings([listing("A", 9)]);
    return [
      seller.simulator.channel.sell({ reference: "r", lines: [{ sku: "A", units: 1 }] }),
      await offerIdsOf(seller, "A"),
    ];
  };
  const first = await idsOf(1);
  expect(await idsOf(1)).toEqual(first);
  expect(await idsOf(2)).not.toEqual(first);
});

test("the journal holds no time or id that replay would have to invent", async () => {
  const journalPath = journal();
  const seller = await startSeller({ journalPath, clock: handClock() });
  seller.simulator.channel.seedListings([listing("A", 9)]);
  seller.simulator.channel.sell({ reference: "r", lines: [{ sku: "A", units: 1 }] });
  await seller.simulator.close();
  const entries = readFileSync(journalPath, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
  expect(entries.map(({ kind }) => kind)).toEqual(["key", "listed", "sold"]);
  expect(entries.every(({ atMs }) => typeof atMs === "number")).toBe(true);
});
