/** An order as Amazon's list shows it, with everything about the buyer that must never come through. */
export const buyerWords = [
  "Jane Doe",
  "jane@marketplace.example",
  "Main Street 1",
  "10115",
  "Please gift-wrap for Bob",
  "TRACK-1",
  "changed my mind",
];

export const amazonOrder = (changes: object = {}) => ({
  orderId: "111-0000001-0000001",
  createdTime: "2026-09-01T09:00:00Z",
  lastUpdatedTime: "2026-09-01T09:30:00Z",
  salesChannel: { channelName: "AMAZON", marketplaceId: "A1PA6795UKMFR9" },
  buyer: { buyerName: "Jane Doe", buyerEmail: "jane@marketplace.example" },
  recipient: { deliveryAddress: { name: "Jane Doe", addressLine1: "Main Street 1", postalCode: "10115" } },
  fulfillment: { fulfillmentStatus: "UNSHIPPED", fulfilledBy: "MERCHANT", fulfillmentServiceLevel: "STANDARD" },
  orderItems: [orderItem()],
  packages: [{ packageReferenceId: "1", trackingNumber: "TRACK-1" }],
  ...changes,
});

export const orderItem = (changes: object = {}) => ({
  orderItemId: "90071992547409931",
  quantityOrdered: 3,
  product: {
    asin: "B000000001",
    title: "Thing",
    sellerSku: "SKU-1",
    customization: { note: "Please gift-wrap for Bob" },
  },
  fulfillment: { quantityFulfilled: 0, quantityUnfulfilled: 3 },
  cancellation: { cancellationRequest: { requester: "BUYER", cancelReason: "changed my mind" } },
  ...changes,
});

export const orderIn = (fulfillmentStatus: string, item: object = {}, order: object = {}) =>
  amazonOrder({
    fulfillment: { fulfillmentStatus, fulfilledBy: "MERCHANT" },
    orderItems: [orderItem({ cancellation: undefined, ...item })],
    ...order,
  });

/** ORDER_CHANGE as Amazon sends it through SQS. */
export const orderChange = (summary: object = {}, notification: object = {}, envelope: object = {}) => ({
  NotificationVersion: "1.0",
  NotificationType: "ORDER_CHANGE",
  PayloadVersion: "1.0",
  EventTime: "2026-09-01T10:00:05.120Z",
  Payload: {
    OrderChangeNotification: {
      NotificationLevel: "OrderLevel",
      SellerId: "ASELLER1",
      AmazonOrderId: "111-0000001-0000001",
      OrderChangeType: "OrderStatusChange",
      OrderChangeTrigger: { TimeOfOrderChange: "2026-09-01T10:00:00Z", ChangeReason: "changed my mind" },
      Summary: {
        MarketplaceId: "A1PA6795UKMFR9",
        OrderStatus: "Unshipped",
        PurchaseDate: "2026-09-01T09:00:00Z",
        DestinationPostalCode: "10115",
        FulfillmentType: "MFN",
        OrderType: "StandardOrder",
        OrderItems: [
          {
            OrderItemId: "90071992547409931",
            SellerSKU: "SKU-1",
            SupplySourceId: null,
            Quantity: 3,
            QuantityShipped: 0,
          },
        ],
        ...summary,
      },
      ...notification,
    },
  },
  NotificationMetadata: {
    ApplicationId: "app-1",
    SubscriptionId: "sub-1",
    PublishTime: "2026-09-01T10:00:06.000Z",
    NotificationId: "n-0001",
  },
  ...envelope,
});

export const quantityChange = (payload: object = {}) => ({
  NotificationVersion: "1.0",
  NotificationType: "LISTINGS_ITEM_MFN_QUANTITY_CHANGE",
  PayloadVersion: "1.0",
  EventTime: "2026-09-01T10:00:05.120Z",
  Payload: { SellerId: "ASELLER1", FulfillmentChannelCode: "DEFAULT", Sku: "SKU-1", Quantity: 7, ...payload },
  NotificationMetadata: {
    ApplicationId: "app-1",
    SubscriptionId: "sub-2",
    PublishTime: "2026-09-01T10:00:06.000Z",
    NotificationId: "n-0002",
  },
});
