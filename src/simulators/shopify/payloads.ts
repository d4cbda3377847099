import { stringify } from "lossless-json";
import type { ShopifyAccount } from "./account.ts";
import { type Buyer, buyerOf } from "./buyers.ts";
import { gid } from "./identifiers.ts";
import type { Level, Listing } from "./inventory.ts";
import {
  currentUnits,
  fulfilmentState,
  type Line,
  lineOf,
  type Order,
  openUnits,
  paymentState,
  type Refund,
  type Shipment,
} from "./orders.ts";
import { shopSeconds } from "./times.ts";

/** The text as the channel writes it: ids as plain numbers of any size, slashes and HTML characters escaped. */
export const payloadText = (payload: unknown): string =>
  (stringify(payload) ?? "null")
    .replaceAll("/", "\\/")
    .replaceAll("&", "\\u0026")
    .replaceAll("<", "\\u003c")
    .replaceAll(">", "\\u003e");

/** REST-shaped webhook bodies (channel document §7), rendered from the state at the time of the event. */
export const createPayloads = (account: Pick<ShopifyAccount, "utcOffsetMinutes" | "currencyCode">) => {
  const time = (epochMs: number): string => shopSeconds(epochMs, account.utcOffsetMinutes);

  const levelUpdate = (listing: Listing, level: Level): unknown => ({
    inventory_item_id: BigInt(listing.itemId),
    location_id: BigInt(level.location.locationId),
    available: listing.shape.tracked ? level.available : null,
    updated_at: time(level.updatedMs),
    admin_graphql_api_id: `${gid("InventoryLevel", level.location.levelNumber)}?inventory_item_id=${listing.itemId}`,
  });

  const levelConnection = (listing: Listing, level: Level): unknown => ({
    inventory_item_id: BigInt(listing.itemId),
    location_id: BigInt(level.location.locationId),
  });

  const item = (listing: Listing): unknown => ({
    id: BigInt(listing.itemId),
    sku: listing.sku,
    tracked: listing.shape.tracked,
    updated_at: time(listing.updatedMs),
    admin_graphql_api_id: gid("InventoryItem", listing.itemId),
  });

  const edit = (order: Order, removed: readonly { readonly lineId: string; readonly units: number }[]): unknown => ({
    order_edit: {
      id: BigInt(order.position + 1),
      order_id: BigInt(order.orderId),
      created_at: time(order.updatedMs),
      notify_customer: false,
      line_items: {
        additions: [],
        removals: removed.map(({ lineId, units }) => ({ id: BigInt(lineId), delta: units })),
      },
    },
  });

  const refund = (order: Order, given: Refund): unknown => ({
    id: BigInt(given.refundId),
    order_id: BigInt(order.orderId),
    created_at: time(given.atMs),
    processed_at: time(given.atMs),
    note: null,
    restock: given.rows.some((row) => row.restockType !== "no_restock"),
    admin_graphql_api_id: gid("Refund", given.refundId),
    refund_line_items: given.rows.map((row) => ({
      id: BigInt(row.refundLineId),
      line_item_id: BigInt(row.lineId),
      quantity: row.units,
      restock_type: row.restockType,
      location_id: row.locationId === null ? null : BigInt(row.locationId),
      line_item: lineItem(lineOf(order, row.lineId)),
    })),
  });

  const shipment = (order: Order, given: Shipment, index: number): unknown => ({
    id: BigInt(given.shipmentId),
    order_id: BigInt(order.orderId),
    name: `#${order.number}.${index + 1}`,
    status: "success",
    created_at: time(given.atMs),
    updated_at: time(given.atMs),
    location_id: BigInt(given.locationId),
    admin_graphql_api_id: gid("Fulfillment", given.shipmentId),
    line_items: given.rows.map((row) => ({ ...lineItem(lineOf(order, row.lineId)), quantity: row.units })),
  });

  const orderBody = (order: Order): unknown => {
    const buyer = buyerOf(order.number);
    const state = fulfilmentState(order);
    return {
      id: BigInt(order.orderId),
      admin_graphql_api_id: gid("Order", order.orderId),
      name: `#${order.number}`,
      order_number: order.number,
      created_at: time(order.createdMs),
      updated_at: time(order.updatedMs),
      processed_at: time(order.createdMs),
      cancelled_at: order.cancelledMs === null ? null : time(order.cancelledMs),
      cancel_reason: order.cancelledMs === null ? null : "customer",
      closed_at: null,
      test: false,
      currency: account.currencyCode,
      financial_status: paymentState(order).toLowerCase(),
      fulfillment_status: state === "UNFULFILLED" ? null : state === "FULFILLED" ? "fulfilled" : "partial",
      source_name: "web",
      location_id: null,
      ...personal(buyer),
      line_items: order.lines.map(lineItem),
      fulfillments: order.shipments.map((given, index) => shipment(order, given, index)),
      refunds: order.refunds.map((given) => refund(order, given)),
    };
  };

  return { levelUpdate, levelConnection, item, edit, refund, order: orderBody };
};
export type Payloads = ReturnType<typeof createPayloads>;

const lineItem = (line: Line): Record<string, unknown> => ({
  id: BigInt(line.lineId),
  admin_graphql_api_id: gid("LineItem", line.lineId),
  variant_id: line.listing.shape.deleted ? null : BigInt(line.listing.variantId),
  product_id: line.listing.shape.deleted ? null : BigInt(line.listing.productId),
  sku: line.listing.sku,
  title: line.listing.title,
  name: line.listing.title,
  quantity: line.orderedUnits,
  current_quantity: currentUnits(line),
  fulfillable_quantity: openUnits(line),
  fulfillment_status:
    line.shippedUnits === 0
      ? null
      : line.shippedUnits === line.orderedUnits - line.cancelledUnits
        ? "fulfilled"
        : "partial",
  requires_shipping: true,
  properties: [],
});

const address = (buyer: Buyer): unknown => ({
  first_name: buyer.firstName,
  last_name: buyer.lastName,
  name: `${buyer.firstName} ${buyer.lastName}`,
  address1: buyer.address1,
  address2: null,
  city: buyer.city,
  zip: buyer.zip,
  province: "Massachusetts",
  country: "United States",
  country_code: "US",
  phone: buyer.phone,
  company: null,
});

const personal = (buyer: Buyer): Record<string, unknown> => ({
  email: buyer.email,
  contact_email: buyer.email,
  phone: buyer.phone,
  note: buyer.note,
  browser_ip: buyer.clientIp,
  client_details: { browser_ip: buyer.clientIp, accept_language: "en-US", user_agent: "Mozilla/5.0" },
  customer: {
    id: BigInt(buyer.customerId),
    email: buyer.email,
    first_name: buyer.firstName,
    last_name: buyer.lastName,
    phone: buyer.phone,
    default_address: address(buyer),
  },
  billing_address: address(buyer),
  shipping_address: address(buyer),
});
