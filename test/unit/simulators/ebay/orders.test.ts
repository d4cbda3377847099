import { readFileSync } from "node:fs";
import { expect, onTestFinished, test } from "vitest";
import type { EbaySimulatorOptions } from "../../../../src/simulators/ebay/start.ts";
import { type EbayAnswer, handClock, instantly, listing, type Seller, startMs, startSeller } from "./seller.ts";

const orders = "/sell/fulfillment/v1/order";
const started = async (options: EbaySimulatorOptions = {}) => {
  const seller = await startSeller(options);
  onTestFinished(() => seller.simulator.close());
  return seller;
};
const sell = (seller: Seller, reference: string, ...lines: readonly { sku: string; units: number }[]) =>
  seller.simulator.channel.sell({ reference, lines });
const iso = (ms: number): string => new Date(ms).toISOString();
const modified = (fromMs: number, toMs?: number): string =>
  `filter=${encodeURIComponent(`lastmodifieddate:[${iso(fromMs)}..${toMs === undefined ? "" : iso(toMs)}]`)}`;
const unitsOf = (seller: Seller, sku: string) =>
  seller.simulator.channel.truth().listings.find((candidate) => candidate.sku === sku)?.units;
const idsIn = ({ read }: EbayAnswer) => read.orders.map(({ orderId }) => orderId);

test("a sale takes what the listing has, leaves sold-out lines out, and the same reference sells once", async () => {
  const seller = await started();
  seller.simulator.channel.seedListings([listing("A", 5), listing("B", 1)]);
  const first = sell(seller, "r1", { sku: "A", units: 3 }, { sku: "B", units: 2 }, { sku: "A", units: 3 });
  expect(first.soldOut).toEqual([
    { sku: "B", units: 2 },
    { sku: "A", units: 3 },
  ]);
  expect(first.lines).toMatchObject([{ sku: "A", orderedUnits: 3, cancelledUnits: 0, shippedUnits: 0 }]);
  expect(sell(seller, "r1", { sku: "A", units: 1 })).toEqual(first);
  expect([unitsOf(seller, "A"), unitsOf(seller, "B")]).toEqual([2, 1]);
  expect(sell(seller, "r2", { sku: "B", units: 9 })).toEqual({
    orderId: null,
    lines: [],
    soldOut: [{ sku: "B", units: 9 }],
  });
  expect(BigInt(first.lines[0]?.lineId ?? "0") > 2n ** 53n).toBe(true);
});

test("an order has every field of the recorded one, and the buyer's marked personal data", async () => {
  const seller = await started();
  seller.simulator.channel.seedListings([listing("A", 5)]);
  const { orderId } = sell(seller, "r1", { sku: "A", units: 2 });
  const page = await seller.call("GET", orders);
  const recorded = JSON.parse(
    readFileSync(new URL("../../../../contracts/ebay/samples/getOrders.min.json", import.meta.url), "utf8"),
  );
  const missing = (sample: unknown, given: unknown, path = ""): readonly string[] => {
    if (Array.isArray(sample))
      return sample.length === 0 ? [] : missing(sample[0], Array.isArray(given) ? given[0] : undefined, `${path}[0]`);
    if (typeof sample !== "object" || sample === null) return typeof sample === typeof given ? [] : [path];
    return Object.entries(sample).flatMap(([key, value]) => missing(value, Object(given)[key], `${path}.${key}`));
  };
  expect(missing(recorded, page.body)).toEqual([]);
  expect(idsIn(page)).toEqual([orderId]);
  expect(JSON.stringify(page.body)).toContain("canary-1@buyer.example");
  expect(page.read.orders[0]?.lineItems[0]).toMatchObject({ sku: "A", quantity: 2 });
});

test("record offsets page through orders as the vectors say", async () => {
  const clock = handClock();
  const seller = await started({ clock });
  seller.simulator.channel.seedListings([listing("A", 1_000)]);
  const sold: (string | null)[] = [];
  for (let at = 0; at < 450; at += 1) {
    clock.advance(10);
    sold.push(sell(seller, `r${at}`, { sku: "A", units: 1 }).orderId);
  }
  const found: string[] = [];
  for (const offset of [0, 200, 400]) {
    const page = await seller.call("GET", orders, { query: `${modified(startMs)}&limit=200&offset=${offset}` });
    expect(page.body).toMatchObject({ total: 450, limit: 200, offset });
    expect(page.read.next !== undefined).toBe(offset < 400);
    found.push(...idsIn(page));
  }
  expect(found).toEqual(sold);
  // The window is cut exactly, both ends inclusive: sales 11 to 20.
  const page = await seller.call("GET", orders, { query: modified(startMs + 110, startMs + 200) });
  expect(idsIn(page)).toEqual(sold.slice(10, 20));
  expect(page.body).toMatchObject({ total: 10, limit: 50 });
});

test("an order appears in searches after its delay, with a modification time no poll has passed", async () => {
  const clock = handClock();
  const seller = await started({ clock, faults: { ...instantly, orderVisibilityMs: [90_000, 90_000] } });
  seller.simulator.channel.seedListings([listing("A", 5)]);
  const { orderId } = sell(seller, "r1", { sku: "A", units: 1 });
  expect(unitsOf(seller, "A")).toBe(4);
  // A poller that reads up to a minute ago and moves its watermark there, without any overlap.
  let watermarkMs = startMs - 60_000;
  const seen: string[] = [];
  for (let round = 0; round < 8; round += 1) {
    const toMs = clock.now() - 60_000;
    const page = await seller.call("GET", orders, { query: modified(watermarkMs, toMs) });
    seen.push(...idsIn(page));
    const total = clock.now() >= startMs + 90_000 ? 1 : 0;
    for (const query of ["limit=10", modified(startMs - 60_000)]) {
      expect((await seller.call("GET", orders, { query })).body).toMatchObject({ total });
    }
    watermarkMs = toMs + 1;
    clock.advance(25_000);
  }
  expect(seen).toEqual([orderId]);
});

test("reading one order by its id works before searches find it", async () => {
  const seller = await started({ clock: handClock(), faults: { ...instantly, orderVisibilityMs: [90_000, 90_000] } });
  seller.simulator.channel.seedListings([listing("A", 5)]);
  const { orderId } = sell(seller, "r1", { sku: "A", units: 1 });
  expect((await seller.call("GET", `${orders}/${orderId}`)).body).toMatchObject({ orderId });
  expect((await seller.call("GET", `${orders}/12-00000-00000`)).status).toBe(404);
});

test.for([
  ["limit=201", 31100],
  ["limit=0", 31100],
  ["offset=-1", 31000],
  ["filter=creationdate:[2026-11-01T00:00:00.000Z..]", 30800],
  [`filter=${encodeURIComponent("paymentstatus:{PAID}")}`, 30700],
  [`filter=${encodeURIComponent("orderfulfillmentstatus:{NOT_STARTED}")}`, 30800],
  [`filter=${encodeURIComponent("creationdate:[yesterday..]")}`, 30810],
  [`filter=${encodeURIComponent("lastmodifieddate:[..2026-11-01T00:00:00.000Z]")}`, 30820],
  [`filter=${encodeURIComponent("creationdate:[2023-01-01T00:00:00.000Z..]")}`, 30830],
  [`filter=${encodeURIComponent("creationdate:[2026-11-02T00:00:00.000Z..2026-11-01T00:00:00.000Z]")}`, 30840],
  [`filter=${encodeURIComponent("lastmodifieddate:[2026-11-20T09:00:00.000Z..2026-11-20T10:00:00.001Z]")}`, 30850],
  [`orderIds=${Array.from({ length: 51 }, (_, at) => at).join(",")}`, 30900],
] as const)("getOrders with %s is error %i and a violation", async ([query, errorId]) => {
  const seller = await started({ clock: handClock() });
  expect(await seller.call("GET", orders, { query })).toMatchObject({ status: 400, body: { errors: [{ errorId }] } });
  expect(seller.simulator.channel.violations()).toHaveLength(1);
});

test("order ids override everything else, and of two date filters only the creation date counts", async () => {
  const clock = handClock();
  const seller = await started({ clock });
  seller.simulator.channel.seedListings([listing("A", 5)]);
  const first = sell(seller, "r1", { sku: "A", units: 1 });
  clock.advance(60_000);
  const second = sell(seller, "r2", { sku: "A", units: 1 });
  const byIds = await seller.call("GET", orders, {
    query: `orderIds=${second.orderId},${first.orderId},none&limit=1&${modified(startMs + 60_000)}`,
  });
  expect(idsIn(byIds)).toEqual([second.orderId, first.orderId]);
  const both = encodeURIComponent(
    `creationdate:[${iso(startMs)}..${iso(startMs + 1)}],lastmodifieddate:[${iso(startMs + 60_000)}..]`,
  );
  expect(idsIn(await seller.call("GET", orders, { query: `filter=${both}` }))).toEqual([first.orderId]);
});

test("shipping moves an order to the end of the modification order and tells units by fulfilment", async () => {
  const clock = handClock();
  const seller = await started({ clock });
  const { channel } = seller.simulator;
  channel.seedListings([listing("A", 9), listing("B", 9)]);
  const first = sell(seller, "r1", { sku: "A", units: 3 }, { sku: "B", units: 1 });
  clock.advance(1_000);
  const second = sell(seller, "r2", { sku: "A", units: 1 });
  clock.advance(1_000);
  const lineId = first.lines[0]?.lineId ?? "";
  channel.ship(first.orderId ?? "", [{ lineId, units: 2 }]);
  const page = await seller.call("GET", orders, { query: modified(startMs) });
  expect(idsIn(page)).toEqual([second.orderId, first.orderId]);
  const [, shipped] = page.read.orders;
  expect(shipped).toMatchObject({ lastModifiedDate: iso(startMs + 2_000), orderFulfillmentStatus: "IN_PROGRESS" });
  expect(shipped?.lineItems.map((line) => line.lineItemFulfillmentStatus)).toEqual(["IN_PROGRESS", "NOT_STARTED"]);
  const fulfilments = await seller.call("GET", `${orders}/${first.orderId}/shipping_fulfillment`);
  expect(fulfilments.body).toMatchObject({ fulfillments: [{ lineItems: [{ lineItemId: lineId, quantity: 2 }] }] });
  channel.ship(first.orderId ?? "");
  const status = encodeURIComponent("orderfulfillmentstatus:{FULFILLED|IN_PROGRESS}");
  expect(idsIn(await seller.call("GET", orders, { query: `filter=${status}` }))).toEqual([first.orderId]);
  expect(() => channel.ship(first.orderId ?? "", [{ lineId, units: 1 }])).toThrow(/0 open units/);
  expect(channel.truth().orders[0]?.lines).toMatchObject([{ shippedUnits: 3 }, { shippedUnits: 1 }]);
});

test.for([0, 1])(
  "a cancellation takes the whole order and restocks with the set share of %i",
  async (restockOnCancelShare) => {
    const clock = handClock();
    const seller = await started({ clock, restockOnCancelShare });
    const { channel } = seller.simulator;
    channel.seedListings([listing("A", 5), listing("B", 5)]);
    const { orderId, lines } = sell(seller, "r1", { sku: "A", units: 2 }, { sku: "B", units: 1 });
    clock.advance(5_000);
    const after = channel.cancel(orderId ?? "");
    expect(after.lines).toMatchObject([{ cancelledUnits: 2 }, { cancelledUnits: 1 }]);
    expect(unitsOf(seller, "A")).toBe(3 + 2 * restockOnCancelShare);
    const page = await seller.call("GET", orders, { query: modified(startMs + 5_000) });
    expect(page.read.orders[0]).toMatchObject({
      orderPaymentStatus: "FULLY_REFUNDED",
      lastModifiedDate: iso(startMs + 5_000),
      cancelStatus: { cancelState: "CANCELED", cancelRequests: [] },
    });
    const single = await seller.call("GET", `${orders}/${orderId}`);
    expect(single.body).toMatchObject({ cancelStatus: { cancelRequests: [{ cancelRequestState: "COMPLETED" }] } });
    expect(channel.cancel(orderId ?? "")).toEqual(after);
    expect(lines).toHaveLength(2);
  },
);

test("of orders made in the same moment only the changed one moves", async () => {
  const clock = handClock();
  const seller = await started({ clock });
  seller.simulator.channel.seedListings([listing("A", 9)]);
  const sold = ["r1", "r2", "r3"].map((reference) => sell(seller, reference, { sku: "A", units: 1 }).orderId);
  clock.advance(1_000);
  seller.simulator.channel.ship(sold[1] ?? "");
  const unmoved = await seller.call("GET", orders, { query: modified(startMs, startMs) });
  expect(idsIn(unmoved)).toEqual([sold[0], sold[2]]);
  expect(idsIn(await seller.call("GET", orders, { query: modified(startMs + 1) }))).toEqual([sold[1]]);
});

test("an order that has shipped in part is not cancelled any more", async () => {
  const seller = await started();
  const { channel } = seller.simulator;
  channel.seedListings([listing("A", 5)]);
  const { orderId, lines } = sell(seller, "r1", { sku: "A", units: 2 });
  const shipped = channel.ship(orderId ?? "", [{ lineId: lines[0]?.lineId ?? "", units: 1 }]);
  expect(channel.cancel(orderId ?? "")).toEqual(shipped);
  expect(unitsOf(seller, "A")).toBe(3);
});
