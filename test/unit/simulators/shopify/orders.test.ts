import { expect, test } from "vitest";
import { z } from "zod";
import { openShop, quiet, readItem, type Shop } from "./shop.ts";

const Page = z.object({
  orders: z.object({
    nodes: z.array(
      z.object({
        id: z.string(),
        updatedAt: z.string(),
        cancelledAt: z.string().nullable(),
        displayFulfillmentStatus: z.string(),
        lineItems: z.object({
          nodes: z.array(
            z.object({
              id: z.string(),
              sku: z.string(),
              quantity: z.number(),
              currentQuantity: z.number(),
              unfulfilledQuantity: z.number(),
              variant: z.object({ inventoryItem: z.object({ id: z.string() }) }),
            }),
          ),
        }),
        refunds: z.array(
          z.object({
            refundLineItems: z.object({
              nodes: z.array(z.object({ quantity: z.number(), restockType: z.string(), restocked: z.boolean() })),
            }),
          }),
        ),
      }),
    ),
    pageInfo: z.object({ hasNextPage: z.boolean(), endCursor: z.string().nullable() }),
  }),
});

const ordersSince = async (shop: Shop, since: string, first = 50, after: string | null = null) => {
  const { data, errors } = await shop.graphql(
    `query O($first: Int!, $after: String, $q: String!) { orders(first: $first, after: $after, query: $q, sortKey: UPDATED_AT) {
      nodes { id updatedAt cancelledAt displayFulfillmentStatus
        lineItems(first: 50) { nodes { id sku quantity currentQuantity unfulfilledQuantity variant { inventoryItem { id } } } }
        refunds { refundLineItems(first: 50) { nodes { quantity restockType restocked } } } }
      pageInfo { hasNextPage endCursor } } }`,
    { first, after, q: `updated_at:>='${since}'` },
  );
  expect(errors).toBeUndefined();
  return Page.parse(data).orders;
};

const openWithStock = async (units = 10) => {
  const shop = await openShop();
  shop.channel.seedListings([
    { sku: "A", title: "Apple", units },
    { sku: "b/ü 1", title: "Pear", units },
  ]);
  return shop;
};

test("a sale moves units from available to committed and leaves on hand; a line that lacks units is sold out", async () => {
  const shop = await openWithStock();
  const sale = shop.channel.sell({
    reference: "r1",
    lines: [
      { sku: "A", units: 4 },
      { sku: "b/ü 1", units: 11 },
    ],
  });
  expect(sale.lines).toMatchObject([{ sku: "A", orderedUnits: 4 }]);
  expect(sale.soldOut).toEqual([{ sku: "b/ü 1", units: 11 }]);
  expect((await readItem(shop, "A")).level).toMatchObject({ available: 6, committed: 4, on_hand: 10 });
  expect((await readItem(shop, "b/ü 1")).level).toMatchObject({ available: 10, committed: 0 });
  expect(shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] })).toEqual(sale);
});

test("fulfilment takes units off hand; a cancelled rest goes back to available with a CANCEL refund", async () => {
  const shop = await openWithStock();
  const { orderId, lines } = shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 4 }] });
  const lineId = lines[0]?.lineId ?? "";
  shop.channel.ship(orderId ?? "", [{ lineId, units: 1 }]);
  expect((await readItem(shop, "A")).level).toMatchObject({ available: 6, committed: 3, on_hand: 9 });
  const truth = shop.channel.cancel(orderId ?? "");
  expect(truth.lines).toMatchObject([{ orderedUnits: 4, shippedUnits: 1, cancelledUnits: 3, restockedUnits: 0 }]);
  expect((await readItem(shop, "A")).level).toMatchObject({ available: 9, committed: 0, on_hand: 9 });
  const { nodes } = await ordersSince(shop, "2026-11-20T00:00:00Z");
  expect(nodes).toMatchObject([
    {
      cancelledAt: null,
      displayFulfillmentStatus: "FULFILLED",
      lineItems: { nodes: [{ quantity: 4, currentQuantity: 1, unfulfilledQuantity: 0 }] },
      refunds: [{ refundLineItems: { nodes: [{ quantity: 3, restockType: "CANCEL", restocked: true }] } }],
    },
  ]);
});

test("an order of which nothing has left is cancelled as a whole", async () => {
  const shop = await openWithStock();
  const { orderId } = shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 4 }] });
  shop.channel.cancel(`gid://shopify/Order/${orderId}`);
  const { nodes } = await ordersSince(shop, "2026-11-20T00:00:00Z");
  expect(nodes).toMatchObject([{ cancelledAt: "2026-11-20T15:15:01Z", updatedAt: "2026-11-20T15:15:01Z" }]);
  expect(shop.channel.truth().listings).toMatchObject([
    { sku: "A", units: 10 },
    { sku: "b/ü 1", units: 10 },
  ]);
});

test("shipped units come back restocked or not", async () => {
  const shop = await openWithStock();
  const { orderId, lines } = shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 4 }] });
  const lineId = lines[0]?.lineId;
  shop.channel.ship(orderId ?? "");
  const response = await shop.post(`/_control/orders/${orderId}/return`, {
    lines: [
      { lineId, units: 1, restock: true },
      { lineId, units: 2, restock: false },
    ],
  });
  expect(response.status).toBe(200);
  expect((await readItem(shop, "A")).level).toMatchObject({ available: 7, committed: 0, on_hand: 7 });
  const { nodes } = await ordersSince(shop, "2026-11-20T00:00:00Z");
  expect(nodes[0]?.refunds[0]?.refundLineItems.nodes).toEqual([
    { quantity: 1, restockType: "RETURN", restocked: true },
    { quantity: 2, restockType: "NO_RESTOCK", restocked: false },
  ]);
});

test("paging by update time loses no order that changes between two pages", async () => {
  const shop = await openWithStock(100);
  const ids = Array.from({ length: 5 }, (_, index) => {
    shop.clock.advance(1_000);
    return shop.channel.sell({ reference: `r${index}`, lines: [{ sku: "A", units: 1 }] }).orderId ?? "";
  });
  const first = await ordersSince(shop, "2026-11-20T15:00:00Z", 2);
  expect(first.nodes.map(({ id }) => id)).toEqual([ids[0], ids[1]].map((id) => `gid://shopify/Order/${id}`));
  shop.clock.advance(1_000);
  shop.channel.ship(ids[2] ?? "");
  const second = await ordersSince(shop, "2026-11-20T15:00:00Z", 2, first.pageInfo.endCursor);
  const third = await ordersSince(shop, "2026-11-20T15:00:00Z", 2, second.pageInfo.endCursor);
  expect([...second.nodes, ...third.nodes].map(({ id }) => id)).toEqual(
    [ids[3], ids[4], ids[2]].map((id) => `gid://shopify/Order/${id}`),
  );
  expect(third.pageInfo.hasNextPage).toBe(false);
});

test("a lower bound is compared in whole seconds, as the times are shown", async () => {
  const shop = await openWithStock();
  shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  expect((await ordersSince(shop, "2026-11-20T15:15:01Z")).nodes).toHaveLength(1);
  expect((await ordersSince(shop, "2026-11-20T10:15:01-05:00")).nodes).toHaveLength(1);
  expect((await ordersSince(shop, "2026-11-20T15:15:02Z")).nodes).toHaveLength(0);
});

test("an order that the search index learns of late gets an update time that a poller has not passed", async () => {
  const shop = await openShop({ faults: { ...quiet, orderVisibilityMs: [4_000, 4_000] } });
  shop.channel.seedListings([{ sku: "A", title: "Apple", units: 3 }]);
  const { orderId } = shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  expect((await ordersSince(shop, "2026-11-20T00:00:00Z")).nodes).toEqual([]);
  const direct = await shop.graphql("query D($id: ID!) { order(id: $id) { id } }", {
    id: `gid://shopify/Order/${orderId}`,
  });
  expect(direct.data).toEqual({ order: { id: `gid://shopify/Order/${orderId}` } });
  expect(shop.channel.counters().pendingMessages).toBe(1);
  shop.clock.advance(60_000);
  await expect.poll(() => shop.channel.counters().pendingMessages, { timeout: 15_000 }).toBe(0);
  expect((await ordersSince(shop, "2026-11-20T15:16:01Z")).nodes).toMatchObject([
    { updatedAt: "2026-11-20T15:16:01Z" },
  ]);
});

test("an unknown search field matches everything, with a warning", async () => {
  const shop = await openWithStock();
  shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 1 }] });
  const { data, extensions } = await shop.graphql(`{ orders(first: 5, query: "warehouse:9") { nodes { name } } }`);
  expect(data).toEqual({ orders: { nodes: [{ name: "#1001" }] } });
  expect(extensions?.["search"]).toMatchObject([{ path: ["orders"], warnings: [{ code: "invalid_field" }] }]);
});

test("some ids lie beyond 2^53 and neighbours among them are equal as doubles", async () => {
  const shop = await openShop();
  shop.channel.seedListings(Array.from({ length: 6 }, (_, index) => ({ sku: `S${index}`, title: "x", units: 1 })));
  const { data } = await shop.graphql("{ inventoryItems(first: 10) { nodes { legacyResourceId } } }");
  const ids = z
    .object({ inventoryItems: z.object({ nodes: z.array(z.object({ legacyResourceId: z.string() })) }) })
    .parse(data)
    .inventoryItems.nodes.map(({ legacyResourceId }) => legacyResourceId);
  expect(new Set(ids).size).toBe(6);
  expect(new Set(ids.map(Number)).size).toBeLessThan(6);
});
