import { createHmac } from "node:crypto";
import nock from "nock";
import { afterEach, expect, test } from "vitest";
import { z } from "zod";
import { documents } from "../../../src/connectors/shopify/documents.ts";
import { stockTopics } from "../../../src/connectors/shopify/topics.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { createBench, item, levelOf, okData, serveGraphql } from "../../unit/connectors/shopify/support.ts";
import { holdTrapRows } from "../laws/trap-rows.ts";
import { openBoth, requestOf, writeOf } from "./both.ts";
import { startLossyProxy } from "./lossy-proxy.ts";

/** One test a row of the channel document's list of traps (docs/channels/shopify.md §10). */
holdTrapRows("shopify", {
  12: {
    reason:
      "the last unit sold twice between a check and its allocation is the ledger's to prevent; no connector allocates",
    keptBy: [
      "test/integration/ledger/reservations.test.ts",
      "400 concurrent reserves of 100 units hold exactly 100, over two ledgers and with every key sent twice",
    ],
  },
});

afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

const handle = { ref: item(1), details: { tracked: true, isActive: true } };
const write = { ...handle, units: 2, expectedUnits: 7 };

test("shopify trap 1: Retry-After is in seconds", async () => {
  const { connector, context, budget, clock } = createBench();
  serveGraphql({}, () => ({ status: 429, body: "", headers: { "Retry-After": "2.0" } }));
  await expect(connector.readQuantities([handle], context)).rejects.toMatchObject({ retryAfterMs: 2_000 });
  clock.advance(1_999);
  expect(await budget.spare("graphql")).toBe(0);
});

test("shopify trap 2: a failing read is tried three times in all and then is a plain retryable error", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () => ({ status: 503, body: "" }));
  await expect(connector.readQuantities([handle], context)).rejects.toMatchObject({ kind: "retryable" });
  expect(sent).toHaveLength(3);
});

test("shopify trap 3: THROTTLED with HTTP 200 is neither success nor fatal", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const push = await writeOf(both, "A", 2);
  await both.faults({ throttleShare: 1 });
  const thrown: unknown = await both.connector
    .pushQuantities([push], "a", both.context)
    .catch((error: unknown) => error);
  expect(thrown).toMatchObject({ kind: "throttled", ambiguous: false });
  await both.faults({});
  expect(await both.connector.pushQuantities([push], "b", both.context)).toMatchObject([{ status: "accepted" }]);
});

test("shopify trap 4: messages out of order and doubled are told apart by the view's time and the delivery's id", async () => {
  const both = await openBoth();
  await both.faults({ messageDuplicateShare: 1 });
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const { orderId } = both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 2 }] });
  both.shop.clock.advance(5_000);
  both.shop.channel.cancel(orderId ?? "");
  const deliveries = await both.deliveries();
  const ids = deliveries.map(({ delivery }) => delivery.id);
  expect(new Set(ids).size).toBe(ids.length / 2);
  const orders = deliveries.flatMap(({ events }) =>
    events.flatMap((event) => (event.kind === "order" ? [event.order] : [])),
  );
  // Whatever came first: the newest view is the truth, and it holds nothing.
  const newest = orders.toSorted((a, b) => (a.updatedAt < b.updatedAt ? 1 : -1))[0];
  expect(newest?.lines).toMatchObject([{ holdUnits: 0 }]);
  expect(orders.some(({ lines }) => lines[0]?.holdUnits === 2)).toBe(true);
});

test("shopify trap 5: signatures are base64 over the raw bytes with the client secret, and anything else is 401", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A & B / <C>", units: 5 }]);
  both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 2 }] });
  await both.deliveries();
  const [message] = both.received;
  if (message === undefined) throw new Error("nothing came");
  const request = requestOf(message);
  const verify = (changes: Partial<typeof request>) =>
    both.connector.webhooks?.verify({ ...request, ...changes }, both.context);
  const signed = (key: string, encoding: "hex" | "base64", body: Uint8Array = request.body) => ({
    headers: { ...request.headers, "x-shopify-hmac-sha256": createHmac("sha256", key).update(body).digest(encoding) },
  });
  const { clientSecret, accessToken } = demoShopifyAccount;
  const parsedAgain = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(request.body).toString("utf8"))));
  expect(await verify({})).toMatchObject({ kind: "delivery" });
  for (const wrong of [
    { body: parsedAgain },
    signed(clientSecret, "hex"),
    signed(accessToken, "base64"),
    signed(clientSecret, "base64", parsedAgain),
  ]) {
    expect(await verify(wrong)).toMatchObject({ kind: "refused", status: 401 });
  }
});

test("shopify trap 6: a purchase is heard through its order and its level, never through products/update", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 2 }] });
  const kinds = (await both.deliveries()).flatMap(({ topic, events }) => events.map(({ kind }) => `${topic} ${kind}`));
  expect(kinds.toSorted()).toEqual(["inventory_levels/update stock-hint", "orders/create order"]);
  expect(stockTopics).toEqual(expect.arrayContaining(["ORDERS_CREATE", "INVENTORY_LEVELS_UPDATE"]));
  expect(stockTopics.filter((topic) => topic.startsWith("PRODUCTS"))).toEqual([]);
});

test("shopify trap 7: our own write comes back as a hint with the very number we wrote, never as something to push", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const push = await writeOf(both, "A", 2);
  await both.connector.pushQuantities([push], "a", both.context);
  const events = (await both.deliveries()).flatMap((delivery) => delivery.events);
  expect(events).toMatchObject([{ kind: "stock-hint", listingRef: push.ref, units: 2 }]);
  // Setting what is shown already is a no-op that no message follows, so two writers cannot answer each other for ever.
  await both.connector.pushQuantities([{ ...push, expectedUnits: 2 }], "b", both.context);
  expect(await both.deliveries()).toHaveLength(1);
});

test("shopify trap 8: a run that breaks off goes on at its last page, and a batch keeps what it has achieved", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings(
    Array.from({ length: 120 }, (_, index) => ({ sku: `S${index}`, title: "T", units: 5 })),
  );
  const first = await both.connector.importListings(null, both.context);
  await both.faults({ serverErrorShare: 1 });
  await expect(both.connector.importListings(first.next, both.context)).rejects.toMatchObject({ kind: "retryable" });
  await both.faults({});
  const second = await both.connector.importListings(first.next, both.context);
  const third = await both.connector.importListings(second.next, both.context);
  const refs = [first, second, third].flatMap(({ items }) => items.map(({ ref }) => ref));
  expect([new Set(refs).size, third.done]).toEqual([120, true]);
});

test("shopify trap 9: a missing scope and an unnamed location are said aloud", async () => {
  const scopes = demoShopifyAccount.scopes.filter((scope) => scope !== "write_inventory");
  const both = await openBoth({}, { account: { ...demoShopifyAccount, scopes } });
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const push = await writeOf(both, "A", 2);
  await expect(both.connector.pushQuantities([push], "a", both.context)).rejects.toMatchObject({
    kind: "auth",
    message: expect.stringContaining("write_inventory"),
  });
  const findings = await both.connector.check(both.context);
  expect(findings.find(({ check }) => check === "scopes")).toMatchObject({
    ok: false,
    detail: "missing write_inventory",
  });

  const two = await openBoth({}, { account: { ...demoShopifyAccount, locations: ["Shop", "Depot"] } });
  await expect(two.connector.importListings(null, two.context)).rejects.toMatchObject({
    kind: "permanent",
    message: expect.stringMatching(/Shop.*Depot/),
  });
});

test("shopify trap 10: units promised to orders are not available, though still on hand", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 10 }]);
  both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 3 }] });
  expect(await writeOf(both, "A", 0)).toMatchObject({ expectedUnits: 7 });
});

test("shopify trap 11: an authentic message that is not understood is kept as such, never waved through", async () => {
  const both = await openBoth();
  const body = Buffer.from('{"id":"not what it promised"}');
  const headers = {
    "x-shopify-topic": "orders/create",
    "x-shopify-shop-domain": demoShopifyAccount.shopDomain,
    "x-shopify-webhook-id": "w-1",
    "x-shopify-api-version": "2026-10",
    "x-shopify-hmac-sha256": createHmac("sha256", demoShopifyAccount.clientSecret).update(body).digest("base64"),
  };
  const request = { method: "POST", url: "https://lockstep.test/webhooks/shopify/shop-one", headers, body };
  expect(await both.connector.webhooks?.verify(request, both.context)).toMatchObject({ kind: "malformed", id: "w-1" });
});

test("shopify trap 13: units that were shipped, returned and refunded come back once", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 10 }]);
  const { orderId, lines } = both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 4 }] });
  const lineId = lines[0]?.lineId ?? "";
  both.shop.channel.ship(orderId ?? "", [{ lineId, units: 3 }]);
  await both.control(`orders/${orderId}/return`, { lines: [{ lineId, units: 2, restock: true }] });
  both.shop.channel.cancel(orderId ?? "");
  both.shop.channel.cancel(orderId ?? "");
  const [snapshot] = await both.connector.fetchOrders([orderId ?? ""], both.context);
  expect(snapshot?.lines).toMatchObject([{ holdUnits: 0, leftUnits: 3, backUnits: 2 }]);
  // 10 were there: 3 left, 2 came back, 1 never left.
  expect(await writeOf(both, "A", 0)).toMatchObject({ expectedUnits: 9 });
});

test("shopify trap 14: no write without comparison and idempotency key, and no version but the pinned one", async () => {
  for (const { text } of documents) {
    if (text.includes("inventorySetQuantities"))
      expect(text).toMatch(/inventorySetQuantities\([^)]*\) @idempotent\(key: \$key\)/);
    expect(text).not.toMatch(/inventoryAdjustQuantities|ignoreCompareQuantity/);
  }
  const { connector, context } = createBench();
  const sent = serveGraphql({}, () =>
    okData({ inventorySetQuantities: { inventoryAdjustmentGroup: null, userErrors: [] } }),
  );
  await connector.pushQuantities([write, { ...write, ref: item(2), expectedUnits: null }], "a", context);
  const Rows = z.object({
    input: z.object({ quantities: z.array(z.object({ changeFromQuantity: z.number().nullable() })) }),
    key: z.string().min(1),
  });
  expect(Rows.parse(sent[0]?.variables).input.quantities).toEqual([
    { changeFromQuantity: 7 },
    { changeFromQuantity: null },
  ]);
});

test("shopify trap 15: an id that no double can hold is the same in import, order and message", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings(["A", "B", "C"].map((sku) => ({ sku, title: sku, units: 5 })));
  const { ref } = await writeOf(both, "C", 0);
  expect(BigInt(ref.split("/").at(-1) ?? "0")).toBeGreaterThan(BigInt(Number.MAX_SAFE_INTEGER));
  const { orderId } = both.shop.channel.sell({ reference: "r", lines: [{ sku: "C", units: 1 }] });
  const events = (await both.deliveries()).flatMap((delivery) => delivery.events);
  expect(events).toEqual(expect.arrayContaining([expect.objectContaining({ kind: "stock-hint", listingRef: ref })]));
  const [snapshot] = await both.connector.fetchOrders([orderId ?? ""], both.context);
  expect(snapshot?.lines[0]?.listingRefs).toContain(ref);
});

test("shopify trap 16: a repeated write that the channel runs again, instead of answering as the first time, ends well", async () => {
  const both = await openBoth();
  both.shop.channel.seedListings([{ sku: "A", title: "A", units: 7 }]);
  const push = await writeOf(both, "A", 2);
  const { url } = await startLossyProxy(both.shop.url, "SetQuantities");
  const { connector, context } = createBench({
    locationGid: undefined,
    endpoints: { api: url },
    credentials: {
      accessToken: new Secret(demoShopifyAccount.accessToken),
      clientId: undefined,
      clientSecret: new Secret("x"),
    },
  });
  const before = both.shop.channel.counters().requests;
  expect(await connector.pushQuantities([push], "a", context)).toMatchObject([{ ref: push.ref, status: "accepted" }]);
  // The locations, the write, the same write again (stale), and the look that finds our number there.
  expect(both.shop.channel.counters().requests - before).toBe(4);
  expect(both.shop.channel.writesSince(0)).toHaveLength(1);
});

test("shopify trap 16: the first call lost, the repeat stale, another's number there: a conflict", async () => {
  const { connector, context } = createBench();
  const replies = ["drop" as const];
  const stale = okData({
    inventorySetQuantities: {
      inventoryAdjustmentGroup: null,
      userErrors: [
        { field: ["input", "quantities", "0", "changeFromQuantity"], message: "", code: "CHANGE_FROM_QUANTITY_STALE" },
      ],
    },
  });
  serveGraphql(
    { nodes: () => [{ __typename: "InventoryItem", id: item(1), tracked: true, inventoryLevel: levelOf(5) }] },
    ({ operation }) => (operation === "SetQuantities" ? (replies.shift() ?? stale) : undefined),
  );
  expect(await connector.pushQuantities([write], "a", context)).toMatchObject([{ status: "conflict" }]);
});

test("shopify trap 17: what a development shop caps is never asked for: no document makes, edits or ends an order", () => {
  const mutations = documents.flatMap(({ text }) =>
    [...text.matchAll(/^mutation [^{]*\{\s*(\w+)/gm)].map(([, field]) => field),
  );
  expect(mutations).toContain("inventorySetQuantities");
  expect(mutations.filter((field) => /order|fulfil|refund|return/i.test(field ?? ""))).toEqual([]);
});
