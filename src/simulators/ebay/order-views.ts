import { toIso } from "../../core/clock.ts";
import { money } from "./inventory-views.ts";
import { type Fulfillment, lineStatus, type Order, type OrderLine, orderStatus } from "./orders.ts";

/** Marks what only the channel and the buyer may know: found anywhere else, it has leaked. */
const canary = (order: Order): string => `canary-${order.number}`;

type Viewer = {
  readonly sellerUsername: string;
  readonly nowMs: number;
  /** Cancellation requests stand in the answer to getOrder only (channel document §7). */
  readonly withRequests: boolean;
  readonly origin: string;
};

/** An order as the Fulfillment interface shows it, with the buyer's personal fields as the real one sends them. */
export const orderView = (order: Order, viewer: Viewer): unknown => ({
  orderId: order.orderId,
  legacyOrderId: order.orderId,
  creationDate: toIso(order.createdMs),
  lastModifiedDate: toIso(Math.min(order.modifiedMs, viewer.nowMs)),
  orderFulfillmentStatus: orderStatus(order),
  orderPaymentStatus: paymentStatus(order),
  sellerId: viewer.sellerUsername,
  buyer: buyer(order),
  buyerCheckoutNotes: `Please leave it with ${canary(order)} next door`,
  pricingSummary: { priceSubtotal: money(subtotal(order)), deliveryCost: money(0), total: money(subtotal(order)) },
  cancelStatus: cancelStatus(order, viewer.withRequests),
  paymentSummary: {
    totalDueSeller: money(order.cancellation === undefined ? subtotal(order) : 0),
    refunds: refunds(order, subtotal(order)),
    payments: [
      {
        paymentMethod: "EBAY",
        paymentReferenceId: `pay-${canary(order)}`,
        paymentDate: toIso(order.createdMs),
        amount: money(subtotal(order)),
        paymentStatus: "PAID",
      },
    ],
  },
  fulfillmentStartInstructions: [
    {
      fulfillmentInstructionsType: "SHIP_TO",
      shippingStep: { shipTo: contact(order), shippingCarrierCode: "USPS", shippingServiceCode: "USPSPriority" },
      ebaySupportedFulfillment: false,
    },
  ],
  fulfillmentHrefs: order.fulfillments.map(
    ({ fulfillmentId }) =>
      `${viewer.origin}/sell/fulfillment/v1/order/${order.orderId}/shipping_fulfillment/${fulfillmentId}`,
  ),
  lineItems: order.lines.map((line) => lineView(order, line)),
  salesRecordReference: String(order.number),
  ebayCollectAndRemitTax: false,
});

const lineView = (order: Order, line: OrderLine): unknown => ({
  lineItemId: line.lineId,
  legacyItemId: line.listingId,
  ...(line.channelSku === null ? {} : { sku: line.channelSku }),
  ...(line.variationId === undefined ? {} : { legacyVariationId: line.variationId }),
  title: line.title,
  lineItemCost: money(line.priceCents * line.orderedUnits),
  // As ordered, whatever was cancelled later.
  quantity: line.orderedUnits,
  soldFormat: "FIXED_PRICE",
  listingMarketplaceId: "EBAY_US",
  purchaseMarketplaceId: "EBAY_US",
  lineItemFulfillmentStatus: lineStatus(line),
  total: money(line.priceCents * line.orderedUnits),
  deliveryCost: { shippingCost: money(0) },
  appliedPromotions: [],
  taxes: [],
  refunds: refunds(order, line.priceCents * line.orderedUnits).map(({ refundStatus: _status, ...refund }) => refund),
  properties: { buyerProtection: true },
  lineItemFulfillmentInstructions: { guaranteedDelivery: false },
});

const paymentStatus = (order: Order): string => {
  if (order.cancellation !== undefined) return "FULLY_REFUNDED";
  const refunded = order.returns.filter(({ closed }) => closed).reduce((sum, { units }) => sum + units, 0);
  const ordered = order.lines.reduce((sum, { orderedUnits }) => sum + orderedUnits, 0);
  if (refunded === 0) return "PAID";
  return refunded < ordered ? "PARTIALLY_REFUNDED" : "FULLY_REFUNDED";
};

const cancelStatus = (order: Order, withRequests: boolean): unknown => {
  const { cancellation } = order;
  if (cancellation === undefined) return { cancelState: "NONE_REQUESTED", cancelRequests: [] };
  const atIso = toIso(cancellation.atMs);
  const request = {
    cancelRequestId: cancellation.cancelId,
    cancelInitiator: "Buyer",
    cancelReason: "ORDER_MISTAKE",
    cancelRequestedDate: atIso,
    cancelCompletedDate: atIso,
    cancelRequestState: "COMPLETED",
  };
  return { cancelState: "CANCELED", cancelledDate: atIso, cancelRequests: withRequests ? [request] : [] };
};

const refunds = (order: Order, cents: number) =>
  order.cancellation === undefined
    ? []
    : [
        {
          refundId: order.cancellation.cancelId,
          refundDate: toIso(order.cancellation.atMs),
          amount: money(cents),
          refundStatus: "REFUNDED",
        },
      ];

const subtotal = (order: Order): number =>
  order.lines.reduce((sum, line) => sum + line.priceCents * line.orderedUnits, 0);

const address = (order: Order) => ({
  addressLine1: `${order.number} Canary Lane ${canary(order)}`,
  city: "Springfield",
  stateOrProvince: "OR",
  postalCode: "97477",
  countryCode: "US",
});

const contact = (order: Order) => ({
  fullName: `Canary Buyer ${canary(order)}`,
  contactAddress: address(order),
  primaryPhone: { phoneNumber: `+1 555 ${String(order.number).padStart(7, "0")} ${canary(order)}` },
  email: `${canary(order)}@buyer.example`,
});

const buyer = (order: Order) => ({
  username: `buyer-${canary(order)}`,
  taxAddress: { city: "Springfield", stateOrProvince: "OR", postalCode: "97477", countryCode: "US" },
  buyerRegistrationAddress: contact(order),
});

export const fulfillmentView = (fulfillment: Fulfillment): unknown => ({
  fulfillmentId: fulfillment.fulfillmentId,
  shipmentTrackingNumber: fulfillment.fulfillmentId,
  shippingCarrierCode: "USPS",
  shippedDate: toIso(fulfillment.atMs),
  lineItems: fulfillment.lines.map(({ lineId, units }) => ({ lineItemId: lineId, quantity: units })),
});
