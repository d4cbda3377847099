import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { createBench, item, levelOf, okData, type Reply, type Sent, serveGraphql } from "./support.ts";

beforeEach(() => nock.disableNetConnect());
afterEach(() => nock.cleanAll());

const allowed = { activateLevels: true };
const row = (id: number, units: number) => ({
  ref: item(id),
  details: { tracked: true, isActive: false },
  units,
  expectedUnits: 0,
});
const reads = (inventoryLevel: object | null): Record<string, unknown> => ({
  nodes: ({ ids }: { ids: readonly string[] }) =>
    ids.map((id) => ({ __typename: "InventoryItem", id, tracked: true, inventoryLevel })),
});
const set: Reply = okData({ inventorySetQuantities: { inventoryAdjustmentGroup: null, userErrors: [] } });
const activated = (available: number): Reply =>
  okData({ inventoryActivate: { inventoryLevel: levelOf(available), userErrors: [] } });
const answering =
  (replies: Readonly<Record<string, Reply | "drop">>) =>
  ({ operation }: Sent) =>
    replies[operation];
const Comparison = z.object({
  input: z.object({
    quantities: z.array(z.object({ quantity: z.number(), changeFromQuantity: z.number().nullable() })),
  }),
});
const rowsSent = (sent: readonly Sent[]): unknown =>
  Comparison.parse(sent.find(({ operation }) => operation === "SetQuantities")?.variables).input.quantities;

test("where stocking is allowed, a level that sells nothing reads as 0, so that it can be raised", async () => {
  const { connector, context } = createBench(allowed);
  serveGraphql(reads(levelOf(7, false)));
  expect(await connector.readQuantities([row(1, 0)], context)).toEqual([{ ref: item(1), units: 0 }]);
});

test("an item that was never at the location is activated bare, then set from what the channel told", async () => {
  const { connector, context } = createBench(allowed);
  const sent = serveGraphql(reads(null), answering({ Activate: activated(0), SetQuantities: set }));
  expect(await connector.pushQuantities([row(1, 5)], "a", context)).toMatchObject([{ status: "accepted" }]);
  expect(sent.map(({ operation }) => operation)).toEqual(["ReadLevels", "Activate", "SetQuantities"]);
  expect(Object.keys(sent[1]?.variables ?? {}).toSorted()).toEqual(["item", "key", "location"]);
  expect(rowsSent(sent)).toEqual([{ quantity: 5, changeFromQuantity: 0 }]);
});

test("a deactivated level is set while hidden and activated afterwards, so its kept quantity is never for sale", async () => {
  const { connector, context } = createBench(allowed);
  const sent = serveGraphql(reads(levelOf(40, false)), answering({ Activate: activated(5), SetQuantities: set }));
  expect(await connector.pushQuantities([row(1, 5)], "a", context)).toMatchObject([{ status: "accepted" }]);
  expect(sent.map(({ operation }) => operation)).toEqual(["ReadLevels", "SetQuantities", "Activate"]);
  expect(rowsSent(sent)).toEqual([{ quantity: 5, changeFromQuantity: 40 }]);
});

test("a level that is active after all is only set, and one that shows units costs no look", async () => {
  const { connector, context } = createBench(allowed);
  const sent = serveGraphql(reads(levelOf(0)), answering({ SetQuantities: set }));
  await connector.pushQuantities([row(1, 5), { ...row(2, 5), expectedUnits: 3 }], "a", context);
  expect(sent.map(({ operation }) => operation)).toEqual(["ReadLevels", "SetQuantities"]);
  expect(sent[0]?.variables["ids"]).toEqual([item(1)]);
});

test("an activation that the channel refuses keeps the item from being set, with its words", async () => {
  const { connector, context } = createBench(allowed);
  const refusal = okData({
    inventoryActivate: { inventoryLevel: null, userErrors: [{ field: null, message: "no SKU, no stock" }] },
  });
  const sent = serveGraphql(reads(null), answering({ Activate: refusal }));
  expect(await connector.pushQuantities([row(1, 5)], "a", context)).toEqual([
    { ref: item(1), status: "refused", retry: "never", reason: "no SKU, no stock" },
  ]);
  expect(sent.map(({ operation }) => operation)).toEqual(["ReadLevels", "Activate"]);
});

test("a set that was accepted is not called so while the lost activation leaves open whether it sells", async () => {
  const { connector, context } = createBench(allowed);
  serveGraphql(reads(levelOf(40, false)), answering({ Activate: "drop", SetQuantities: set }));
  expect(await connector.pushQuantities([row(1, 5)], "a", context)).toMatchObject([{ status: "unknown" }]);
});

test("without the setting an item that is not sold at the location is never written, whatever was read", async () => {
  const { connector, context } = createBench();
  const sent = serveGraphql({});
  expect(await connector.pushQuantities([row(1, 5)], "a", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("activate_levels") },
  ]);
  expect(sent).toEqual([]);
});
