import { afterAll, afterEach, beforeEach, expect, test } from "vitest";
import type { ImportedListing, ListingWrite, PushOutcome, ReportedListing } from "../../../src/connectors/connector.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoEbayCredentials as demo } from "../../../src/simulators/ebay/credentials.ts";
import {
  type EbaySimulator,
  type EbaySimulatorOptions,
  startEbaySimulator,
} from "../../../src/simulators/ebay/start.ts";
import { type FaultPlan, faultPlans } from "../../../src/simulators/kit/faults.ts";
import { type Bench, createBench } from "../../unit/connectors/ebay/harness.ts";
import { type Receiver, startReceiver, verificationToken } from "../../unit/simulators/ebay/receiver.ts";
import { printTally, tally } from "./tally.ts";

/** The connector against the simulated channel, which keeps its own books and judges every request by the contracts. */
const instantly: FaultPlan = { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] };
const skus = ["A", "B & C", "0042 x", "Übergröße"];
let simulator: EbaySimulator;
let receiver: Receiver;

const start = async (options: EbaySimulatorOptions = {}): Promise<Bench> => {
  simulator = await startEbaySimulator({ faults: instantly, secondOfferShare: 0.5, ...options });
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: `Thing ${sku}`, units: 10 })));
  simulator.channel.seedLegacyListings([
    { itemId: "110000000001", title: "Old", sku: "OLD", units: 10 },
    {
      itemId: "110000000002",
      title: "Shirt",
      sku: null,
      units: 0,
      variations: [
        { value: "Red", sku: "RED", units: 10 },
        { value: "Blue", sku: null, units: 10 },
      ],
    },
  ]);
  return createBench({
    endpoints: { api: simulator.url },
    credentials: {
      clientId: demo.clientId,
      clientSecret: new Secret(demo.clientSecret),
      refreshToken: new Secret(demo.refreshToken),
    },
    sellerUserId: demo.sellerUserId,
    legacyListings: true,
    returns: "restock-when-closed",
    webhooks: { verificationToken: new Secret(verificationToken), endpoint: receiver.url, alertEmail: "a@b.example" },
  });
};
const finish = (): void => {
  tally("calls that the simulator found valid as well", simulator.channel.counters().requests);
  expect(simulator.channel.violations()).toEqual([]);
};

beforeEach(async () => {
  receiver = await startReceiver();
});
afterEach(async () => {
  await simulator.close();
  await receiver.close();
});
afterAll(() => printTally("eBay connector on the simulated channel"));

const importAll = async ({ connector, context }: Bench): Promise<readonly ImportedListing[]> => {
  const found: ImportedListing[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 20; page += 1) {
    const { items, next, done }: Awaited<ReturnType<typeof connector.importListings>> = await connector.importListings(
      cursor,
      context,
    );
    found.push(...items);
    cursor = next;
    if (done) return found;
  }
  throw new Error("the import does not end");
};
const push = ({ connector, context }: Bench, listings: readonly ImportedListing[], units: number) =>
  connector.pushQuantities(
    listings.map(({ ref, details }): ListingWrite => ({ ref, details, units, expectedUnits: null })),
    "attempt",
    context,
  );
const refs = (outcomes: readonly PushOutcome[], status: PushOutcome["status"]): readonly string[] =>
  outcomes.filter((outcome) => outcome.status === status).map(({ ref }) => ref);

test("listings of both lanes are imported, written and read back, and none is ended at 0", async () => {
  const bench = await start();
  const listings = await importAll(bench);
  expect(listings.map(({ ref }) => ref).toSorted()).toEqual(
    [
      ...skus.map((sku) => `sku:${sku}`),
      "item:110000000001",
      "item:110000000002/sku:RED",
      "item:110000000002/variation:Colour=Blue",
    ].toSorted(),
  );
  expect(listings.every(({ units }) => units === 10)).toBe(true);
  for (const units of [7, 0, 3]) {
    const outcomes = await push(bench, listings, units);
    expect(refs(outcomes, "refused")).toEqual(["item:110000000002/variation:Colour=Blue"]);
    expect(refs(outcomes, "accepted")).toHaveLength(listings.length - 1);
    const writable = listings.filter(({ ref }) => !ref.endsWith("Blue"));
    await expect
      .poll(async () => (await bench.connector.readQuantities(writable, bench.context)).map((reading) => reading.units))
      .toEqual(writable.map(() => units));
  }
  finish();
});

test("orders of both lanes are polled with the names that their listings have", async () => {
  const bench = await start();
  const listings = await importAll(bench);
  const names = new Set(listings.flatMap(({ ref, aliases }) => [ref, ...aliases]));
  const lines = [...skus, "110000000001", "110000000002/Red"].map((sku) => ({ sku, units: 1 }));
  simulator.channel.sell({ reference: "r-1", lines });
  // The poll ends a minute before the bench's clock, which stands still in the past: ask by id, as hints do.
  const orderId = simulator.channel.truth().orders[0]?.orderId ?? "";
  const [order] = await bench.connector.fetchOrders([orderId], bench.context);
  expect(order?.lines).toHaveLength(lines.length);
  for (const line of order?.lines ?? []) {
    expect(line.holdUnits).toBe(1);
    expect(line.listingRefs.some((ref) => names.has(ref))).toBe(true);
  }
  finish();
});

test("a cancellation lets go, a shipment leaves, and only a closed return comes back", async () => {
  const bench = await start();
  const { channel } = simulator;
  const read = async (orderId: string | null) => (await bench.connector.fetchOrders([orderId ?? ""], bench.context))[0];
  const cancelled = channel.sell({ reference: "r-1", lines: [{ sku: "A", units: 2 }] });
  channel.cancel(cancelled.orderId ?? "");
  expect(await read(cancelled.orderId)).toMatchObject({
    channelState: expect.stringContaining("CANCELED (requests: COMPLETED)"),
    lines: [{ holdUnits: 0, leftUnits: 0, backUnits: 0 }],
  });
  const sold = channel.sell({ reference: "r-2", lines: [{ sku: "A", units: 2 }] });
  const orderId = sold.orderId ?? "";
  const lineId = sold.lines[0]?.lineId ?? "";
  channel.ship(orderId);
  channel.setReturn(orderId, { lineId, units: 1 }, false);
  expect(await read(orderId)).toMatchObject({ lines: [{ holdUnits: 0, leftUnits: 2, backUnits: 0 }] });
  channel.setReturn(orderId, { lineId, units: 1 }, true);
  expect(await read(orderId)).toMatchObject({ lines: [{ holdUnits: 0, leftUnits: 2, backUnits: 1 }] });
  finish();
});

test("with out-of-stock control off no 0 is written, and no listing ends", async () => {
  const bench = await start({ outOfStockControl: false });
  const listings = await importAll(bench);
  expect(refs(await push(bench, listings, 0), "accepted")).toEqual([]);
  expect(simulator.channel.truth().listings.every(({ units }) => units === 10)).toBe(true);
  finish();
});

test("a listing whose revisions of the day are used up is refused until the next day, and others go on", async () => {
  const bench = await start({ revisionsPerDayMax: 3, secondOfferShare: 0, clock: systemClock });
  const listings = (await importAll(bench)).filter(({ channelSku }) => channelSku === "A" || channelSku === "OLD");
  for (const units of [9, 8, 7]) expect(refs(await push(bench, listings, units), "accepted")).toHaveLength(2);
  const locked = { status: "refused", retry: "later", notBefore: expect.stringMatching(/T00:00:00\.000Z$/) };
  expect(await push(bench, listings, 6)).toMatchObject([locked, locked]);
  finish();
});

test("messages are set up from nothing, found in order afterwards, and arrive", async () => {
  const bench = await start();
  const findings = await bench.connector.subscriptions?.ensure(bench.context);
  expect(findings?.filter(({ ok }) => !ok)).toEqual([]);
  const checked = await bench.connector.check(bench.context);
  expect(checked.filter(({ ok, check }) => !ok && check !== "clock")).toEqual([]);
  simulator.channel.sell({ reference: "r-1", lines: [{ sku: "A", units: 1 }] });
  await expect.poll(() => receiver.received.length).toBe(1);
  const [message] = receiver.received;
  const verified = await bench.connector.webhooks?.verify(
    {
      method: "POST",
      url: receiver.url,
      headers: { "x-ebay-signature": message?.signature ?? "" },
      body: Buffer.from(message?.raw ?? ""),
    },
    bench.context,
  );
  expect(verified?.kind).toBe("delivery");
  expect(await bench.connector.subscriptions?.ensure(bench.context)).toEqual(
    expect.arrayContaining([expect.objectContaining({ detail: "is subscribed to" })]),
  );
  finish();
});

test("the report names every listing of both lanes as the import does", async () => {
  const bench = await start();
  const names = new Set((await importAll(bench)).flatMap(({ ref, aliases }) => [ref, ...aliases]));
  const report = bench.connector.listingReport;
  if (report === undefined) throw new Error("expected a report");
  const token = await report.request(bench.context);
  await expect.poll(() => report.progress(token, bench.context)).toBe("ready");
  const rows: ReportedListing[] = [];
  for await (const row of report.rows(token, bench.context)) rows.push(row);
  const unnamed = rows.filter(({ listingRefs }) => !listingRefs.some((ref) => names.has(ref)));
  // A variation without a SKU has no name in eBay's report.
  expect(unnamed).toHaveLength(1);
  expect(new Set(rows.map(({ units }) => units))).toEqual(new Set([10]));
  finish();
});

test.each(["light", "heavy"] as const)(
  "%s faults leave no outcome wrong: accepted was taken, refused was not",
  async (name) => {
    const bench = await start({ secondOfferShare: 0 });
    const listings = (await importAll(bench)).filter(({ ref }) => !ref.endsWith("Blue"));
    await simulator.close();
    const faulty: FaultPlan = {
      ...faultPlans[name],
      applyDelayMs: [0, 0],
      messageDelayMs: [0, 0],
      acceptedNotAppliedShare: 0,
    };
    const again = await start({ secondOfferShare: 0, faults: faulty });
    const before = new Map(simulator.channel.truth().listings.map(({ sku, units }) => [sku, units]));
    let accepted = 0;
    for (let units = 9; units > 0; units -= 1) {
      const outcomes = await push(again, listings, units).catch(() => []);
      await expect.poll(() => simulator.channel.counters().pendingWrites).toBe(0);
      const shown = new Map(simulator.channel.truth().listings.map((listing) => [listing.sku, listing.units]));
      for (const outcome of outcomes) {
        const listing = listings.find(({ ref }) => ref === outcome.ref);
        const key = keyOf(listing?.ref ?? "");
        if (outcome.status === "accepted") expect(shown.get(key)).toBe(units);
        if (outcome.status === "refused") expect(shown.get(key)).toBe(before.get(key));
        accepted += outcome.status === "accepted" ? 1 : 0;
      }
      for (const [sku, now] of shown) before.set(sku, now);
    }
    expect(accepted).toBeGreaterThan(0);
    finish();
  },
);

/** The simulated channel's own key for a listing of ours. */
const keyOf = (ref: string): string =>
  ref === "item:110000000002/sku:RED" ? "110000000002/Red" : ref.replace(/^(sku|item):/, "");
