import { expect, test } from "vitest";
import { z } from "zod";
import { contract, openShop } from "./shop.ts";

const { documents } = contract(
  "vectors/graphql-documents.json",
  z.looseObject({
    documents: z.array(
      z.object({
        name: z.string(),
        document: z.string(),
        schema_validation: z.object({ "2026-10": z.object({ valid: z.boolean() }) }),
      }),
    ),
  }),
);

test.each(documents.filter(({ schema_validation: validity }) => !validity["2026-10"].valid))(
  "document $name breaks the 2026-10 schema: answered with errors alone, and a violation",
  async ({ document }) => {
    const shop = await openShop();
    const answer = await shop.graphql(document, {});
    expect(answer.status).toBe(200);
    expect(answer.errors).not.toHaveLength(0);
    expect(answer.data).toBeUndefined();
    expect(answer.extensions).toBeUndefined();
    expect(shop.channel.counters().contractViolations).toBeGreaterThan(0);
  },
);

test.each(["level_read_ok", "items_page_ok", "orders_page_ok", "scopes_ok"])(
  "document %s is answered without errors",
  async (name) => {
    const shop = await openShop();
    shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
    const order = shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 2 }] });
    shop.channel.cancel(order.orderId ?? "");
    const document = documents.find((candidate) => candidate.name === name)?.document ?? "";
    const { errors, data } = await shop.graphql(document, {
      q: name === "orders_page_ok" ? "updated_at:>='2026-11-20T00:00:00Z'" : null,
      ...(name === "level_read_ok" ? { id: "gid://shopify/InventoryItem/1" } : {}),
    });
    expect(errors).toBeUndefined();
    expect(data).toBeDefined();
    expect(shop.channel.violations()).toEqual([]);
  },
);

test("a valid field that the simulator does not serve is a loud error, never a silent null", async () => {
  const shop = await openShop();
  const { errors } = await shop.graphql("{ shop { id email } }");
  expect(errors).toMatchObject([{ path: ["shop", "email"], extensions: { code: "NOT_SIMULATED" } }]);
  expect(shop.channel.violations()).toEqual([expect.stringContaining("Shop.email")]);
});

test("an unknown field is undefinedField in the recorded words", async () => {
  const shop = await openShop();
  const { errors } = await shop.graphql(
    `mutation Activate { inventoryActivate(inventoryItemId: "gid://shopify/InventoryItem/1", locationId: "gid://shopify/Location/1")
      @idempotent(key: "k") { userErrors { code } } }`,
  );
  expect(errors).toMatchObject([
    {
      message: "Field 'code' doesn't exist on type 'UserError'",
      path: ["mutation Activate", "inventoryActivate", "userErrors", "code"],
      extensions: { code: "undefinedField", typeName: "UserError", fieldName: "code" },
    },
  ]);
});

test("what a buyer is shown with is answered, and held against the software that asked", async () => {
  const shop = await openShop();
  shop.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 1 }] });
  const { data, errors } = await shop.graphql(
    "{ orders(first: 1) { nodes { id email shippingAddress { address1 } customer { id } } } }",
  );
  expect(JSON.stringify(data)).toContain("canary-1001@buyer.example");
  expect(errors).toMatchObject([{ extensions: { code: "ACCESS_DENIED" } }]);
  expect(shop.channel.violations()).toEqual(
    expect.arrayContaining([
      expect.stringContaining("Order.email shows a buyer"),
      expect.stringContaining("Order.shippingAddress shows a buyer"),
      expect.stringContaining("Order.customer shows a buyer"),
    ]),
  );
});

test("a query above 1000 points is refused before it runs", async () => {
  const shop = await openShop();
  const lines =
    "lineItems(first: 250) { nodes { id variant { id inventoryItem { id inventoryLevels(first: 250) { nodes { id location { id } } } } } } }";
  const { errors, data } = await shop.graphql(`{ orders(first: 250) { nodes { id ${lines} } } }`);
  expect(errors).toMatchObject([{ extensions: { code: "MAX_COST_EXCEEDED", maxCost: 1000 } }]);
  expect(data).toBeUndefined();
});
