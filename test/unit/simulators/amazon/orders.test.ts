import { afterEach, beforeEach, expect, test } from "vitest";
import { toIso } from "../../../../src/core/clock.ts";
import { type HandClock, handClock, here, instantly, ordersPath, type Seller, startSeller } from "./seller.ts";

type Item = {
  orderItemId: string;
  quantityOrdered: number;
  fulfillment?: { quantityFulfilled: number; quantityUnfulfilled: number };
};
type Order = {
  orderId: string;
  lastUpdatedTime: string;
  fulfillment?: { fulfillmentStatus: string };
  orderItems: Item[];
};
type Found = { orders: Order[]; pagination?: { nextToken: string }; lastUpdatedBefore: string };

const minuteMs = 60_000;
let clock: HandClock;
let seller: Seller;
beforeEach(async () => {
  clock = handClock();
  seller = await startSeller({ clock, pendingMs: 24 * 60 * minuteMs });
  seller.simulator.channel.seedListings([
    { sku: "A", title: "A", units: 50 },
    { sku: "B", title: "B", units: 3 },
    { sku: "F", title: "F", units: 3, fulfilledBy: "channel" },
  ]);
});
afterEach(() => seller.simulator.close());

const search = async (query: Record<string, string>): Promise<Found> => {
  const answer = await seller.call("GET", ordersPath, {
    query: { ...here, includedData: "FULFILLMENT,CANCELLATION", ...query },
  });
  expect(answer.status).toBe(200);
  return answer.body as Found;
};
const statusOf = async (orderId: string): Promise<string | undefined> => {
  const answer = await seller.call("GET", `${ordersPath}/${orderId}`, { query: { includedData: "FULFILLMENT" } });
  return (answer.body as { order: Order }).order.fulfillment?.fulfillmentStatus;
};
const sell = (reference: string, sku = "A", units = 1) => {
  const { orderId, ...sale } = seller.simulator.channel.sell({ reference, lines: [{ sku, units }] });
  if (orderId === null) throw new Error("sold out");
  return { orderId, ...sale };
};
const unitsOf = (sku: string) =>
  seller.simulator.channel.truth().listings.find((listing) => listing.sku === sku)?.units;

test("a sale takes the units off the listing at once and makes a pending order with ids beyond 2^53", async () => {
  const sale = sell("r1", "A", 2);

  expect(unitsOf("A")).toBe(48);
  expect(sale.orderId).toMatch(/^\d{3}-\d{7}-\d{7}$/);
  expect(BigInt(sale.lines[0]?.lineId ?? "0") > 2n ** 53n).toBe(true);
  expect(await statusOf(sale.orderId)).toBe("PENDING");
});

test("the same reference sells once, and what is not there is sold out", () => {
  const { channel } = seller.simulator;
  const request = {
    reference: "r1",
    lines: [
      { sku: "A", units: 1 },
      { sku: "B", units: 4 },
      { sku: "B", units: 3 },
      { sku: "B", units: 1 },
    ],
  };

  const first = channel.sell(request);

  expect(channel.sell(request)).toEqual(first);
  expect(first.lines.map(({ sku, orderedUnits }) => [sku, orderedUnits])).toEqual([
    ["A", 1],
    ["B", 3],
  ]);
  expect(first.soldOut).toEqual([
    { sku: "B", units: 4 },
    { sku: "B", units: 1 },
  ]);
  expect(channel.sell({ reference: "r2", lines: [{ sku: "B", units: 1 }] })).toMatchObject({
    orderId: null,
    lines: [],
  });
  expect(channel.truth().orders).toHaveLength(1);
});

test("an order goes from pending to unshipped to partially and fully shipped", async () => {
  const own = await startSeller({ pendingMs: 500 });
  // The first call is the slowest: token, and contracts to compile.
  await own.call("GET", `${ordersPath}/none`, { query: { includedData: "FULFILLMENT" } });
  own.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const { orderId, lines } = own.simulator.channel.sell({ reference: "r", lines: [{ sku: "A", units: 3 }] });
  const status = async () => {
    const answer = await own.call("GET", `${ordersPath}/${orderId}`, { query: { includedData: "FULFILLMENT" } });
    return (answer.body as { order: Order }).order.fulfillment?.fulfillmentStatus;
  };
  expect(await status()).toBe("PENDING");

  await expect.poll(status, { timeout: 5_000 }).toBe("UNSHIPPED");
  const lineId = lines[0]?.lineId ?? "";
  own.simulator.channel.ship(orderId ?? "", [{ lineId, units: 1 }]);
  expect(await status()).toBe("PARTIALLY_SHIPPED");
  own.simulator.channel.ship(orderId ?? "");
  expect(await status()).toBe("SHIPPED");
  await own.simulator.close();
});

test("a cancellation lowers the ordered quantity and puts the units back on sale", async () => {
  const { channel } = seller.simulator;
  const { orderId, lines } = sell("r1", "A", 5);
  channel.cancel(orderId, [{ lineId: lines[0]?.lineId ?? "", units: 2 }]);
  const partly = await seller.call("GET", `${ordersPath}/${orderId}`, { query: { includedData: "FULFILLMENT" } });

  expect((partly.body as { order: Order }).order.orderItems[0]).toMatchObject({
    quantityOrdered: 3,
    fulfillment: { quantityFulfilled: 0, quantityUnfulfilled: 3 },
  });
  expect(unitsOf("A")).toBe(47);

  channel.cancel(orderId);
  expect(await statusOf(orderId)).toBe("CANCELLED");
  expect(unitsOf("A")).toBe(50);
  expect(() => channel.cancel(orderId, [{ lineId: lines[0]?.lineId ?? "", units: 1 }])).toThrow("0 open units");
});

test("the list ends two minutes ago, says so, and refuses a later end", async () => {
  const sale = sell("r1");
  const after = toIso(clock.now() - 1000);
  const young = await search({ lastUpdatedAfter: after });
  const refused = await seller.call("GET", ordersPath, {
    query: { lastUpdatedAfter: after, lastUpdatedBefore: toIso(clock.now() - 2 * minuteMs + 1) },
  });
  clock.advance(2 * minuteMs);
  const old = await search({ lastUpdatedAfter: after });

  expect(young.orders).toEqual([]);
  expect(young.lastUpdatedBefore).toBe(toIso(clock.now() - 4 * minuteMs));
  expect(refused).toMatchObject({ status: 400, body: { errors: [{ code: "InvalidInput" }] } });
  expect(old.orders.map(({ orderId }) => orderId)).toEqual([sale.orderId]);
});

test("the list's end stays behind an order that is not visible yet, so that a reader who trusts it misses nothing", async () => {
  await seller.simulator.close();
  seller = await startSeller({
    clock,
    pendingMs: 24 * 60 * minuteMs,
    faults: { ...instantly, orderVisibilityMs: [10 * minuteMs, 10 * minuteMs] },
  });
  seller.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const start = toIso(clock.now() - minuteMs);
  const soldMs = clock.now();
  const sale = sell("hidden");

  clock.advance(5 * minuteMs);
  const before = await search({ lastUpdatedAfter: start });
  const unseen = await seller.call("GET", `${ordersPath}/${sale.orderId}`, {});
  clock.advance(10 * minuteMs);
  const later = await search({ lastUpdatedAfter: before.lastUpdatedBefore });

  expect(before.orders).toEqual([]);
  expect(Date.parse(before.lastUpdatedBefore)).toBeLessThan(soldMs);
  expect(unseen.status).toBe(404);
  expect(later.orders.map(({ orderId }) => orderId)).toEqual([sale.orderId]);
});

test("pages follow each other in the order of changes, each order once, under unchanged filters", async () => {
  const sales = Array.from({ length: 7 }, (_, index) => {
    clock.advance(1000);
    return sell(`r${index}`).orderId;
  });
  clock.advance(1000);
  seller.simulator.channel.ship(sales[0] ?? "");
  clock.advance(5 * minuteMs);
  const filters = { lastUpdatedAfter: "2026-01-01T00:00:00Z", maxResultsPerPage: "3" };
  const seen: string[] = [];
  let next: string | undefined;
  do {
    const page = await search({ ...filters, ...(next && { paginationToken: next }) });
    seen.push(...page.orders.map(({ orderId }) => orderId));
    next = page.pagination?.nextToken;
  } while (next !== undefined);
  const first = await search(filters);
  const foreign = await seller.call("GET", ordersPath, {
    query: { lastUpdatedAfter: "2026-02-01T00:00:00Z", paginationToken: first.pagination?.nextToken ?? "" },
  });

  expect(seen).toEqual([...sales.slice(1), sales[0]]);
  expect(foreign.status).toBe(400);
});

test("a page may begin with the order that ended the page before", async () => {
  await seller.simulator.close();
  seller = await startSeller({ clock, faults: { ...instantly, messageDuplicateShare: 1 }, subscribed: false });
  seller.simulator.channel.seedListings([{ sku: "A", title: "A", units: 9 }]);
  for (let index = 0; index < 4; index += 1) {
    clock.advance(1000);
    sell(`r${index}`);
  }
  clock.advance(5 * minuteMs);
  const filters = { lastUpdatedAfter: "2026-01-01T00:00:00Z", maxResultsPerPage: "2" };

  const first = await search(filters);
  const second = await search({ ...filters, paginationToken: first.pagination?.nextToken ?? "" });

  expect(second.orders[0]?.orderId).toBe(first.orders[1]?.orderId);
});

test("orders that Amazon fulfils are told apart and filtered", async () => {
  sell("m", "A");
  sell("f", "F");
  clock.advance(3 * minuteMs);
  const after = { lastUpdatedAfter: "2026-01-01T00:00:00Z" };

  expect((await search(after)).orders).toHaveLength(2);
  expect((await search({ ...after, fulfilledBy: "MERCHANT" })).orders).toHaveLength(1);
  expect(unitsOf("F")).toBe(2);
  expect(() =>
    seller.simulator.channel.sell({
      reference: "x",
      lines: [
        { sku: "A", units: 1 },
        { sku: "F", units: 1 },
      ],
    }),
  ).toThrow("splits");
});

test("without FULFILLMENT an order has no status, and both kinds of After at once are refused", async () => {
  sell("m", "A");
  clock.advance(3 * minuteMs);
  const plain = await seller.call("GET", ordersPath, { query: { lastUpdatedAfter: "2026-01-01T00:00:00Z" } });
  const both = await seller.call("GET", ordersPath, {
    query: { lastUpdatedAfter: "2026-01-01T00:00:00Z", createdAfter: "2026-01-01T00:00:00Z" },
  });

  expect((plain.body as Found).orders[0]).not.toHaveProperty("fulfillment");
  expect(both.status).toBe(400);
});

test("personal data is told to those who ask, carries canaries, and asking is a violation", async () => {
  const { orderId } = sell("r1");
  seller.simulator.channel.ship(orderId);
  expect(seller.simulator.channel.violations()).toEqual([]);

  const answer = await seller.call("GET", `${ordersPath}/${orderId}`, { query: { includedData: "BUYER,RECIPIENT" } });
  const token = await seller.call("POST", "/tokens/2021-03-01/restrictedDataToken", {
    body: { restrictedResources: [] },
  });
  const old = await seller.call("GET", `/orders/v0/orders/${orderId}/address`);

  expect(JSON.stringify(answer.body)).toContain("canary-1@buyer.example");
  expect([token.status, old.status]).toEqual([403, 403]);
  expect(seller.simulator.channel.violations()).toHaveLength(3);
});
