import { expect, test } from "vitest";
import type { ChannelEvent, OrderLine } from "../../../../src/connectors/connector.ts";
import { OrderProjection, orderDelivery } from "../../../../src/connectors/ebay/order-projection.ts";
import { translate } from "../../../../src/connectors/ebay/translate.ts";

const line = {
  lineItemId: "10001234567890",
  legacyItemId: "110012345678",
  sku: "SKU-1",
  quantity: 3,
  lineItemFulfillmentStatus: "NOT_STARTED",
};
const order = {
  orderId: "12-12345-67890",
  creationDate: "2026-11-20T10:15:00.000Z",
  lastModifiedDate: "2026-11-20T11:15:05+01:00",
  orderFulfillmentStatus: "NOT_STARTED",
  orderPaymentStatus: "PAID",
  cancelStatus: { cancelState: "NONE_REQUESTED", cancelRequests: [] },
  lineItems: [line],
};
const eventsOf = (raw: unknown): readonly ChannelEvent[] =>
  translate(orderDelivery(OrderProjection.parse(raw), "2026-11-20T10:30:00.000Z"));
const lineOf = (changes: object, lineChanges: object = {}): OrderLine | undefined => {
  const [event] = eventsOf({ ...order, ...changes, lineItems: [{ ...line, ...lineChanges }] });
  return event?.kind === "order" ? event.order.lines[0] : undefined;
};

test("a polled order reads as a snapshot in UTC with the time it was seen", () => {
  expect(eventsOf(order)).toEqual([
    {
      kind: "order",
      order: {
        orderRef: "12-12345-67890",
        fulfilledBy: "merchant",
        channelState: "NOT_STARTED, PAID, cancel NONE_REQUESTED",
        createdAt: "2026-11-20T10:15:00.000Z",
        updatedAt: "2026-11-20T10:15:05.000Z",
        observedAt: "2026-11-20T10:30:00.000Z",
        lines: [
          {
            lineRef: "10001234567890",
            listingRefs: ["sku:SKU-1", "item:110012345678"],
            channelSku: "SKU-1",
            holdUnits: 3,
            leftUnits: 0,
            backUnits: 0,
          },
        ],
      },
    },
  ]);
});

test.each([
  { state: "unpaid", order: { orderPaymentStatus: "PENDING" }, line: {}, hold: 3, left: 0 },
  { state: "payment failed", order: { orderPaymentStatus: "FAILED" }, line: {}, hold: 3, left: 0 },
  { state: "in progress", order: {}, line: { lineItemFulfillmentStatus: "IN_PROGRESS" }, hold: 3, left: 0 },
  { state: "shipped", order: {}, line: { lineItemFulfillmentStatus: "FULFILLED" }, hold: 0, left: 3 },
  {
    state: "cancellation requested",
    order: { cancelStatus: { cancelState: "IN_PROGRESS" } },
    line: {},
    hold: 3,
    left: 0,
  },
  { state: "cancelled", order: { cancelStatus: { cancelState: "CANCELED" } }, line: {}, hold: 0, left: 0 },
  {
    state: "cancelled after it left",
    order: { cancelStatus: { cancelState: "CANCELED" } },
    line: { lineItemFulfillmentStatus: "FULFILLED" },
    hold: 0,
    left: 3,
  },
  {
    state: "refunded after it left",
    order: { orderPaymentStatus: "FULLY_REFUNDED" },
    line: { lineItemFulfillmentStatus: "FULFILLED", refunds: [{ refundId: "1" }] },
    hold: 0,
    left: 3,
  },
  { state: "refunded before it left", order: { orderPaymentStatus: "FULLY_REFUNDED" }, line: {}, hold: 3, left: 0 },
])("$state: $hold held, $left gone, none restocked", ({ order: changes, line: lineChanges, hold, left }) => {
  expect(lineOf(changes, lineChanges)).toMatchObject({ holdUnits: hold, leftUnits: left, backUnits: 0 });
});

test("a line without SKU is known by its item, and its variation when it has one", () => {
  expect(lineOf({}, { sku: undefined })).toMatchObject({ channelSku: null, listingRefs: ["item:110012345678"] });
  expect(lineOf({}, { sku: undefined, legacyVariationId: "41" })).toMatchObject({
    listingRefs: ["item:110012345678/41"],
  });
});

test("ids beyond 2^53 stay what they are", () => {
  expect(lineOf({}, { lineItemId: "90071992547409931234" })?.lineRef).toBe("90071992547409931234");
});

test("a message of no concern to stock is ignored, and a damaged projection has no meaning", () => {
  const delivery = { id: "n-1", topic: "NEW_MESSAGE", payload: null, sourceAt: null };
  expect(translate(delivery)).toEqual([{ kind: "ignored", reason: expect.stringContaining("NEW_MESSAGE") }]);
  expect(() => translate({ ...delivery, topic: "poll:order" })).toThrow(/cannot be read/);
  expect(() => translate({ ...delivery, topic: "ORDER_CONFIRMATION" })).toThrow(/cannot be read/);
});
