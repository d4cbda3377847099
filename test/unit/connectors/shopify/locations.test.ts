import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createBench, item, levelOf, location, noMore, okData, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const second = "gid://shopify/Location/106318463282";
const third = "gid://shopify/Location/999";
const further = { furtherLocationGids: [second] };
const atSecond = `${item(1)}@${second}`;
const atThird = `${item(1)}@${third}`;
const details = { tracked: true, isActive: true };
const units: Readonly<Record<string, number>> = { [location]: 5, [second]: 7 };
const root = {
  nodes: ({ ids }: { ids: readonly string[] }) =>
    ids.map((id) => ({
      __typename: "InventoryItem",
      id,
      tracked: true,
      inventoryLevel: ({ locationId }: { locationId: string }) => levelOf(units[locationId] ?? 0),
    })),
};

test("an item at a further location is a listing of its own, which orders never name", async () => {
  const { connector, context } = createBench(further);
  const node = {
    id: item(1),
    sku: "A",
    tracked: true,
    duplicateSkuCount: 0,
    inventoryLevel: levelOf(5),
    variants: { nodes: [], pageInfo: noMore },
  };
  serveGraphql({ ...root, inventoryItems: { nodes: [node], pageInfo: noMore } });
  const { items } = await connector.importListings(null, context);
  expect(items.map(({ ref, units: shown, aliases }) => [ref, shown, aliases])).toEqual([
    [item(1), 5, ["inventory-item:1", "sku:A"]],
    [atSecond, 7, []],
  ]);
});

test("levels are read a location at a time; one that is not mapped is not asked for", async () => {
  const { connector, context } = createBench(further);
  const sent = serveGraphql(root);
  const handles = [item(1), atSecond, atThird].map((ref) => ({ ref, details }));
  expect(await connector.readQuantities(handles, context)).toEqual([
    { ref: item(1), units: 5 },
    { ref: atSecond, units: 7 },
    { ref: atThird, units: null, reason: "its location is none of the account's" },
  ]);
  expect(sent.map(({ variables }) => variables["location"])).toEqual([location, second]);
});

test("one call writes each row at its own location and touches no unmapped one", async () => {
  const { connector, context } = createBench(further);
  const set = { inventorySetQuantities: { inventoryAdjustmentGroup: null, userErrors: [] } };
  const sent = serveGraphql({}, () => okData(set));
  const batch = [item(1), atSecond, atThird].map((ref) => ({ ref, details, units: 3, expectedUnits: 4 }));
  const outcomes = await connector.pushQuantities(batch, "a", context);
  expect(new Map(outcomes.map(({ ref, status }) => [ref, status]))).toEqual(
    new Map([
      [item(1), "accepted"],
      [atSecond, "accepted"],
      [atThird, "refused"],
    ]),
  );
  const Rows = z.object({ input: z.object({ quantities: z.array(z.object({ locationId: z.string() })) }) });
  expect(Rows.parse(sent[0]?.variables).input.quantities.map(({ locationId }) => locationId)).toEqual([
    location,
    second,
  ]);
});

test("a level's message names the listing at its location, an item's message all of them", () => {
  const { connector } = createBench(further);
  const hint = (locationGid: string | null) =>
    connector.translate({
      id: "1",
      topic: "inventory_levels/update",
      sourceAt: null,
      payload: { kind: "stock-hint", inventoryItemGid: item(1), locationGid, units: 2, at: "2026-11-20T12:00:00.000Z" },
    });
  expect(hint(second)).toMatchObject([{ kind: "stock-hint", listingRef: atSecond }]);
  expect(hint(null)).toMatchObject([{ listingRef: item(1) }, { listingRef: atSecond }]);
  expect(hint(third)).toMatchObject([{ kind: "ignored" }]);
});
