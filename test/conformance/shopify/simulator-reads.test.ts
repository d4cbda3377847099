import { expect, test } from "vitest";
import { z } from "zod";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { contract, openShop, readItem, setDocument } from "../../unit/simulators/shopify/shop.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("recorded read and activation answers replayed on the simulator");
const Operation = z.object({
  query: z.string(),
  variables: z.record(z.string(), z.string()),
  response: z.record(z.string(), z.unknown()),
});
const { operations } = contract(
  "recorded/inventory/inventory-item-levels-connection-windowing-2026-04.json",
  z.looseObject({
    operations: z.looseObject({
      activeRead: Operation,
      windowRead: Operation,
      inactiveRead: Operation,
      inventoryDeactivate: Operation,
    }),
  }),
);
const Cursors = z.object({
  inventoryItem: z.looseObject({ allLevels: z.object({ edges: z.array(z.object({ cursor: z.string() })) }) }),
});

/** Two locations with 4 and 10 units of one item, as in the recording. */
const openAsRecorded = async () => {
  const shop = await openShop({
    account: { ...demoShopifyAccount, locations: ["Source", "Destination"] },
  });
  shop.channel.seedListings([{ sku: "A", title: "A", units: 4 }]);
  const { id } = await readItem(shop, "A");
  const { data } = await shop.graphql("{ locations(first: 2) { nodes { id } } }");
  const locations = z.object({ locations: z.object({ nodes: z.array(z.object({ id: z.string() })) }) }).parse(data)
    .locations.nodes;
  await shop.graphql(
    `mutation A($item: ID!, $location: ID!) { inventoryActivate(inventoryItemId: $item, locationId: $location) @idempotent(key: "a") { userErrors { field } } }`,
    { item: id, location: locations[1]?.id },
  );
  const quantities = [{ inventoryItemId: id, locationId: locations[1]?.id, quantity: 10, changeFromQuantity: 0 }];
  await shop.graphql(setDocument, {
    input: { name: "available", reason: "correction", quantities },
    idempotencyKey: "s",
  });
  return { shop, id, locations };
};

/** Ids, cursors and names are each store's own: replaced by the order of their first appearance. */
const normalised = (value: unknown): unknown => {
  const seen = new Map<string, string>();
  const alias = (text: string): string => {
    const known = seen.get(text) ?? `#${seen.size}`;
    seen.set(text, known);
    return known;
  };
  const text = JSON.stringify(value)
    .replaceAll(/gid:\/\/shopify\/[A-Za-z]+\/\d+(\?inventory_item_id=\d+)?/g, alias)
    .replaceAll(/(?<="(?:cursor|startCursor|endCursor)":")[^"]*/g, alias)
    .replaceAll(/"name":"(Inventory Item Levels )?(Source|Destination)[^"]*"/g, '"name":"$2"');
  return JSON.parse(text);
};

test("levels page, filter, reverse and fail open as recorded, at the recorded cost", async () => {
  const { shop, id, locations } = await openAsRecorded();
  const number = id.replace("gid://shopify/InventoryItem/", "");
  const answer = await shop.graphql(operations.activeRead.query, {
    inventoryItemId: id,
    itemQuery: `inventory_item_id:${number}`,
    missingItemQuery: "inventory_item_id:1",
    invalidLocationQuery: `location_id:${locations[1]?.id.replace("gid://shopify/Location/", "")}`,
  });
  expect(normalised(answer.data)).toEqual(normalised(operations.activeRead.response["data"]));
  expect(answer.extensions?.cost).toMatchObject({ requestedQueryCost: 94, actualQueryCost: 46 });
  expect(answer.extensions?.["search"]).toMatchObject([
    { path: ["inventoryItem", "invalidLocationFilter"], warnings: [{ field: "location_id", code: "invalid_field" }] },
  ]);

  const edges = Cursors.parse(answer.data).inventoryItem.allLevels.edges;
  const window = await shop.graphql(operations.windowRead.query, {
    inventoryItemId: id,
    after: edges[0]?.cursor,
    before: edges[1]?.cursor,
  });
  const Pages = z.object({
    inventoryItem: z.record(
      z.string(),
      z.object({
        nodes: z
          .array(z.looseObject({ quantities: z.unknown() }))
          .transform((nodes) => nodes.map(({ quantities }) => quantities)),
        pageInfo: z
          .looseObject({ hasNextPage: z.boolean(), hasPreviousPage: z.boolean() })
          .transform(({ hasNextPage, hasPreviousPage }) => ({ hasNextPage, hasPreviousPage })),
      }),
    ),
  });
  expect(Pages.parse(window.data)).toEqual(Pages.parse(operations.windowRead.response["data"]));
  expect(window.extensions?.cost).toMatchObject({ requestedQueryCost: 13, actualQueryCost: 13 });

  const { levels } = await readItem(shop, "A");
  const source = levels.find(({ location }) => location.id === locations[0]?.id);
  await shop.graphql(operations.inventoryDeactivate.query, { inventoryLevelId: source?.id, idempotencyKey: "d" });
  const inactive = await shop.graphql(operations.inactiveRead.query, {
    inventoryItemId: id,
    itemQuery: `inventory_item_id:${number}`,
    missingItemQuery: "inventory_item_id:1",
    invalidLocationQuery: `location_id:${locations[1]?.id.replace("gid://shopify/Location/", "")}`,
  });
  expect(normalised(inactive.data)).toEqual(normalised(operations.inactiveRead.response["data"]));
  tally(4);
});

test.each([
  ["neither first nor last", "{ locations { nodes { id } } }", "you must provide one of first or last"],
  ["both", "{ locations(first: 1, last: 1) { nodes { id } } }", "providing both first and last is not supported"],
])("a connection with %s is BAD_REQUEST in the recorded words", async (_name, query, message) => {
  const shop = await openShop();
  const { errors, data } = await shop.graphql(query);
  expect(errors).toMatchObject([{ message, extensions: { code: "BAD_REQUEST" } }]);
  expect(data).toBeNull();
});

const Activation = z.object({
  query: z.string(),
  response: z.object({ data: z.unknown(), extensions: z.looseObject({ cost: z.unknown() }) }),
});
const activations = contract(
  "recorded/inventory/inventory-activate-on-hand.json",
  z.looseObject({ cases: z.record(z.string(), Activation) }),
).cases;

test("activation seeds on hand, refuses both seeds and leaves an active level alone, as recorded", async () => {
  const shop = await openShop({ account: { ...demoShopifyAccount, locations: ["Main", "My Custom Location"] } });
  shop.channel.seedListings(["A", "B", "C"].map((sku) => ({ sku, title: sku, units: 0 })));
  const { data } = await shop.graphql("{ locations(first: 2) { nodes { id } } }");
  const locationId = z.object({ locations: z.object({ nodes: z.array(z.object({ id: z.string() })) }) }).parse(data)
    .locations.nodes[1]?.id;
  const run = async (name: string, sku: string, variables: Record<string, unknown>) => {
    const { id } = await readItem(shop, sku);
    const recorded = activations[name];
    if (recorded === undefined) throw new Error(`no recording ${name}`);
    const answer = await shop.graphql(recorded.query, {
      inventoryItemId: id,
      locationId,
      idempotencyKey: name,
      ...variables,
    });
    const timeless = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll(/"updatedAt":"[^"]*"/g, '"updatedAt":"T"')
          .replaceAll(/gid:\/\/shopify\/InventoryLevel\/[^"]*/g, "LEVEL"),
      );
    expect(timeless(answer.data)).toEqual(timeless(recorded.response.data));
    const { requestedQueryCost, actualQueryCost } = answer.extensions?.cost ?? {};
    expect(recorded.response.extensions.cost).toMatchObject({ requestedQueryCost, actualQueryCost });
    tally();
  };
  await run("activateOnHand", "A", { onHand: 50 });
  await run("alreadyActiveOnHand", "A", { onHand: 5 });
  await run("availableOnHandConflict", "B", { available: 10, onHand: 20 });
  await run("onHandOutOfRange", "C", { onHand: 1_000_000_001 });
});
