import { responsePathAsArray } from "graphql";
import { z } from "zod";
import type { ShopifyAccount } from "./account.ts";
import { buyerOf } from "./buyers.ts";
import { gid } from "./identifiers.ts";
import type { InventoryViews } from "./inventory-views.ts";
import {
  currentUnits,
  fulfilmentState,
  type Line,
  lineOf,
  type Order,
  openUnits,
  paymentState,
  type Refund,
  type RefundRow,
  type Shipment,
} from "./orders.ts";
import { connection, listSource, type Source } from "./paging.ts";
import { notSimulated } from "./refusals.ts";
import {
  byNumber,
  byText,
  byTime,
  lowerBoundMs,
  parseSearch,
  type SearchFields,
  searchPredicate,
  type Term,
} from "./search.ts";
import { utcSeconds } from "./times.ts";
import type { Arguments, FieldFunction, View } from "./views.ts";
import type { World } from "./world.ts";

const First = z.object({ first: z.number().nullish() });
const OrdersArguments = z.object({ query: z.string().nullish(), sortKey: z.string().nullish() });

/** Orders, their lines, refunds and fulfilments, as GraphQL shows them. */
export const createOrderViews = (world: World, account: ShopifyAccount, inventory: InventoryViews) => {
  const locationView = (locationId: string | null): View | null => {
    const location = world.locations.find((candidate) => candidate.locationId === locationId);
    return location === undefined ? null : inventory.location(location);
  };

  const line = (given: Line): View => ({
    __typename: "LineItem",
    id: gid("LineItem", given.lineId),
    sku: given.listing.sku,
    name: given.listing.title,
    title: given.listing.title,
    variantTitle: null,
    quantity: given.orderedUnits,
    currentQuantity: currentUnits(given),
    unfulfilledQuantity: openUnits(given),
    fulfillableQuantity: openUnits(given),
    nonFulfillableQuantity: given.orderedUnits - openUnits(given),
    refundableQuantity: currentUnits(given),
    requiresShipping: true,
    restockable: true,
    isGiftCard: false,
    variant: () => (given.listing.shape.deleted ? null : inventory.variant(given.listing)),
    product: () => (given.listing.shape.deleted ? null : inventory.product(given.listing)),
  });

  const refundRow =
    (order: Order) =>
    (row: RefundRow): View => ({
      __typename: "RefundLineItem",
      id: gid("RefundLineItem", row.refundLineId),
      quantity: row.units,
      restockType: row.restockType.toUpperCase(),
      restocked: row.locationId !== null,
      location: () => locationView(row.locationId),
      lineItem: () => line(lineOf(order, row.lineId)),
    });

  const refund = (given: Order, { refundId, atMs, rows }: Refund): View => ({
    __typename: "Refund",
    id: gid("Refund", refundId),
    legacyResourceId: refundId,
    note: null,
    createdAt: utcSeconds(atMs),
    processedAt: utcSeconds(atMs),
    updatedAt: utcSeconds(atMs),
    order: () => order(given),
    refundLineItems: (args: Arguments) =>
      connection(
        "RefundLineItem",
        args,
        indexed(rows, (row) => row.refundLineId),
        refundRow(given),
      ),
  });

  const shipment = (given: Order, sent: Shipment, index: number): View => ({
    __typename: "Fulfillment",
    id: gid("Fulfillment", sent.shipmentId),
    legacyResourceId: sent.shipmentId,
    name: `#${given.number}-F${index + 1}`,
    status: "SUCCESS",
    requiresShipping: true,
    createdAt: utcSeconds(sent.atMs),
    updatedAt: utcSeconds(sent.atMs),
    totalQuantity: sent.rows.reduce((sum, { units }) => sum + units, 0),
    location: () => locationView(sent.locationId),
    order: () => order(given),
    fulfillmentLineItems: (args: Arguments) =>
      connection(
        "FulfillmentLineItem",
        args,
        indexed(sent.rows, (row) => row.shipmentLineId),
        (row) => ({
          __typename: "FulfillmentLineItem",
          id: gid("FulfillmentLineItem", row.shipmentLineId),
          quantity: row.units,
          lineItem: () => line(lineOf(given, row.lineId)),
        }),
      ),
  });

  const order = (given: Order): View => ({
    __typename: "Order",
    id: gid("Order", given.orderId),
    legacyResourceId: given.orderId,
    name: `#${given.number}`,
    number: given.number,
    createdAt: utcSeconds(given.createdMs),
    processedAt: utcSeconds(given.createdMs),
    updatedAt: utcSeconds(given.updatedMs),
    cancelledAt: given.cancelledMs === null ? null : utcSeconds(given.cancelledMs),
    cancelReason: given.cancelledMs === null ? null : "CUSTOMER",
    closed: false,
    closedAt: null,
    confirmed: true,
    edited: given.edited,
    test: false,
    sourceName: "web",
    currencyCode: account.currencyCode,
    requiresShipping: true,
    tags: [],
    fulfillable: given.lines.some((candidate) => openUnits(candidate) > 0),
    displayFulfillmentStatus: fulfilmentState(given),
    displayFinancialStatus: paymentState(given),
    returnStatus: given.lines.some(({ returnedUnits }) => returnedUnits > 0) ? "RETURNED" : "NO_RETURN",
    ...personalFields(given),
    lineItems: (args: Arguments) =>
      connection(
        "LineItem",
        args,
        indexed(given.lines, (row) => row.lineId),
        line,
      ),
    refunds: (args: Arguments) => firstOf(given.refunds, args).map((candidate) => refund(given, candidate)),
    fulfillments: (args: Arguments) =>
      firstOf(given.shipments, args).map((sent, index) => shipment(given, sent, index)),
  });

  /** Only what the search index knows already; `order(id:)` and `node(id:)` know more. */
  const orders: FieldFunction = (args, execution, info) => {
    const { query, sortKey } = OrdersArguments.parse(args);
    const terms = parseSearch(query ?? "");
    const context = { query: query ?? "", path: responsePathAsArray(info.path), execution };
    const matches = searchPredicate(terms, orderSearch, context);
    const source = sortKey === "UPDATED_AT" ? byUpdate(world, terms, matches) : byCreation(world, sortKey, matches);
    return connection("Order", args, source, order);
  };

  return { order, orders, refund, line };
};
export type OrderViews = ReturnType<typeof createOrderViews>;

/** Their place in the list is the cursor: lines and refund rows never move. */
const indexed = <Item>(items: readonly Item[], idOf: (item: Item) => string): Source<Item> => {
  const places = new Map(items.map((item, index) => [item, index]));
  return listSource(items, (item) => places.get(item) ?? 0, idOf);
};

const firstOf = <Item>(items: readonly Item[], args: Arguments): readonly Item[] =>
  items.slice(0, First.parse(args).first ?? items.length);

/** By update time. The cursor is the place in the update log: an order that changes meanwhile moves behind it, none is lost. */
const byUpdate = (world: World, terms: readonly Term[], matches: (order: Order) => boolean): Source<Order> => {
  const bounds = terms.filter(({ field }) => field === "updated_at").map((term) => lowerBoundMs(term) ?? 0);
  return {
    keyOf: (order) => order.logSequence,
    idOf: (order) => order.orderId,
    *scan({ from, to, descending }) {
      const scan = descending
        ? world.updates.descending(from ?? Number.MAX_SAFE_INTEGER)
        : world.updates.ascending(from ?? 0, Math.max(0, ...bounds));
      for (const order of scan) {
        if (to !== null && (descending ? order.logSequence <= to : order.logSequence >= to)) return;
        if (matches(order)) yield order;
      }
    },
  };
};

const byCreation = (
  world: World,
  sortKey: string | null | undefined,
  matches: (order: Order) => boolean,
): Source<Order> => {
  if (!["PROCESSED_AT", "CREATED_AT", "ID", "ORDER_NUMBER"].includes(sortKey ?? "")) {
    throw notSimulated(`orders sorted by ${sortKey ?? "nothing"}`);
  }
  const orders = world.orders.filter((order) => order.indexedMs !== null && matches(order));
  return listSource(
    orders,
    (order) => order.position,
    (order) => order.orderId,
  );
};

const orderSearch: SearchFields<Order> = {
  updated_at: byTime((order) => order.updatedMs),
  created_at: byTime((order) => order.createdMs),
  processed_at: byTime((order) => order.createdMs),
  id: byNumber((order) => order.orderId),
  name: byText((order) => `#${order.number}`),
  test: byText(() => "false"),
  fulfillment_status: (term) => (order) =>
    term.value.toLowerCase() ===
    { UNFULFILLED: "unfulfilled", PARTIALLY_FULFILLED: "partial", FULFILLED: "shipped" }[fulfilmentState(order)],
  financial_status: (term) => (order) => term.value.toLowerCase() === paymentState(order).toLowerCase(),
  status: (term) => (order) => term.value === "any" || (term.value === "cancelled") === (order.cancelledMs !== null),
};

/** There to be asked for, as on the channel, and never to be: asking is a violation (personal.ts). */
const personalFields = (order: Order): Record<string, unknown> => {
  const buyer = (): ReturnType<typeof buyerOf> => buyerOf(order.number);
  const address = (): unknown => ({
    firstName: buyer().firstName,
    lastName: buyer().lastName,
    name: `${buyer().firstName} ${buyer().lastName}`,
    address1: buyer().address1,
    address2: null,
    city: buyer().city,
    zip: buyer().zip,
    country: "United States",
    phone: buyer().phone,
  });
  return {
    email: () => buyer().email,
    phone: () => buyer().phone,
    note: () => buyer().note,
    clientIp: () => buyer().clientIp,
    billingAddress: address,
    shippingAddress: address,
    displayAddress: address,
    customer: () => ({
      __typename: "Customer",
      id: gid("Customer", buyer().customerId),
      email: buyer().email,
      firstName: buyer().firstName,
      lastName: buyer().lastName,
      displayName: `${buyer().firstName} ${buyer().lastName}`,
      phone: buyer().phone,
      defaultAddress: address,
    }),
  };
};
