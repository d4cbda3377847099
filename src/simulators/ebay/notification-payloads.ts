import { toIso } from "../../core/clock.ts";
import type { EbayCredentials } from "./credentials.ts";
import type { Order, OrderLine } from "./orders.ts";

/** What a notification says, before the envelope counts its attempts. */
export type Message = {
  readonly topicId: string;
  readonly label: string;
  readonly atMs: number;
  readonly data: unknown;
};

/** One per line item, without SKU or price (channel document §9.2). */
export const orderConfirmation = (order: Order, line: OrderLine, seller: EbayCredentials): Message => ({
  topicId: "ORDER_CONFIRMATION",
  label: `confirmation:${line.lineId}`,
  atMs: order.createdMs,
  data: {
    user: { userId: seller.sellerUserId, username: seller.sellerUsername },
    order: {
      orderId: order.orderId,
      orderLineItems: [{ orderLineItemId: line.lineId, listingId: line.listingId, quantity: line.orderedUnits }],
    },
  },
});

/** A buyer's cancellation is told twice: when asked for, and when done (channel document §8: several per cancellation). */
export const orderCancellation = (order: Order, seller: EbayCredentials): readonly Message[] => {
  const { cancellation } = order;
  if (cancellation === undefined) return [];
  const atIso = toIso(cancellation.atMs);
  return (["CANCELLATION_REQUESTED", "CANCELLATION_COMPLETED"] as const).map((activityType) => {
    const completed = activityType === "CANCELLATION_COMPLETED";
    return {
      topicId: "ORDER_CANCELLATION_ACTIVITY",
      label: `${activityType}:${cancellation.cancelId}`,
      atMs: cancellation.atMs,
      data: {
        activityType,
        activityDate: atIso,
        orderCancellation: {
          cancellationId: cancellation.cancelId,
          cancellationStatus: completed ? "COMPLETED" : "REQUESTED",
          requester: "BUYER",
          requestedDate: atIso,
          ...(completed ? { closedDate: atIso } : {}),
          seller: { userId: seller.sellerUserId, username: seller.sellerUsername },
          sellerAvailableActions: { primaryActions: completed ? [] : ["APPROVE", "DECLINE"] },
          cancellationLineItems: order.lines.map((line, at) => ({
            cancellationLineItemId: String(at + 1),
            orderId: order.orderId,
            orderLineItemId: line.lineId,
          })),
        },
      },
    };
  });
};

/** A buyer closed the account: whoever keeps data of this user must erase it. */
export const accountDeletion = (
  user: { readonly userId: string; readonly username: string },
  number: number,
  atMs: number,
): Message => ({
  topicId: "MARKETPLACE_ACCOUNT_DELETION",
  label: `account-deletion:${number}`,
  atMs,
  data: { ...user, eiasToken: Buffer.from(`canary-eias-${user.userId}`).toString("base64") },
});
