import { expect, test } from "vitest";
import { z } from "zod";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { contract, openShop, readItem, type Shop, setDocument } from "../../unit/simulators/shopify/shop.ts";
import { Ids, Recorded, replay } from "./replay.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("recorded stocking answers replayed on the simulator");
const Steps = z.record(z.string(), z.unknown());
const locations = ["Shop location", "My Custom Location"];
const held = "id isActive location { id name }";
const quantities = 'quantities(names: ["available", "on_hand", "incoming"])';
const variant = "variant { id inventoryQuantity product { id tracksInventory } }";

const activate = (
  level: string,
) => `mutation A($inventoryItemId: ID!, $locationId: ID!, $available: Int, $idempotencyKey: String!) {
  inventoryActivate(inventoryItemId: $inventoryItemId, locationId: $locationId, available: $available) @idempotent(key: $idempotencyKey) {
    inventoryLevel { ${held} ${level} } userErrors { field message } } }`;
const activateWithQuantities = activate(`${quantities} { name quantity updatedAt } item { id tracked ${variant} }`);
const deactivate = `mutation D($inventoryLevelId: ID!, $idempotencyKey: String!) {
  inventoryDeactivate(inventoryLevelId: $inventoryLevelId) @idempotent(key: $idempotencyKey) { userErrors { field message } } }`;
const read = `query R($inventoryItemId: ID!, $inventoryLevelId: ID!, $inactiveLocationId: ID!) {
  inventoryItem(id: $inventoryItemId) { id tracked ${variant}
    inventoryLevels(first: 10, includeInactive: true) { nodes { ${held} ${quantities} { name quantity } } }
    inactiveLevel: inventoryLevel(locationId: $inactiveLocationId, includeInactive: true) { ${held} ${quantities} { name quantity } } }
  inventoryLevel(id: $inventoryLevelId) { ${held} ${quantities} { name quantity } item { id tracked } } }`;

/** What the recording's reads cost depends on their own documents; a product's total lags behind (channel document §5). */
const comparable = (value: unknown, keepCost: boolean): Recorded => {
  const text = JSON.stringify(value).replaceAll(/"totalInventory":\d+,/g, "");
  const recorded = Recorded.parse(JSON.parse(text));
  const { extensions, ...answer } = recorded.response;
  return { ...recorded, response: keepCost ? { ...answer, extensions } : answer };
};

/** The recording's names for one item and the shop's two locations, in ours. */
const openWith = async (sku: string, item: string): Promise<{ shop: Shop; ids: Ids; id: string }> => {
  const shop = await openShop({ account: { ...demoShopifyAccount, locations } });
  shop.channel.seedListings([{ sku, title: sku, units: 0 }]);
  const { id } = await readItem(shop, sku);
  const { data } = await shop.graphql("{ locations(first: 2) { nodes { id } } }");
  const ids = new Ids();
  const [first, second] = z
    .object({ locations: z.object({ nodes: z.array(z.object({ id: z.string() })) }) })
    .parse(data).locations.nodes;
  ids.learn(
    [item, "gid://shopify/Location/106318430514", "gid://shopify/Location/106318463282"],
    [id, first?.id, second?.id],
  );
  return { shop, ids, id };
};

test("a level is stocked, deactivated, kept and activated again with its quantity, as recorded", async () => {
  const file = contract("recorded/inventory/inventory-inactive-level-lifecycle-2026-04.json", Steps);
  const setup = Steps.parse(file["setup"]);
  const { shop, ids } = await openWith("A", "gid://shopify/InventoryItem/53214089609522");
  const steps: readonly (readonly [unknown, string, boolean])[] = [
    [setup["setPrimaryQuantity"], setDocument, true],
    [setup["inventoryActivateSecondaryLocation"], activateWithQuantities, true],
    [setup["setSecondaryQuantity"], setDocument, true],
    [file["inventoryInactiveLifecycleDeactivate"], deactivate, true],
    [file["inventoryInactiveLifecycleReadAfterDeactivate"], read, false],
    [file["inventoryInactiveLifecycleReactivate"], activateWithQuantities, true],
    [file["inventoryInactiveLifecycleReadAfterReactivate"], read, false],
  ];
  for (const [recorded, document, keepCost] of steps) {
    await replay(shop, ids, { document, recorded: comparable(recorded, keepCost) });
    tally();
  }
  expect(shop.channel.violations()).toEqual([]);
});

const validation = contract("recorded/inventory/inventory-deactivate-validation-2026-04.json", Steps);
const ofDeactivation = (name: string): Recorded => comparable(validation[name], true);

test("the last location, unknown items and unknown levels cannot be deactivated, as recorded", async () => {
  const { shop, ids } = await openWith("A", "gid://shopify/InventoryItem/53464354685234");
  const { level } = await readItem(shop, "A");
  ids.learn("gid://shopify/InventoryLevel/143273001266?inventory_item_id=53464354685234", level.id);
  await replay(shop, ids, { document: deactivate, recorded: ofDeactivation("inventoryDeactivateOnlyLocation") });
  await replay(shop, ids, { document: deactivate, recorded: ofDeactivation("inventoryDeactivateMissingLevel") });
  await replay(shop, ids, {
    document: activate("item { id }"),
    recorded: ofDeactivation("inventoryActivateActiveAvailable"),
  });
  const deleted = await openWith("A", "gid://shopify/InventoryItem/53464353407282");
  deleted.ids.learn(
    "gid://shopify/InventoryLevel/999999999999?inventory_item_id=53464353407282",
    `gid://shopify/InventoryLevel/999999999999?inventory_item_id=${deleted.id.split("/").at(-1)}`,
  );
  const recorded = ofDeactivation("inventoryDeactivateDeletedLocation");
  await replay(deleted.shop, deleted.ids, { document: deactivate, recorded });
  tally(4);
});

test("a seed of available is ignored when a kept level is activated again, as recorded", async () => {
  const item = "gid://shopify/InventoryItem/53464354718002";
  const { shop, ids } = await openWith("A", item);
  const setup = Steps.parse(Steps.parse(validation["setup"])["reactivate"]);
  await replay(shop, ids, { document: setDocument, recorded: comparable(setup["setPrimaryQuantity"], true) });
  const stocked = comparable(setup["inventoryActivateSecondaryLocation"], false);
  await replay(shop, ids, { document: activate("item { id }"), recorded: stocked });
  await replay(shop, ids, { document: setDocument, recorded: comparable(setup["setSecondaryQuantity"], true) });
  await replay(shop, ids, { document: deactivate, recorded: ofDeactivation("inventoryDeactivateBeforeReactivate") });
  await replay(shop, ids, {
    document: activate("item { id }"),
    recorded: ofDeactivation("inventoryActivateInactiveAvailable"),
  });
  tally(5);
});
