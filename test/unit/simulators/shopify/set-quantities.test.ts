import { expect, test } from "vitest";
import { z } from "zod";
import { demoShopifyAccount } from "../../../../src/simulators/shopify/account.ts";
import { openShop, readItem, type Shop, setDocument } from "./shop.ts";

const SetAnswer = z.object({
  inventorySetQuantities: z.object({
    inventoryAdjustmentGroup: z
      .object({ changes: z.array(z.object({ name: z.string(), delta: z.number() })) })
      .nullable(),
    userErrors: z.array(z.object({ field: z.array(z.string()).nullable(), message: z.string(), code: z.string() })),
  }),
});

const set = async (
  shop: Shop,
  key: string,
  rows: readonly { readonly sku: string; readonly quantity: number; readonly from: number | null }[],
) => {
  const quantities = await Promise.all(
    rows.map(async ({ sku, quantity, from }) => {
      const { id, level } = await readItem(shop, sku);
      return { inventoryItemId: id, locationId: level.location.id, quantity, changeFromQuantity: from };
    }),
  );
  const { data } = await shop.graphql(setDocument, {
    input: { name: "available", reason: "correction", quantities },
    idempotencyKey: key,
  });
  return SetAnswer.parse(data).inventorySetQuantities;
};

const openWithTwo = async () => {
  const shop = await openShop();
  shop.channel.seedListings([
    { sku: "A", title: "Apple", units: 5 },
    { sku: "B", title: "Pear", units: 7 },
  ]);
  return shop;
};

test("one stale row refuses the whole batch and names itself with a string index", async () => {
  const shop = await openWithTwo();
  const { inventoryAdjustmentGroup, userErrors } = await set(shop, "k1", [
    { sku: "A", quantity: 4, from: 5 },
    { sku: "B", quantity: 4, from: 6 },
  ]);
  expect(inventoryAdjustmentGroup).toBeNull();
  expect(userErrors).toEqual([
    expect.objectContaining({
      field: ["input", "quantities", "1", "changeFromQuantity"],
      code: "CHANGE_FROM_QUANTITY_STALE",
    }),
  ]);
  expect(shop.channel.truth().listings).toMatchObject([{ units: 5 }, { units: 7 }]);
  expect(shop.channel.writesSince(0)).toEqual([]);
});

test("an applied batch is witnessed a row at a time and announced at once", async () => {
  const shop = await openWithTwo();
  const { userErrors } = await set(shop, "k1", [
    { sku: "A", quantity: 4, from: 5 },
    { sku: "B", quantity: -3, from: 7 },
  ]);
  expect(userErrors).toEqual([]);
  expect(shop.channel.writesSince(0)).toMatchObject([
    { sequence: 1, sku: "A", unitsBefore: 5, unitsAfter: 4 },
    { sequence: 2, sku: "B", unitsBefore: 7, unitsAfter: -3 },
  ]);
  expect(shop.channel.writesSince(1)).toHaveLength(1);
  expect(shop.channel.counters()).toMatchObject({ writesApplied: 2, pendingWrites: 0 });
});

test("the same request again after success is stale, not the first answer", async () => {
  const shop = await openWithTwo();
  await set(shop, "k1", [{ sku: "A", quantity: 4, from: 5 }]);
  const { userErrors } = await set(shop, "k1", [{ sku: "A", quantity: 4, from: 5 }]);
  expect(userErrors).toMatchObject([{ code: "CHANGE_FROM_QUANTITY_STALE" }]);
});

test("the same request again without a comparison is a no-op", async () => {
  const shop = await openWithTwo();
  await set(shop, "k1", [{ sku: "A", quantity: 4, from: null }]);
  expect(await set(shop, "k1", [{ sku: "A", quantity: 4, from: null }])).toEqual({
    inventoryAdjustmentGroup: null,
    userErrors: [],
  });
});

test("a key with other parameters is refused, until 24 hours have passed", async () => {
  const shop = await openWithTwo();
  await set(shop, "k1", [{ sku: "A", quantity: 4, from: 5 }]);
  const { userErrors } = await set(shop, "k1", [{ sku: "A", quantity: 3, from: 4 }]);
  expect(userErrors).toMatchObject([{ field: null, code: "IDEMPOTENCY_KEY_PARAMETER_MISMATCH" }]);
  shop.clock.advance(24 * 3_600_000 + 1);
  expect((await set(shop, "k1", [{ sku: "A", quantity: 3, from: 4 }])).userErrors).toEqual([]);
});

test("251 rows are too many", async () => {
  const shop = await openWithTwo();
  const rows = Array.from({ length: 251 }, () => ({ sku: "A", quantity: 1, from: 5 }));
  const { id, level } = await readItem(shop, "A");
  const quantities = rows.map(({ quantity, from }) => ({
    inventoryItemId: id,
    locationId: level.location.id,
    quantity,
    changeFromQuantity: from,
  }));
  const { errors, data } = await shop.graphql(setDocument, {
    input: { name: "available", reason: "correction", quantities },
    idempotencyKey: "k",
  });
  expect(errors).toMatchObject([{ extensions: { code: "MAX_INPUT_SIZE_EXCEEDED" } }]);
  expect(data).toEqual({ inventorySetQuantities: null });
});

test("a location where the item is not active takes a quantity silently and does not sell it until activated", async () => {
  const shop = await openShop({ account: { ...demoShopifyAccount, locations: ["Main", "Second"] } });
  shop.channel.seedListings([{ sku: "A", title: "Apple", units: 5 }]);
  const { id } = await readItem(shop, "A");
  const { data } = await shop.graphql("{ locations(first: 5) { nodes { id name } } }");
  const second = z
    .object({ locations: z.object({ nodes: z.array(z.object({ id: z.string(), name: z.string() })) }) })
    .parse(data).locations.nodes[1];
  expect(second?.name).toBe("Second");
  const quantities = [{ inventoryItemId: id, locationId: second?.id, quantity: 7, changeFromQuantity: 0 }];
  await shop.graphql(setDocument, {
    input: { name: "available", reason: "correction", quantities },
    idempotencyKey: "k",
  });
  expect((await readItem(shop, "A")).levels).toMatchObject([
    { isActive: true, available: 5 },
    { isActive: false, available: 7 },
  ]);
  expect(shop.channel.truth().listings).toMatchObject([{ units: 5 }]);

  await shop.graphql(
    `mutation Activate($item: ID!, $location: ID!) { inventoryActivate(inventoryItemId: $item, locationId: $location)
      @idempotent(key: "a") { inventoryLevel { id isActive } userErrors { field message } } }`,
    { item: id, location: second?.id },
  );
  expect(shop.channel.truth().listings).toMatchObject([{ units: 12 }]);
  // 5 + 7 units: no single location has 9, so the order is split.
  const sold = shop.channel.sell({ reference: "r1", lines: [{ sku: "A", units: 9 }] });
  expect(sold.soldOut).toEqual([]);
  expect((await readItem(shop, "A")).levels).toMatchObject([
    { available: 0, committed: 5, on_hand: 5 },
    { available: 3, committed: 4, on_hand: 7 },
  ]);
});
