import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createBench, item, levelOf, location, noMore, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const variant = (id: string, status = "ACTIVE"): object => ({
  id: `gid://shopify/ProductVariant/${id}`,
  displayName: "Mug - Blue",
  inventoryPolicy: "DENY",
  requiresComponents: false,
  product: { status },
});
const node = (id: string, more: object): object => ({
  __typename: "InventoryItem",
  id: item(id),
  sku: "SKU 1 ",
  tracked: true,
  duplicateSkuCount: 0,
  inventoryLevel: levelOf(5),
  variants: { nodes: [variant("43729076")], pageInfo: noMore },
  ...more,
});
const pageOf = (nodes: readonly object[], pageInfo: object = noMore): Record<string, unknown> => ({
  inventoryItems: { nodes, pageInfo },
});

test("an inventory item is a listing with its exact ids, its SKU byte for byte and its variants as aliases", async () => {
  const { connector, context } = createBench();
  const two = { nodes: [variant("43729076"), variant("271878346596884015")], pageInfo: noMore };
  serveGraphql(pageOf([node("271878346596884015", { variants: two })]));
  expect(await connector.importListings(null, context)).toEqual({
    items: [
      {
        ref: item("271878346596884015"),
        details: {
          locationGid: location,
          variantGid: "gid://shopify/ProductVariant/43729076",
          tracked: true,
          isActive: true,
          inventoryPolicy: "DENY",
          isBundle: false,
        },
        aliases: ["inventory-item:271878346596884015", "variant:43729076", "variant:271878346596884015", "sku:SKU 1 "],
        channelSku: "SKU 1 ",
        title: "Mug - Blue",
        fulfilledBy: "merchant",
        status: "active",
        units: 5,
      },
    ],
    next: null,
    done: true,
  });
});

test("a SKU that another item has too is no alias, and an empty one is none at all", async () => {
  const { connector, context } = createBench();
  serveGraphql(pageOf([node("1", { duplicateSkuCount: 1 }), node("2", { sku: "" })]));
  const { items } = await connector.importListings(null, context);
  expect(items.map(({ aliases }) => aliases.some((alias) => alias.startsWith("sku:")))).toEqual([false, false]);
  expect(items.map(({ channelSku }) => channelSku)).toEqual(["SKU 1 ", null]);
});

test("what is untracked, unstocked, inactive or a draft shows so", async () => {
  const { connector, context } = createBench();
  serveGraphql(
    pageOf([
      node("1", { tracked: false }),
      node("2", { inventoryLevel: null }),
      node("3", { inventoryLevel: levelOf(4, false) }),
      node("4", { variants: { nodes: [variant("9", "DRAFT")], pageInfo: noMore } }),
    ]),
  );
  const { items } = await connector.importListings(null, context);
  expect(items.map(({ status, units }) => [status, units])).toEqual([
    ["active", null],
    ["inactive", null],
    ["inactive", null],
    ["inactive", 5],
  ]);
});

test("pages follow the cursor, and a new window by id starts before the 25 000th object", async () => {
  const { connector, context } = createBench();
  const ids = ["10", "20", "30"];
  const sent = serveGraphql({
    inventoryItems: () => ({
      nodes: [node(ids.shift() ?? "0", {})],
      pageInfo: { hasNextPage: true, endCursor: "cursor-a" },
    }),
  });
  const first = await connector.importListings(null, context);
  await connector.importListings(first.next, context);
  expect(sent[1]?.variables).toMatchObject({ after: "cursor-a", query: null });
  const last = JSON.stringify({ after: "cursor-z", pages: 399, fromId: null, lastId: "20" });
  const turned = await connector.importListings(last, context);
  ids.push("31");
  await connector.importListings(turned.next, context);
  expect(sent[3]?.variables).toMatchObject({ after: null, query: "id:>=31" });
});

test("paging past 25 000 objects that are not sorted by id is refused instead of skipping some", async () => {
  const { connector, context } = createBench();
  serveGraphql(pageOf([node("5", {})], { hasNextPage: true, endCursor: "x" }));
  const cursor = JSON.stringify({ after: "y", pages: 399, fromId: null, lastId: "20" });
  await expect(connector.importListings(cursor, context)).rejects.toMatchObject({ kind: "permanent" });
});

test("levels are read in the order asked, with negative quantities as they are and a reason where there is none", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({
    nodes: () => [
      { __typename: "InventoryItem", id: item(1), tracked: true, inventoryLevel: levelOf(-3) },
      null,
      { __typename: "InventoryItem", id: item(3), tracked: false, inventoryLevel: levelOf(9) },
      { __typename: "InventoryItem", id: item(4), tracked: true, inventoryLevel: levelOf(9, false) },
      { __typename: "InventoryItem", id: item(5), tracked: true, inventoryLevel: null },
    ],
  });
  const readings = await connector.readQuantities(
    [1, 2, 3, 4, 5].map((id) => ({ ref: item(id), details: null })),
    context,
  );
  expect(readings).toEqual([
    { ref: item(1), units: -3 },
    { ref: item(2), units: null, reason: "the inventory item no longer exists" },
    { ref: item(3), units: null, reason: "inventory is not tracked" },
    { ref: item(4), units: null, reason: "not sellable here: inactive at the location" },
    { ref: item(5), units: null, reason: "not sellable here: not stocked at the location" },
  ]);
  expect(sent[0]?.variables["location"]).toBe(location);
});

test("without a configured location the shop's only one is looked up once", async () => {
  const { connector, context } = createBench({ locationGid: undefined });
  const sent = serveGraphql({
    locations: { nodes: [{ id: "gid://shopify/Location/77", name: "Shop" }], pageInfo: noMore },
    nodes: () => [null],
  });
  for (let reads = 0; reads < 2; reads += 1) await connector.readQuantities([{ ref: item(1), details: null }], context);
  expect(sent.map(({ operation }) => operation)).toEqual(["Locations", "ReadLevels", "ReadLevels"]);
  expect(sent[1]?.variables["location"]).toBe("gid://shopify/Location/77");
});

test("several locations and no setting is permanent and names the choices", async () => {
  const { connector, context } = createBench({ locationGid: undefined });
  const nodes = ["77", "78"].map((id) => ({ id: `gid://shopify/Location/${id}`, name: `Store ${id}` }));
  serveGraphql({ locations: { nodes, pageInfo: noMore } });
  await expect(connector.readQuantities([{ ref: item(1), details: null }], context)).rejects.toMatchObject({
    kind: "permanent",
    message: expect.stringContaining("gid://shopify/Location/78 (Store 78)"),
  });
});
