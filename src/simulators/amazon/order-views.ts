import { toIso } from "../../core/clock.ts";
import type { AmazonAccount } from "./account.ts";
import type { Identifiers } from "./identifiers.ts";
import { type Order, type OrderItem, openUnits, orderStatus } from "./orders.ts";

const dayMs = 86_400_000;

/** Text that no software of the seller's may keep: whoever finds `canary-` outside the simulator has found a leak. */
export const canary = (order: Order): string => `canary-${order.number}`;

/** An `Order` of Orders 2026-01-01 with the datasets asked for. Without FULFILLMENT it has no status at all. */
export const renderOrder = (
  order: Order,
  datasets: ReadonlySet<string>,
  at: { readonly account: AmazonAccount; readonly identifiers: Identifiers; readonly titleOf: (sku: string) => string },
): Record<string, unknown> => {
  const rendered: Record<string, unknown> = {
    orderId: order.orderId,
    createdTime: toIso(order.createdMs),
    lastUpdatedTime: toIso(order.updatedMs),
    programs: [],
    salesChannel: { channelName: "AMAZON", marketplaceId: at.account.marketplaceId, marketplaceName: "Amazon.com" },
    orderItems: order.items.map((item) => renderItem(order, item, datasets, at)),
  };
  const status = orderStatus(order);
  // The buyer of a pending order is not told yet.
  if (status !== "PENDING") addBuyer(rendered, order, datasets);
  if (datasets.has("FULFILLMENT")) {
    rendered["fulfillment"] = {
      fulfillmentStatus: status,
      fulfilledBy: order.fulfilledBy === "channel" ? "AMAZON" : "MERCHANT",
      fulfillmentServiceLevel: "STANDARD",
      ...(status === "PENDING" || status === "CANCELLED"
        ? {}
        : { shipByWindow: windowOf(order, 0, 2), deliverByWindow: windowOf(order, 3, 6) }),
    };
  }
  if (datasets.has("PROCEEDS") && status !== "PENDING") rendered["proceeds"] = { grandTotal: total(order) };
  if (datasets.has("PACKAGES")) rendered["packages"] = renderPackages(order);
  return rendered;
};

const addBuyer = (rendered: Record<string, unknown>, order: Order, datasets: ReadonlySet<string>): void => {
  const name = `Jo ${canary(order)}`;
  const address = {
    name,
    addressLine1: `${order.number} ${canary(order)} Street`,
    city: "Springfield",
    stateOrRegion: "OR",
    postalCode: `97477-${canary(order)}`,
    countryCode: "US",
    phone: `+1 555 ${canary(order)}`,
    addressType: "RESIDENTIAL",
  };
  if (datasets.has("BUYER")) rendered["buyer"] = { buyerName: name, buyerEmail: `${canary(order)}@buyer.example` };
  if (datasets.has("RECIPIENT")) rendered["recipient"] = { deliveryAddress: address };
  if (datasets.has("PAYMENT")) {
    rendered["payment"] = {
      paymentExecutions: [{ paymentMethod: "CREDIT_CARD", paymentAmount: total(order), cardBrand: "VISA" }],
    };
  }
  if (datasets.has("TAX"))
    rendered["tax"] = { taxRegistrations: [{ legalName: name, taxRegistrationAddress: address }] };
};

const renderItem = (
  order: Order,
  item: OrderItem,
  datasets: ReadonlySet<string>,
  at: { readonly identifiers: Identifiers; readonly titleOf: (sku: string) => string },
): Record<string, unknown> => ({
  orderItemId: item.lineId,
  // Cancelled units leave the quantity: a cancelled line ends at 0 (channel document §8).
  quantityOrdered: item.orderedUnits - item.cancelledUnits,
  product: {
    asin: at.identifiers.asin(item.sku),
    title: at.titleOf(item.sku),
    sellerSku: item.sku,
    condition: { conditionType: "NEW", conditionSubtype: "NEW" },
  },
  ...(datasets.has("FULFILLMENT")
    ? {
        fulfillment: {
          quantityFulfilled: item.shippedUnits,
          quantityUnfulfilled: openUnits(item),
          // A gift message is the buyer's own text and comes along unasked.
          ...(order.number % 3 === 0
            ? {
                packing: {
                  giftOption: { giftMessage: `For Jo ${canary(order)}, with love`, giftWrapLevel: "STANDARD" },
                },
              }
            : {}),
        },
      }
    : {}),
  ...(datasets.has("CANCELLATION") && item.cancelledUnits > 0
    ? {
        cancellation: {
          cancellationRequest: { requester: "BUYER", cancelReason: `Bought by mistake, Jo ${canary(order)}` },
          cancellationExecution: { cancelledBy: "BUYER", cancelReason: "BUYER_CANCELED" },
        },
      }
    : {}),
});

const renderPackages = (order: Order): readonly unknown[] => {
  const shipped = order.items.filter((item) => item.shippedUnits > 0);
  if (shipped.length === 0) return [];
  return [
    {
      packageReferenceId: "1",
      createdTime: toIso(order.updatedMs),
      packageStatus: { status: "SHIPPED" },
      trackingNumber: `TRACK-${canary(order)}`,
      packageItems: shipped.map((item) => ({ orderItemId: item.lineId, quantity: item.shippedUnits })),
    },
  ];
};

const total = (order: Order) => ({
  amount: (order.items.reduce((sum, item) => sum + item.orderedUnits, 0) * 19.99).toFixed(2),
  currencyCode: "USD",
});

const windowOf = (order: Order, fromDays: number, toDays: number) => ({
  earliestDateTime: toIso(order.createdMs + fromDays * dayMs),
  latestDateTime: toIso(order.createdMs + toDays * dayMs),
});
