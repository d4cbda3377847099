/** What shows a buyer: the seller's software must never select any of it. */
const personalFields: ReadonlySet<string> = new Set([
  "Order.email",
  "Order.phone",
  "Order.note",
  "Order.clientIp",
  "Order.customer",
  "Order.billingAddress",
  "Order.shippingAddress",
  "Order.displayAddress",
  "Order.customAttributes",
  "Order.customerJourneySummary",
  "Order.statusPageUrl",
  "LineItem.customAttributes",
  "QueryRoot.customer",
  "QueryRoot.customers",
]);
const personalTypes: ReadonlySet<string> = new Set(["Customer", "MailingAddress", "CustomerAddress"]);

/** Selected coordinates (`Order.email`) that show a buyer. */
export const personalSelections = (coordinates: ReadonlySet<string>): readonly string[] =>
  [...coordinates].filter((coordinate) => {
    const [type, field] = coordinate.split(".");
    return personalFields.has(coordinate) || (personalTypes.has(type ?? "") && field !== "__typename");
  });

/** Scopes that fields need at run time (channel document §1). */
export const requiredScopes: ReadonlyMap<string, string> = new Map([
  ["QueryRoot.orders", "read_orders"],
  ["QueryRoot.order", "read_orders"],
  ["QueryRoot.refund", "read_orders"],
  ["QueryRoot.locations", "read_locations"],
  ["QueryRoot.location", "read_locations"],
  ["QueryRoot.products", "read_products"],
  ["QueryRoot.product", "read_products"],
  ["QueryRoot.productVariants", "read_products"],
  ["QueryRoot.productVariant", "read_products"],
  ["QueryRoot.inventoryItems", "read_inventory"],
  ["QueryRoot.inventoryItem", "read_inventory"],
  ["QueryRoot.inventoryLevel", "read_inventory"],
  ["InventoryItem.inventoryLevels", "read_inventory"],
  ["InventoryItem.inventoryLevel", "read_inventory"],
  ["Location.inventoryLevels", "read_inventory"],
  ["Location.inventoryLevel", "read_inventory"],
  ["Order.customer", "read_customers"],
  ["Mutation.inventorySetQuantities", "write_inventory"],
  ["Mutation.inventoryActivate", "write_inventory"],
  ["Mutation.inventoryDeactivate", "write_inventory"],
]);
