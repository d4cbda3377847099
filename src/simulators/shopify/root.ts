import { GraphQLError } from "graphql";
import { z } from "zod";
import type { ShopifyAccount } from "./account.ts";
import type { Bulk } from "./bulk.ts";
import { type GlobalId, gid, parseGid } from "./identifiers.ts";
import type { InventoryViews } from "./inventory-views.ts";
import type { OrderViews } from "./order-views.ts";
import { connection, listSource } from "./paging.ts";
import { inputSizeMax, inputTooLong, notSimulated, refusal } from "./refusals.ts";
import type { createSubscriptions } from "./subscriptions.ts";
import type { Arguments, FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const Identified = z.object({ id: z.string() });
const Many = z.object({ ids: z.array(z.string()) });
const MaybeIdentified = z.object({ id: z.string().nullish() });

/** Four stable versions, the candidate and the unstable one, as of the channel document's date (§0). */
const publicVersions: readonly (readonly [string, boolean])[] = [
  ["2026-01", true],
  ["2026-04", true],
  ["2026-07", true],
  ["2026-10", true],
  ["2027-01", false],
  ["unstable", false],
];

/** The fields at the root of queries and mutations. */
export const createRoot = (parts: {
  readonly world: World;
  readonly account: ShopifyAccount;
  readonly inventory: InventoryViews;
  readonly orders: OrderViews;
  readonly subscriptions: ReturnType<typeof createSubscriptions>;
  readonly setQuantities: FieldFunction;
  readonly activate: FieldFunction;
  readonly deactivate: FieldFunction;
  readonly bulk: Bulk;
}): View => {
  const { world, account, inventory, orders, subscriptions, bulk } = parts;
  const find = finders(parts);
  /** A field that looks one object up; null when the shop does not have it. */
  const one =
    (type: string): FieldFunction =>
    (args) => {
      const { id } = Identified.parse(args);
      const wanted = globalId(id);
      return wanted.type === type ? (find[type]?.(wanted) ?? null) : null;
    };
  const node = (id: string): View | null => {
    const wanted = globalId(id);
    const finder = Object.hasOwn(find, wanted.type) ? find[wanted.type] : undefined;
    if (finder === undefined) throw notSimulated(`nodes of type ${wanted.type}`);
    return finder(wanted);
  };
  return {
    __typename: "QueryRoot",
    shop: () => shop(account),
    currentAppInstallation: () => ({
      __typename: "AppInstallation",
      id: gid("AppInstallation", "1"),
      accessScopes: account.scopes.map((handle) => ({ handle, description: handle })),
    }),
    publicApiVersions: () => publicVersions.map(([handle, supported]) => ({ handle, supported, displayName: handle })),
    locations: (args: Arguments) =>
      connection(
        "Location",
        args,
        listSource(
          world.locations,
          (location) => location.position,
          (location) => location.locationId,
        ),
        inventory.location,
      ),
    location: (args: Arguments) => {
      const { id } = MaybeIdentified.parse(args);
      return id === null || id === undefined
        ? inventory.location(world.mainLocation)
        : (find["Location"]?.(globalId(id)) ?? null);
    },
    inventoryItems: inventory.items,
    productVariants: inventory.variants,
    products: inventory.products,
    orders: orders.orders,
    inventoryItem: one("InventoryItem"),
    inventoryLevel: one("InventoryLevel"),
    productVariant: one("ProductVariant"),
    product: one("Product"),
    order: one("Order"),
    refund: one("Refund"),
    webhookSubscription: one("WebhookSubscription"),
    webhookSubscriptions: subscriptions.list,
    node: (args: Arguments) => node(Identified.parse(args).id),
    nodes: (args: Arguments) => {
      const { ids } = Many.parse(args);
      if (ids.length > inputSizeMax) throw inputTooLong("ids", ids.length);
      return ids.map(node);
    },
    inventorySetQuantities: parts.setQuantities,
    inventoryActivate: parts.activate,
    inventoryDeactivate: parts.deactivate,
    bulkOperation: (args: Arguments) => {
      const { id } = Identified.parse(args);
      const wanted = globalId(id);
      if (wanted.type !== "BulkOperation") throw refusal("RESOURCE_NOT_FOUND", `Invalid id: ${id}`);
      return bulk.one(wanted.id);
    },
    bulkOperations: bulk.list,
    bulkOperationRunQuery: bulk.run,
    bulkOperationCancel: bulk.cancel,
    webhookSubscriptionCreate: subscriptions.create,
    webhookSubscriptionUpdate: subscriptions.update,
    webhookSubscriptionDelete: subscriptions.remove,
  };
};

const globalId = (text: string): GlobalId => {
  const parsed = parseGid(text);
  if (parsed !== undefined) return parsed;
  throw new GraphQLError(`Invalid global id '${text}'`, {
    extensions: { code: "argumentLiteralsIncompatible", typeName: "CoercionError" },
  });
};

const finders = (parts: {
  readonly world: World;
  readonly inventory: InventoryViews;
  readonly orders: OrderViews;
  readonly subscriptions: ReturnType<typeof createSubscriptions>;
}): Readonly<Record<string, (wanted: GlobalId) => View | null>> => {
  const { world, inventory, orders, subscriptions } = parts;
  const shown = <Item>(item: Item | undefined, show: (item: Item) => View): View | null =>
    item === undefined ? null : show(item);
  return {
    InventoryItem: ({ id }) => shown(world.itemNamed(id), inventory.item),
    ProductVariant: ({ id }) => shown(world.listingByVariant.get(id), inventory.variant),
    Product: ({ id }) => shown(world.listingByProduct.get(id), inventory.product),
    Location: ({ id }) =>
      shown(
        world.locations.find(({ locationId }) => locationId === id),
        inventory.location,
      ),
    InventoryLevel: ({ id, parameters }) => {
      const listing = world.listingByItem.get(parameters.get("inventory_item_id") ?? "");
      const level = [...(listing?.levels.values() ?? [])].find(({ location }) => location.levelNumber === id);
      return listing === undefined || level === undefined ? null : inventory.level({ listing, level });
    },
    Order: ({ id }) => shown(world.orderById.get(id), orders.order),
    Refund: ({ id }) => {
      const order = world.orderByRefund.get(id);
      const refund = order?.refunds.find(({ refundId }) => refundId === id);
      return order === undefined || refund === undefined ? null : orders.refund(order, refund);
    },
    WebhookSubscription: ({ id }) => shown(world.subscriptions.get(id), subscriptions.show),
  };
};

const shop = (account: ShopifyAccount): View => ({
  __typename: "Shop",
  id: gid("Shop", "954889"),
  name: account.shopName,
  myshopifyDomain: account.shopDomain,
  url: `https://${account.shopDomain}`,
  currencyCode: account.currencyCode,
  ianaTimezone: account.ianaTimezone,
  timezoneOffsetMinutes: account.utcOffsetMinutes,
});
