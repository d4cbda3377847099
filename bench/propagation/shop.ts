import { createHmac, randomUUID } from "node:crypto";
import { z } from "zod";

const Row = z.object({
  inventoryItemId: z.string(),
  quantity: z.number().int(),
  changeFromQuantity: z.number().int().nullable(),
});
const Body = z.object({
  operationName: z.string(),
  variables: z.object({
    ids: z.array(z.string()).optional(),
    first: z.number().optional(),
    after: z.string().nullish(),
    input: z.object({ quantities: z.array(Row) }).optional(),
  }),
});

export const locationGid = "gid://shopify/Location/1";
const noPage = { hasNextPage: false, endCursor: null };
const itemGid = (item: number): string => `gid://shopify/InventoryItem/${item}`;
const level = (quantity: number) => ({ isActive: true, quantities: [{ name: "available", quantity }] });

export type Heard = { readonly sku: string; readonly units: number };

/**
 * A shop as thin as can be: it counts units, compares before it sets, and answers what a connector asks. Simulators say
 * more and check more, and take their time for it; here the time of others is measured.
 */
export class Shop {
  readonly domain: string;
  readonly #secret: string;
  readonly #units: number[];
  readonly calls = new Map<string, number>();
  #orders = 0;

  constructor(domain: string, secret: string, skus: number, units: number) {
    this.domain = domain;
    this.#secret = secret;
    this.#units = Array.from({ length: skus }, () => units);
  }

  /** Units by SKU, as buyers see them. */
  shown(): readonly Heard[] {
    return this.#units.map((units, item) => ({ sku: skuOf(item), units }));
  }

  /** A buyer takes one: the webhook that tells of it, signed, about 4 kB as real ones are. */
  sell(item: number): { readonly headers: Record<string, string>; readonly body: string } {
    this.#units[item] = (this.#units[item] ?? 0) - 1;
    const order = 1_000_000 + (this.#orders += 1);
    const at = new Date().toISOString();
    const line = { id: order * 10, variant_id: item + 1, sku: skuOf(item), quantity: 1 };
    const body = JSON.stringify({
      id: order,
      created_at: at,
      updated_at: at,
      cancelled_at: null,
      financial_status: "paid",
      fulfillment_status: null,
      ...buyer,
      line_items: [{ ...line, current_quantity: 1, fulfillable_quantity: 1 }],
      refunds: [],
    });
    const headers = {
      "content-type": "application/json",
      "x-shopify-topic": "orders/create",
      "x-shopify-hmac-sha256": createHmac("sha256", this.#secret).update(body, "utf8").digest("base64"),
      "x-shopify-shop-domain": this.domain,
      "x-shopify-api-version": "2026-10",
      "x-shopify-webhook-id": randomUUID(),
      "x-shopify-triggered-at": at,
    };
    return { headers, body };
  }

  /** One GraphQL call. `heard`: what it wants to set, whether or not the comparison holds. */
  answer(text: string): { readonly answer: unknown; readonly heard: readonly Heard[] } {
    const { operationName, variables } = Body.parse(JSON.parse(text));
    this.calls.set(operationName, (this.calls.get(operationName) ?? 0) + 1);
    const rows = operationName === "SetQuantities" ? (variables.input?.quantities ?? []) : [];
    const heard = rows.map(({ inventoryItemId, quantity }) => ({
      sku: skuOf(itemOf(inventoryItemId)),
      units: quantity,
    }));
    return { answer: { data: this.#data(operationName, variables) }, heard };
  }

  #data(operation: string, { ids = [], first = 50, after, input }: z.infer<typeof Body>["variables"]): unknown {
    switch (operation) {
      case "ReadLevels":
        return { nodes: ids.map((id) => ({ ...this.#item(itemOf(id)) })) };
      case "SetQuantities":
        return { inventorySetQuantities: this.#set(input?.quantities ?? []) };
      case "InventoryPage":
        return { inventoryItems: this.#page(first, Number(after ?? 0)) };
      case "OrderPage":
        // Orders are told by webhooks alone: polls are not measured.
        return { orders: { nodes: [], pageInfo: noPage } };
      case "OrdersById":
        return { nodes: ids.map(() => null) };
      case "Subscriptions":
        return { webhookSubscriptions: { nodes: [], pageInfo: noPage } };
      case "AppState":
        return { currentAppInstallation: { accessScopes: [] }, publicApiVersions: [] };
      default:
        throw new Error(`the thin shop does not know ${operation}`);
    }
  }

  #item(item: number) {
    return { id: itemGid(item), tracked: true, inventoryLevel: level(this.#units[item] ?? 0) };
  }

  #page(first: number, from: number) {
    const items = this.#units.map((_units, item) => item).slice(from, from + first);
    const end = from + items.length;
    const nodes = items.map((item) => ({
      ...this.#item(item),
      sku: skuOf(item),
      duplicateSkuCount: 0,
      variants: { nodes: [variantOf(item)], pageInfo: noPage },
    }));
    return { nodes, pageInfo: { hasNextPage: end < this.#units.length, endCursor: String(end) } };
  }

  /** All rows or none, as the channel does it. */
  #set(rows: readonly z.infer<typeof Row>[]) {
    const userErrors = rows.flatMap(({ inventoryItemId, changeFromQuantity }, index) =>
      changeFromQuantity === this.#units[itemOf(inventoryItemId)]
        ? []
        : [
            {
              field: ["input", "quantities", String(index), "changeFromQuantity"],
              message: "stale",
              code: "CHANGE_FROM_QUANTITY_STALE",
            },
          ],
    );
    if (userErrors.length > 0) return { inventoryAdjustmentGroup: null, userErrors };
    for (const { inventoryItemId, quantity } of rows) this.#units[itemOf(inventoryItemId)] = quantity;
    return { inventoryAdjustmentGroup: { id: "gid://shopify/InventoryAdjustmentGroup/1" }, userErrors };
  }
}

/** What the rest of an order's body is made of, and nothing of it is kept. */
const address = Object.fromEntries(
  ["first_name", "last_name", "company", "address1", "address2", "city", "zip", "province", "country", "phone"].map(
    (name) => [name, `the ${name} of a buyer who is made up`],
  ),
);
const buyer = {
  email: "buyer@example.com",
  currency: "USD",
  customer: { id: 7_115_000_000_000, default_address: address },
  billing_address: address,
  shipping_address: address,
  note_attributes: Array.from({ length: 20 }, (_, index) => ({ name: `note ${index}`, value: "left by the shop" })),
  tax_lines: Array.from({ length: 10 }, (_, index) => ({ title: `tax ${index}`, price: "1.25", rate: 0.0625 })),
};

export const skuOf = (item: number): string => `SKU-${item}`;
const itemOf = (gid: string): number => Number(gid.slice(gid.lastIndexOf("/") + 1));
const variantOf = (item: number) => ({
  id: `gid://shopify/ProductVariant/${item + 1}`,
  displayName: skuOf(item),
  inventoryPolicy: "DENY",
  requiresComponents: false,
  product: { status: "ACTIVE" },
});
