import { expect, test } from "vitest";
import { readMessage } from "../../../../src/connectors/amazon/envelope.ts";
import { deliveryOf } from "../../../../src/connectors/amazon/polled-order.ts";
import { translate } from "../../../../src/connectors/amazon/translate.ts";
import type { OrderSnapshot } from "../../../../src/connectors/connector.ts";
import { notificationSchema } from "./contract.ts";
import { amazonOrder, buyerWords, orderChange, orderIn, orderItem, quantityChange } from "./order-samples.ts";

const polled = (order: object) => translate(deliveryOf(order, "2026-09-01T10:00:00.000Z"));
const delivered = (message: object | string) => {
  const read = readMessage(typeof message === "string" ? message : JSON.stringify(message), "ASELLER1");
  if (read.kind !== "delivery") throw new Error(read.reason);
  return read.delivery;
};
const pushed = (message: object) => translate(delivered(message));
const orderOf = (events: ReturnType<typeof translate>): OrderSnapshot => {
  const [event] = events;
  if (event?.kind !== "order") throw new Error(`unexpected ${event?.kind}`);
  return event.order;
};
const unitsOf = (events: ReturnType<typeof translate>) =>
  orderOf(events).lines.map(({ holdUnits, leftUnits, backUnits }) => [holdUnits, leftUnits, backUnits]);

const done = (quantityFulfilled: number, quantityUnfulfilled: number) => ({
  fulfillment: { quantityFulfilled, quantityUnfulfilled },
});
const executed = {
  cancellation: { cancellationExecution: { cancelledBy: "MERCHANT", cancelReason: "changed my mind" } },
};

test.each([
  ["a pending order holds all it ordered, though Amazon counts nothing yet", "PENDING", done(0, 0), [3, 0, 0]],
  ["a pre-order holds as well", "PENDING_AVAILABILITY", {}, [3, 0, 0]],
  ["an unshipped order holds", "UNSHIPPED", done(0, 3), [3, 0, 0]],
  [
    "an unshipped order whose item was cancelled in part holds the rest",
    "UNSHIPPED",
    { ...done(0, 2), ...executed },
    [2, 0, 0],
  ],
  [
    "an item cancelled whole in an unshipped order holds nothing",
    "UNSHIPPED",
    { ...done(0, 0), ...executed },
    [0, 0, 0],
  ],
  ["zeros without an executed cancellation are no cancellation", "UNSHIPPED", done(0, 0), [3, 0, 0]],
  [
    "a buyer's request to cancel is not a cancellation",
    "UNSHIPPED",
    { ...done(0, 3), cancellation: { cancellationRequest: {} } },
    [3, 0, 0],
  ],
  ["a partial shipment splits the line", "PARTIALLY_SHIPPED", done(1, 2), [2, 1, 0]],
  ["a partial shipment with a partial cancellation", "PARTIALLY_SHIPPED", done(1, 1), [1, 1, 0]],
  ["a shipped order has left", "SHIPPED", done(3, 0), [0, 3, 0]],
  ["a shipped order without numbers has left whole", "SHIPPED", { fulfillment: undefined }, [0, 3, 0]],
  ["a shipped order of which one unit was cancelled", "SHIPPED", done(2, 0), [0, 2, 0]],
  ["a cancelled order holds nothing", "CANCELLED", done(0, 0), [0, 0, 0]],
  ["a cancelled order whose quantity was set to zero", "CANCELLED", { quantityOrdered: 0, ...done(0, 0) }, [0, 0, 0]],
  ["an order cancelled after a part had left", "CANCELLED", done(1, 0), [0, 1, 0]],
  ["an unfulfillable order holds nothing", "UNFULFILLABLE", done(0, 3), [0, 0, 0]],
  ["an order whose invoice is not confirmed holds", "INVOICE_UNCONFIRMED", done(0, 3), [3, 0, 0]],
  ["a state that Amazon invents tomorrow holds", "ON_THE_MOON", done(0, 3), [3, 0, 0]],
])("%s", (_name, state, item, units) => {
  expect(unitsOf(polled(orderIn(state, item)))).toEqual([units]);
});

test("hold and left never exceed what was ordered, whatever Amazon counts", () => {
  for (const state of ["PENDING", "UNSHIPPED", "PARTIALLY_SHIPPED", "SHIPPED", "CANCELLED", "OTHER"]) {
    for (const fulfilled of [0, 1, 3, 9]) {
      for (const unfulfilled of [0, 1, 3, 9]) {
        const [[hold = 0, left = 0] = []] = unitsOf(polled(orderIn(state, done(fulfilled, unfulfilled))));
        expect(hold).toBeGreaterThanOrEqual(0);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(hold + left).toBeLessThanOrEqual(3);
      }
    }
  }
});

test("an order out of Amazon's warehouse, or of another channel that Amazon delivers, is the channel's", () => {
  const fba = polled(amazonOrder({ fulfillment: { fulfillmentStatus: "UNSHIPPED", fulfilledBy: "AMAZON" } }));
  expect(orderOf(fba)).toMatchObject({ fulfilledBy: "channel", lines: [{ listingRefs: ["fba:SKU-1"] }] });
  expect(orderOf(polled(amazonOrder({ salesChannel: { channelName: "NON_AMAZON" } }))).fulfilledBy).toBe("channel");
});

test("an order without its state is asked for again", () => {
  expect(polled(amazonOrder({ fulfillment: undefined }))).toEqual([
    { kind: "order-hint", orderRefs: ["111-0000001-0000001"] },
  ]);
});

test("an item without a SKU names no listing", () => {
  const [line] = orderOf(polled(amazonOrder({ orderItems: [orderItem({ product: { asin: "B1" } })] }))).lines;
  expect(line).toMatchObject({ listingRefs: [], channelSku: null, holdUnits: 3 });
});

test("ORDER_CHANGE is truth enough: an order at the time of its change, observed when Amazon told", () => {
  const { complaints } = notificationSchema("OrderChangeNotification");
  expect(complaints(orderChange())).toEqual([]);
  expect(orderOf(pushed(orderChange()))).toEqual({
    orderRef: "111-0000001-0000001",
    fulfilledBy: "merchant",
    channelState: "UNSHIPPED",
    createdAt: "2026-09-01T09:00:00.000Z",
    updatedAt: "2026-09-01T10:00:00.000Z",
    observedAt: "2026-09-01T10:00:05.120Z",
    lines: [
      {
        lineRef: "90071992547409931",
        listingRefs: ["offer:DEFAULT:SKU-1", "sku:SKU-1"],
        channelSku: "SKU-1",
        holdUnits: 3,
        leftUnits: 0,
        backUnits: 0,
      },
    ],
  });
});

const sold = (changes: object) => ({
  OrderItems: [{ OrderItemId: "1", SellerSKU: "SKU-1", SupplySourceId: null, Quantity: 3, ...changes }],
});
test.each([
  ["Pending", {}, [3, 0, 0]],
  ["PendingAvailability", {}, [3, 0, 0]],
  ["Unshipped", { QuantityShipped: 0 }, [3, 0, 0]],
  ["PartiallyShipped", { QuantityShipped: 2 }, [1, 2, 0]],
  ["Shipped", { QuantityShipped: 3 }, [0, 3, 0]],
  ["Shipped", {}, [0, 3, 0]],
  ["Canceled", { QuantityShipped: 0 }, [0, 0, 0]],
  ["Canceled", {}, [0, 0, 0]],
  ["InvoiceUnconfirmed", {}, [3, 0, 0]],
  ["Unfulfillable", {}, [0, 0, 0]],
])("ORDER_CHANGE %s with %j counts hold, left, back as %j", (OrderStatus, item, units) => {
  const message = orderChange({ OrderStatus, ...sold(item) });
  expect(notificationSchema("OrderChangeNotification").complaints(message)).toEqual([]);
  expect(unitsOf(pushed(message))).toEqual([units]);
});

test("a notification and a poll call the same state by the same name", () => {
  expect(orderOf(pushed(orderChange({ OrderStatus: "Canceled" }))).channelState).toBe("CANCELLED");
  expect(orderOf(pushed(orderChange({ OrderStatus: "PendingAvailability" }))).channelState).toBe(
    "PENDING_AVAILABILITY",
  );
});

test("without a time of the change the time of the message counts", () => {
  const trigger = { OrderChangeTrigger: { TimeOfOrderChange: null, ChangeReason: "Order canceled" } };
  const order = orderOf(pushed(orderChange({ PurchaseDate: null }, trigger)));
  expect(order.updatedAt).toBe("2026-09-01T10:00:05.120Z");
  expect(order.createdAt).toBe("2026-09-01T10:00:05.120Z");
});

test("a time with an offset becomes UTC", () => {
  const trigger = { OrderChangeTrigger: { TimeOfOrderChange: "2026-09-01T12:00:00+02:00", ChangeReason: "x" } };
  expect(orderOf(pushed(orderChange({}, trigger))).updatedAt).toBe("2026-09-01T10:00:00.000Z");
});

test("stock at Amazon that was sold never touches ours", () => {
  expect(orderOf(pushed(orderChange({ FulfillmentType: "AFN" }))).fulfilledBy).toBe("channel");
});

test("one item's message and a partial shipment without numbers are reasons to re-read the order", () => {
  const hint = [{ kind: "order-hint", orderRefs: ["111-0000001-0000001"] }];
  expect(pushed(orderChange({}, { NotificationLevel: "OrderItemLevel" }))).toEqual(hint);
  expect(pushed(orderChange({ OrderStatus: "PartiallyShipped", ...sold({}) }))).toEqual(hint);
});

test("what is kept of a message holds nothing of the buyer", () => {
  const kept = JSON.stringify(delivered(orderChange()));
  for (const word of buyerWords) expect(kept).not.toContain(word);
  expect(kept).toContain("90071992547409931");
});

const camel = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(camel);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.slice(0, 1).toLowerCase() + key.slice(1), camel(item)]),
  );
};

test("both casings and an EventBridge wrapping come to the same delivery", () => {
  for (const message of [orderChange(), quantityChange()]) {
    const plain = delivered(message);
    expect(delivered(camel(message) as object)).toEqual(plain);
    const bridged = {
      version: "0",
      id: "e-1",
      "detail-type": plain.topic,
      source: "aws.partner/sellingpartnerapi.amazon.com",
      detail: message,
    };
    expect(delivered(bridged)).toEqual(plain);
  }
});

test("a delivery is named by Amazon's notification id and dated by its event", () => {
  expect(delivered(quantityChange())).toMatchObject({
    id: "n-0002",
    topic: "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
    sourceAt: "2026-09-01T10:00:05.120Z",
  });
});

test("a changed quantity is a hint about its listing", () => {
  expect(notificationSchema("ListingsItemMfnQuantityChange").complaints(quantityChange())).toEqual([]);
  expect(pushed(quantityChange())).toEqual([
    { kind: "stock-hint", listingRef: "offer:DEFAULT:SKU-1", units: 7, at: "2026-09-01T10:00:05.120Z" },
  ]);
});

test("a type we have no use for is ignored with a reason, and nothing of it is kept", () => {
  const message = orderChange({}, {}, { NotificationType: "PRICING_HEALTH", Payload: { Buyer: "Jane Doe" } });
  const delivery = delivered(message);
  expect(delivery).toMatchObject({ topic: "PRICING_HEALTH", payload: { eventAt: "2026-09-01T10:00:05.120Z" } });
  expect(translate(delivery)).toEqual([{ kind: "ignored", reason: expect.stringContaining("PRICING_HEALTH") }]);
});

test("amazon trap 24: a type that nobody knows yet is kept by its name alone and becomes a dead letter, not a crash", () => {
  const message = orderChange({}, {}, { NotificationType: "BRAND_NEW_TYPE", Payload: { Buyer: "Jane Doe" } });
  const delivery = delivered(message);
  expect(delivery).toMatchObject({ topic: "BRAND_NEW_TYPE", payload: { eventAt: "2026-09-01T10:00:05.120Z" } });
  expect(() => translate(delivery)).toThrow(expect.objectContaining({ kind: "permanent" }));
});

const bridged = (detail: object) => ({
  version: "0",
  id: "event-1",
  "detail-type": "LISTINGS_ITEM_STATUS_CHANGE",
  source: "aws.partner/sellingpartnerapi.amazon.com/1/2",
  account: "123456789012",
  detail,
});
const pascal = (NotificationType: string, PayloadVersion: string, Payload: object) =>
  orderChange({}, {}, { NotificationType, PayloadVersion, Payload });
const inCamel = (notificationType: string, payload: object) => ({
  notificationVersion: "2020-09-04",
  notificationType,
  payloadVersion: "2020-09-04",
  eventTime: "2026-09-01T10:00:05.120Z",
  payload,
  notificationMetadata: {
    applicationId: "app-1",
    subscriptionId: "sub-5",
    publishTime: "2026-09-01T10:00:06.000Z",
    notificationId: "n-0005",
  },
});
const looked = [{ kind: "stock-hint", listingRef: "offer:DEFAULT:SKU-1", units: null, at: "2026-09-01T10:00:05.120Z" }];

test("a listing that was suppressed, came or went is looked at again, also when it comes through EventBridge", () => {
  const issues = pascal("LISTINGS_ITEM_ISSUES_CHANGE", "2023-12-13", {
    SellerId: "ASELLER1",
    MarketplaceId: "A1PA6795UKMFR9",
    Asin: "B000000001",
    Sku: "SKU-1",
    Severities: ["ERROR"],
    EnforcementActions: ["LISTING_SUPPRESSED"],
  });
  expect(notificationSchema("ListingsItemIssuesChangeNotification_2023-12-13").complaints(issues)).toEqual([]);
  expect(pushed(issues)).toEqual(looked);
  const status = pascal("LISTINGS_ITEM_STATUS_CHANGE", "1.0", {
    SellerId: "ASELLER1",
    MarketplaceId: "A1PA6795UKMFR9",
    Sku: "SKU-1",
    CreatedDate: "2026-09-01T10:00:00Z",
    Status: ["DISCOVERABLE"],
  });
  expect(pushed(bridged(status))).toEqual(looked);
});

test("finished feeds and reports come in the other casing, are kept by id and state, and change nothing", () => {
  const feed = inCamel("FEED_PROCESSING_FINISHED", {
    feedProcessingFinishedNotification: {
      sellerId: "ASELLER1",
      accountId: "amzn1.merchant.o.ASELLER1",
      feedId: "53347018456",
      feedType: "JSON_LISTINGS_FEED",
      processingStatus: "DONE",
      resultFeedDocumentId: "doc-1",
    },
  });
  expect(notificationSchema("FeedProcessingFinishedNotification").complaints(feed)).toEqual([]);
  expect(delivered(feed)).toMatchObject({ id: "n-0005", payload: { id: "53347018456", state: "DONE" } });
  expect(pushed(feed)).toMatchObject([{ kind: "ignored", reason: expect.stringContaining("53347018456 is DONE") }]);
  const report = inCamel("REPORT_PROCESSING_FINISHED", {
    reportProcessingFinishedNotification: {
      accountId: "amzn1.merchant.o.ASELLER1",
      reportId: "54517018502",
      reportType: "GET_MERCHANT_LISTINGS_ALL_DATA",
      processingStatus: "CANCELLED",
    },
  });
  expect(notificationSchema("ReportProcessingFinishedNotification").complaints(report)).toEqual([]);
  expect(pushed(report)).toMatchObject([{ kind: "ignored", reason: expect.stringContaining("CANCELLED") }]);
});

test("moves in Amazon's own warehouses are no matter of the merchant's stock", () => {
  const payload = {
    SellerId: "ASELLER1",
    FNSKU: "X000000001",
    ASIN: "B000000001",
    SKU: "SKU-1-FBA",
    FulfillmentInventoryByMarketplace: [],
  };
  expect(pushed(pascal("FBA_INVENTORY_AVAILABILITY_CHANGES", "1.0", payload))).toMatchObject([{ kind: "ignored" }]);
});

test("Amazon's own example of ORDER_CHANGE translates", () => {
  const { examples, complaints } = notificationSchema("OrderChangeNotification");
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) {
    expect(complaints(example)).toEqual([]);
    const read = readMessage(JSON.stringify(example), "A3TH9S8BH6GOGM");
    if (read.kind !== "delivery") throw new Error(read.reason);
    expect(unitsOf(translate(read.delivery))).toEqual([[10, 0, 0]]);
  }
});

test.each([
  ["text", "not json"],
  ["a number", "7"],
  ["an empty object", "{}"],
  ["a notification without an id", JSON.stringify({ ...orderChange(), NotificationMetadata: {} })],
])("%s is malformed, and the reason does not quote it", (_name, body) => {
  expect(readMessage(body, "ASELLER1")).toEqual({
    kind: "malformed",
    id: undefined,
    topic: "unknown",
    reason: "not a notification of Amazon's",
  });
});

test("a known type in an unknown shape is malformed under its own id, without quoting it", () => {
  const read = readMessage(JSON.stringify(orderChange({ OrderItems: "Jane Doe" })), "ASELLER1");
  expect(read).toMatchObject({ kind: "malformed", id: "n-0001", topic: "ORDER_CHANGE" });
  expect(JSON.stringify(read)).not.toContain("Jane Doe");
  expect(JSON.stringify(read)).toContain("orderitems");
});

test("a message for another seller is not swallowed", () => {
  const reason = "addressed to another seller";
  expect(readMessage(JSON.stringify(orderChange()), "ASELLER2")).toMatchObject({
    kind: "malformed",
    id: "n-0001",
    reason,
  });
  const unknown = JSON.stringify({ ...quantityChange(), NotificationType: "LISTINGS_ITEM_STATUS_CHANGE" });
  expect(readMessage(unknown, "ASELLER2")).toMatchObject({ kind: "malformed", reason });
});

test("a stored delivery in another shape is permanent", () => {
  const stored = { id: "n", topic: "ORDER_CHANGE", payload: { level: "OrderLevel" }, sourceAt: null };
  expect(() => translate(stored)).toThrow(expect.objectContaining({ kind: "permanent" }));
});

test("translating a delivery twice, and after a turn through JSON, says the same", () => {
  for (const delivery of [delivered(orderChange()), deliveryOf(amazonOrder(), "2026-09-01T10:00:00.000Z")]) {
    const once = translate(delivery);
    expect(translate(delivery)).toEqual(once);
    expect(translate({ ...delivery, payload: JSON.parse(JSON.stringify(delivery.payload)) })).toEqual(once);
  }
});
