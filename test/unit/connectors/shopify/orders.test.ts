import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { OrderLine } from "../../../../src/connectors/connector.ts";
import { createBench, location, noMore, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const orderGid = (id: string): string => `gid://shopify/Order/${id}`;
const lineGid = (id: string): string => `gid://shopify/LineItem/${id}`;
type LineShape = { readonly quantity: number; readonly currentQuantity: number; readonly unfulfilledQuantity: number };
const line = (id: string, shape: LineShape): object => ({
  id: lineGid(id),
  sku: "SKU-1",
  variant: { id: "gid://shopify/ProductVariant/43729076", inventoryItem: { id: "gid://shopify/InventoryItem/9" } },
  ...shape,
});
type RefundShape = {
  readonly quantity: number;
  readonly restockType: string;
  readonly line?: string;
  readonly location?: string;
};
const refund = (id: string, lines: readonly RefundShape[], pageInfo: object = noMore): object => ({
  id: `gid://shopify/Refund/${id}`,
  refundLineItems: {
    nodes: lines.map(({ quantity, restockType, line: lineId = "1", location: at }) => ({
      quantity,
      restockType,
      location: at === undefined ? null : { id: at },
      lineItem: { id: lineGid(lineId) },
    })),
    pageInfo,
  },
});
const open = { quantity: 2, currentQuantity: 2, unfulfilledQuantity: 2 };
const order = (id: string, more: object = {}): object => ({
  __typename: "Order",
  id: orderGid(id),
  createdAt: "2026-11-20T10:00:00Z",
  updatedAt: "2026-11-20T11:00:00Z",
  cancelledAt: null,
  displayFinancialStatus: "PAID",
  displayFulfillmentStatus: "UNFULFILLED",
  lineItems: { nodes: [line("1", open)], pageInfo: noMore },
  refunds: [],
  ...more,
});
const pageOf = (nodes: readonly object[], pageInfo: object = noMore): Record<string, unknown> => ({
  orders: { nodes, pageInfo },
});

test("a polled order is a delivery whose stored projection alone tells the order", async () => {
  const { connector, context } = createBench();
  serveGraphql(pageOf([order("271878346596884015")]));
  const { items } = await connector.pullOrders(null, context);
  expect(items).toHaveLength(1);
  const stored = JSON.parse(JSON.stringify(items[0]));
  expect(stored.topic).toBe("poll:order");
  expect(stored.id).toMatch(/^order:271878346596884015:2026-11-20T11:00:00\.000Z:[0-9a-f]{16}$/);
  expect(connector.translate(stored)).toEqual([
    {
      kind: "order",
      order: {
        orderRef: "271878346596884015",
        fulfilledBy: "merchant",
        channelState: "paid, unfulfilled",
        createdAt: "2026-11-20T10:00:00.000Z",
        updatedAt: "2026-11-20T11:00:00.000Z",
        observedAt: "2026-11-20T12:00:00.000Z",
        lines: [
          {
            lineRef: "1",
            listingRefs: ["gid://shopify/InventoryItem/9", "variant:43729076", "sku:SKU-1"],
            channelSku: "SKU-1",
            holdUnits: 2,
            leftUnits: 0,
            backUnits: 0,
          },
        ],
      },
    },
  ]);
});

test("the same content has the same delivery id whenever it is read, other content another", async () => {
  const { connector, context, clock } = createBench();
  let quantity = 2;
  serveGraphql({
    orders: () => ({
      nodes: [
        order("1", { lineItems: { nodes: [line("1", { ...open, currentQuantity: quantity })], pageInfo: noMore } }),
      ],
      pageInfo: noMore,
    }),
  });
  const idNow = async (): Promise<string | undefined> => (await connector.pullOrders(null, context)).items[0]?.id;
  const first = await idNow();
  clock.advance(5_000);
  expect(await idNow()).toBe(first);
  quantity = 1;
  expect(await idNow()).not.toBe(first);
});

test("polls look back a day, then from the watermark with overlap, and the watermark moves only with the last page", async () => {
  const { connector, context, clock } = createBench();
  const pages = [
    { nodes: [order("1")], pageInfo: { hasNextPage: true, endCursor: "cursor-a" } },
    { nodes: [order("2")], pageInfo: noMore },
    { nodes: [], pageInfo: noMore },
  ];
  const sent = serveGraphql({ orders: () => pages.shift() });
  const first = await connector.pullOrders(null, context);
  expect(first).toMatchObject({ done: false, watermark: null });
  clock.advance(10_000);
  const second = await connector.pullOrders(first.next, context);
  expect(second).toMatchObject({ done: true, watermark: "2026-11-20T11:59:30.000Z" });
  clock.advance(60_000);
  await connector.pullOrders(second.next, context);
  expect(sent.map(({ variables }) => [variables["query"], variables["after"]])).toEqual([
    ["updated_at:>='2026-11-19T11:58:00.000Z' AND updated_at:<='2026-11-20T11:59:30.000Z'", null],
    ["updated_at:>='2026-11-19T11:58:00.000Z' AND updated_at:<='2026-11-20T11:59:30.000Z'", "cursor-a"],
    ["updated_at:>='2026-11-20T11:57:30.000Z' AND updated_at:<='2026-11-20T12:00:40.000Z'", null],
  ]);
});

test("a poll right after another asks nothing and keeps the watermark", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql(pageOf([]));
  const first = await connector.pullOrders(null, context);
  expect(await connector.pullOrders(first.next, context)).toEqual({
    items: [],
    next: first.next,
    done: true,
    watermark: first.watermark,
  });
  expect(sent).toHaveLength(1);
});

test("a search of which the channel ignored a part is an error, since it would match everything", async () => {
  const { connector, context } = createBench();
  serveGraphql({}, () => ({
    status: 200,
    body: {
      data: pageOf([]),
      extensions: { search: [{ path: ["orders"], warnings: [{ field: "updated_at", code: "invalid_field" }] }] },
    },
  }));
  await expect(connector.pullOrders(null, context)).rejects.toMatchObject({ kind: "permanent" });
});

test("a window too long for one connection is cut at the last update time", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql(pageOf([order("1")], { hasNextPage: true, endCursor: "more" }));
  const window = { from: "2026-11-20T09:00:00.000Z", until: "2026-11-20T11:30:00.000Z", after: "x", pages: 1_665 };
  const page = await connector.pullOrders(JSON.stringify({ watermark: "2026-11-20T09:00:00.000Z", window }), context);
  await connector.pullOrders(page.next, context);
  expect(sent[1]?.variables).toMatchObject({
    after: null,
    query: "updated_at:>='2026-11-20T11:00:00.000Z' AND updated_at:<='2026-11-20T11:30:00.000Z'",
  });
});

type Numbers = Pick<OrderLine, "holdUnits" | "leftUnits" | "backUnits">;
const targets = (holdUnits: number, leftUnits: number, backUnits: number): Numbers => ({
  holdUnits,
  leftUnits,
  backUnits,
});
const cancelledAt = "2026-11-20T11:00:00Z";
const shape = (quantity: number, currentQuantity: number, unfulfilledQuantity: number): LineShape => ({
  quantity,
  currentQuantity,
  unfulfilledQuantity,
});
const lifes: readonly (readonly [string, LineShape, readonly RefundShape[], object, Numbers])[] = [
  ["sold", shape(3, 3, 3), [], {}, targets(3, 0, 0)],
  ["partly shipped", shape(3, 3, 1), [], {}, targets(1, 2, 0)],
  ["shipped", shape(3, 3, 0), [], {}, targets(0, 3, 0)],
  ["one removed by an order edit", shape(3, 2, 2), [], {}, targets(2, 0, 0)],
  [
    "one refunded before shipping and restocked",
    shape(3, 2, 2),
    [{ quantity: 1, restockType: "CANCEL" }],
    {},
    targets(2, 0, 0),
  ],
  [
    "one refunded before shipping, not restocked",
    shape(3, 2, 2),
    [{ quantity: 1, restockType: "NO_RESTOCK" }],
    {},
    targets(2, 1, 0),
  ],
  [
    "shipped, one returned to the shelf",
    shape(3, 2, 0),
    [{ quantity: 1, restockType: "RETURN" }],
    {},
    targets(0, 3, 1),
  ],
  [
    "shipped, one refunded and not back",
    shape(3, 2, 0),
    [{ quantity: 1, restockType: "NO_RESTOCK" }],
    {},
    targets(0, 3, 0),
  ],
  [
    "shipped, one returned to another location's shelf",
    shape(3, 2, 0),
    [{ quantity: 1, restockType: "RETURN", location: "gid://shopify/Location/1" }],
    {},
    targets(0, 3, 0),
  ],
  [
    "shipped, one returned to our location",
    shape(3, 2, 0),
    [{ quantity: 1, restockType: "RETURN", location }],
    {},
    targets(0, 3, 1),
  ],
  ["cut from three to one by an edit, without a refund", shape(3, 1, 1), [], {}, targets(1, 0, 0)],
  [
    "shipped, one restocked the old way",
    shape(3, 2, 0),
    [{ quantity: 1, restockType: "LEGACY_RESTOCK" }],
    {},
    targets(0, 3, 1),
  ],
  [
    "one shipped, one cancelled, one returned of two shipped",
    shape(3, 1, 0),
    [
      { quantity: 1, restockType: "CANCEL" },
      { quantity: 1, restockType: "RETURN" },
    ],
    {},
    targets(0, 2, 1),
  ],
  [
    "cancelled and restocked",
    shape(3, 0, 0),
    [{ quantity: 3, restockType: "CANCEL" }],
    { cancelledAt },
    targets(0, 0, 0),
  ],
  [
    "cancelled without restock",
    shape(3, 0, 0),
    [{ quantity: 3, restockType: "NO_RESTOCK" }],
    { cancelledAt },
    targets(0, 3, 0),
  ],
  ["cancelled after it had all shipped", shape(3, 3, 0), [], { cancelledAt }, targets(0, 3, 0)],
  ["cancelled, lines not yet emptied", shape(3, 3, 3), [], { cancelledAt }, targets(0, 0, 0)],
];

test.each(lifes)("a line that was %s", async (_, lineShape, refundLines, more, expected) => {
  const { connector, context } = createBench();
  const refunds = refundLines.length === 0 ? [] : [refund("1", refundLines)];
  const whole = order("1", { lineItems: { nodes: [line("1", lineShape)], pageInfo: noMore }, refunds, ...more });
  serveGraphql({ nodes: () => [whole] });
  const [snapshot] = await connector.fetchOrders(["1"], context);
  expect(snapshot?.lines[0]).toMatchObject(expected);
});

test("fetching leaves out what the channel does not know and what is no order id", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({ nodes: () => [order("1"), null] });
  const snapshots = await connector.fetchOrders(["1", "2", "1", "not-an-id"], context);
  expect(snapshots.map(({ orderRef }) => orderRef)).toEqual(["1"]);
  expect(sent[0]?.variables).toEqual({ ids: [orderGid("1"), orderGid("2")] });
});

test("a line without a variant is known by its SKU alone", async () => {
  const { connector, context } = createBench();
  const nodes = [
    { ...line("1", open), variant: null },
    { ...line("2", open), variant: null, sku: null },
  ];
  serveGraphql({ nodes: () => [order("1", { lineItems: { nodes, pageInfo: noMore } })] });
  const [snapshot] = await connector.fetchOrders(["1"], context);
  expect(snapshot?.lines.map(({ listingRefs }) => listingRefs)).toEqual([["sku:SKU-1"], []]);
});

const moreLines = { hasNextPage: true, endCursor: "lines-1" };

test("an order of many lines and refunds is read whole, however many answers it takes", async () => {
  const { connector, context } = createBench();
  const firstRefunds = Array.from({ length: 10 }, (_, at) =>
    refund(String(at), [{ quantity: 1, restockType: "RETURN", line: "1" }]),
  );
  const cut = order("1", {
    lineItems: { nodes: [line("1", shape(12, 1, 0))], pageInfo: moreLines },
    refunds: firstRefunds,
  });
  const sent = serveGraphql(
    {
      nodes: () => [cut],
      order: ({ id }: { id: string }) => (id === orderGid("1") ? cut : null),
      refund: () => refund("10", [{ quantity: 1, restockType: "NO_RESTOCK", line: "1" }]),
    },
    ({ operation }) => {
      if (operation === "OrderLines") {
        const lineItems = { nodes: [line("2", open)], pageInfo: noMore };
        return { status: 200, body: { data: { order: { updatedAt: "2026-11-20T11:00:00Z", lineItems } } } };
      }
      if (operation !== "OrderRefundIds") return undefined;
      const refunds = Array.from({ length: 11 }, (_, at) => ({ id: `gid://shopify/Refund/${at}` }));
      return { status: 200, body: { data: { order: { updatedAt: "2026-11-20T11:00:00Z", refunds } } } };
    },
  );
  const [snapshot] = await connector.fetchOrders(["1"], context);
  expect(snapshot?.lines).toMatchObject([
    { lineRef: "1", ...targets(0, 12, 10) },
    { lineRef: "2", ...targets(2, 0, 0) },
  ]);
  expect(sent.map(({ operation }) => operation)).toEqual([
    "OrdersById",
    "OrderWhole",
    "OrderLines",
    "OrderRefundIds",
    "RefundLines",
  ]);
});

test("an order that changes between two answers is read again from the start, and given up for later in the end", async () => {
  const { connector, context } = createBench();
  const cut = order("1", { lineItems: { nodes: [line("1", open)], pageInfo: moreLines } });
  const sent = serveGraphql({ nodes: () => [cut], order: cut }, ({ operation }) =>
    operation === "OrderLines"
      ? {
          status: 200,
          body: { data: { order: { updatedAt: "2026-11-20T11:00:01Z", lineItems: { nodes: [], pageInfo: noMore } } } },
        }
      : undefined,
  );
  await expect(connector.fetchOrders(["1"], context)).rejects.toMatchObject({ kind: "retryable" });
  expect(sent.filter(({ operation }) => operation === "OrderWhole")).toHaveLength(3);
});

test("cursors that this connector never wrote are refused", async () => {
  const { connector, context } = createBench();
  await expect(connector.pullOrders("{}", context)).rejects.toMatchObject({ kind: "permanent" });
  await expect(connector.importListings("nonsense", context)).rejects.toMatchObject({ kind: "permanent" });
});
