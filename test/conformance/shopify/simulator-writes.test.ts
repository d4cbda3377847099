import { expect, test } from "vitest";
import { z } from "zod";
import { contract, openShop, readItem, type Shop, setDocument } from "../../unit/simulators/shopify/shop.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("recorded write answers replayed on the simulator");
const Case = z.object({
  query: z.string().optional(),
  variables: z.record(z.string(), z.unknown()),
  response: z.record(z.string(), z.unknown()),
});
type Case = z.infer<typeof Case>;
const Extensions = z.object({
  cost: z.object({ requestedQueryCost: z.number(), actualQueryCost: z.number() }),
});

const contracts = contract(
  "recorded/inventory/inventory-quantity-contracts-2026-04.json",
  z.looseObject({
    unknownIdValidation: z.looseObject({ setUnknownInventoryItem: Case, setUnknownLocation: Case }),
    inventorySetQuantities: Case,
    missingSetIdempotency: Case,
    missingSetChangeFromQuantity: Case,
    legacySetShape: Case,
  }),
);
const names = contract(
  "recorded/inventory/inventorySetQuantities-name-validation.json",
  z.looseObject({ cases: z.record(z.string(), Case) }),
).cases;
const bounds = contract(
  "recorded/inventory/inventorySetQuantities-quantity-bounds.json",
  z.looseObject({ cases: z.record(z.string(), Case) }),
).cases;
const reasons = contract(
  "recorded/inventory/inventory-reason-validation.json",
  z.looseObject({ invalidReasonCases: z.record(z.string(), Case), acceptedReasonCases: z.record(z.string(), Case) }),
);

/** The recording's store has its own ids, names and clock; everything else must be equal. */
const translated = (
  text: string,
  ids: { readonly item: string; readonly location: string; readonly name: string },
): string =>
  text
    .replaceAll(/gid:\/\/shopify\/InventoryItem\/(?!999999999999)\d+/g, ids.item)
    .replaceAll(/gid:\/\/shopify\/Location\/(?!999999999999)\d+/g, ids.location)
    .replaceAll(/gid:\/\/shopify\/InventoryAdjustmentGroup\/\d+/g, "gid://shopify/InventoryAdjustmentGroup/N")
    .replaceAll(/"name":"(Shop location|HAR-571[^"]*)"/g, `"name":"${ids.name}"`)
    .replaceAll(/"createdAt":"[^"]*"/g, '"createdAt":"T"');

/** Replays a recorded request against an item with `units`; what we answered and what the live store did. */
const replay = async (shop: Shop, units: number, recorded: Case, document = recorded.query ?? setDocument) => {
  const sku = `SKU-${JSON.stringify(recorded.variables).length}-${units}`;
  shop.channel.seedListings([{ sku, title: "A thing", units }]);
  const { id: item, level } = await readItem(shop, sku);
  const ids = { item, location: level.location.id, name: level.location.name };
  const parse = (value: unknown): Record<string, unknown> =>
    z.record(z.string(), z.unknown()).parse(JSON.parse(translated(JSON.stringify(value), ids)));
  const answer = await shop.graphql(document, parse(recorded.variables));
  const { status, extensions, ...ours } = answer;
  const { extensions: theirExtensions, ...theirs } = parse(recorded.response);
  expect(status).toBe(200);
  tally();
  return {
    ours: parse(ours),
    theirs,
    cost: extensions?.cost,
    theirCost: Extensions.safeParse(theirExtensions).data?.cost,
  };
};

const noComparison = z.object({ inventorySetQuantities: z.object({ userErrors: z.array(z.unknown()) }) });

test("a set answers as recorded, down to its cost", async () => {
  const shop = await openShop();
  const { ours, theirs, cost, theirCost } = await replay(shop, 0, contracts.inventorySetQuantities);
  expect(ours).toEqual(theirs);
  expect(cost).toMatchObject({ ...theirCost });
});

test("a set without @idempotent is BAD_REQUEST as recorded", async () => {
  const shop = await openShop();
  const document =
    "#graphql\nmutation Missing($input: InventorySetQuantitiesInput!) {\n    inventorySetQuantities(input: $input) { userErrors { field message } }\n}";
  const { ours, theirs, cost, theirCost } = await replay(shop, 0, contracts.missingSetIdempotency, document);
  expect(ours).toEqual(theirs);
  expect(cost).toMatchObject({ ...theirCost });
});

test("a set without changeFromQuantity is INVALID_FIELD_ARGUMENTS as recorded, an explicit null is not", async () => {
  const shop = await openShop();
  const { ours, theirs, cost, theirCost } = await replay(shop, 0, contracts.missingSetChangeFromQuantity);
  const withoutPlaces = (answer: Record<string, unknown>): unknown =>
    z
      .object({
        errors: z.array(z.object({ message: z.string(), extensions: z.unknown(), path: z.unknown() })),
        data: z.unknown(),
      })
      .parse(answer);
  expect(withoutPlaces(ours)).toEqual(withoutPlaces(theirs));
  expect(cost).toMatchObject({ ...theirCost });

  shop.channel.seedListings([{ sku: "A", title: "A", units: 3 }]);
  const { id, level } = await readItem(shop, "A");
  const quantities = [{ inventoryItemId: id, locationId: level.location.id, quantity: 9, changeFromQuantity: null }];
  const input = { name: "available", reason: "correction", quantities };
  const { data } = await shop.graphql(setDocument, { input, idempotencyKey: "null-is-fine" });
  expect(noComparison.parse(data).inventorySetQuantities.userErrors).toEqual([]);
  expect((await readItem(shop, "A")).level).toMatchObject({ available: 9, on_hand: 9 });
});

test("the arguments of older versions are INVALID_VARIABLE as recorded", async () => {
  const shop = await openShop();
  const { ours, theirs } = await replay(shop, 0, contracts.legacySetShape);
  const withoutPlaces = (answer: Record<string, unknown>): unknown =>
    z.object({ errors: z.array(z.object({ message: z.string(), extensions: z.unknown() })) }).parse(answer);
  expect(withoutPlaces(ours)).toEqual(withoutPlaces(theirs));
});

test.each([
  ["an unknown item", contracts.unknownIdValidation.setUnknownInventoryItem],
  ["an unknown location", contracts.unknownIdValidation.setUnknownLocation],
])("%s is refused as recorded", async (_name, recorded) => {
  const shop = await openShop();
  const { ours, theirs } = await replay(shop, 0, recorded);
  expect(ours).toEqual(theirs);
});

test.each([...Object.entries(names), ...Object.entries(bounds)])(
  "%s: names, bounds and duplicates are answered as recorded",
  async (_name, recorded) => {
    const shop = await openShop();
    const { ours, theirs, cost, theirCost } = await replay(shop, 0, recorded);
    expect(ours).toEqual(theirs);
    expect(cost).toMatchObject({ ...theirCost });
  },
);

test.each([
  ...Object.entries(reasons.acceptedReasonCases),
  ...Object.entries(reasons.invalidReasonCases).filter(([name]) => name.endsWith("Set")),
])(
  "reason %s is answered as recorded, a set to the present value with neither group nor errors",
  async (_name, recorded) => {
    const shop = await openShop();
    const { ours, theirs, cost, theirCost } = await replay(shop, 1, recorded);
    expect(ours).toEqual(theirs);
    expect(cost).toMatchObject({ ...theirCost });
  },
);
