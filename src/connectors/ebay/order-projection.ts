import { z } from "zod";
import { toIso } from "../../core/clock.ts";
import { canonicalJson, type Json, sha256Hex } from "../../core/digest.ts";
import { Units } from "../../core/ids.ts";
import type { Delivery } from "../connector.ts";

export const pollTopic = "poll:order";

const Time = z.iso.datetime({ offset: true });

/**
 * An order reduced to what stock needs: the allow-list of Sell Fulfillment's `Order`. Buyer, addresses, messages,
 * prices and titles are dropped by zod because they are not named here. Ids are opaque strings; formats vary (§7).
 */
export const OrderProjection = z.object({
  orderId: z.string().min(1),
  creationDate: Time,
  lastModifiedDate: Time.nullish(),
  orderFulfillmentStatus: z.string(),
  orderPaymentStatus: z.string(),
  cancelStatus: z
    .object({
      cancelState: z.string(),
      cancelRequests: z
        .array(z.object({ cancelRequestState: z.string().nullish(), cancelCompletedDate: z.string().nullish() }))
        .nullish(),
    })
    .nullish(),
  lineItems: z.array(
    z.object({
      lineItemId: z.string().min(1),
      legacyItemId: z.string().nullish(),
      legacyVariationId: z.string().nullish(),
      sku: z.string().nullish(),
      quantity: Units,
      lineItemFulfillmentStatus: z.string().nullish(),
    }),
  ),
  /** Ours, not eBay's: what closed returns brought back, where the account's settings count them (returns.ts). */
  returned: z
    .array(z.object({ legacyItemId: z.string(), legacyVariationId: z.string().optional(), units: Units }))
    .optional(),
});
export type OrderProjection = z.infer<typeof OrderProjection>;

/** What the inbox keeps of a polled order: the projection, or that it could not be read. */
export const PolledOrder = z.union([
  z.object({ order: OrderProjection, observedAt: z.string() }),
  z.object({ unreadable: z.string(), orderId: z.string().nullable() }),
]);

/** Something of it was shipped, and something refunded: only such an order can have a return that counts. */
export const isReturnable = ({ orderPaymentStatus, orderFulfillmentStatus, lineItems }: OrderProjection): boolean =>
  ["PARTIALLY_REFUNDED", "FULLY_REFUNDED"].includes(orderPaymentStatus) &&
  lineItems.some(
    ({ lineItemFulfillmentStatus }) => (lineItemFulfillmentStatus ?? orderFulfillmentStatus) === "FULFILLED",
  );

export const updatedAtOf = (order: OrderProjection): string => isoUtc(order.lastModifiedDate ?? order.creationDate);

export const isoUtc = (time: string): string => toIso(Date.parse(time));

/**
 * A polled order as a delivery. Its id holds a digest of the projection without our own `observedAt`: the overlap of
 * two polls yields the same id for the same content.
 */
export const orderDelivery = (order: OrderProjection, observedAt: string): Delivery => {
  const updatedAt = updatedAtOf(order);
  return {
    id: `order:${order.orderId}:${updatedAt}:${digestOf(order)}`,
    topic: pollTopic,
    payload: asJson({ order, observedAt }),
    sourceAt: updatedAt,
  };
};

/** An order that we cannot read is a delivery too (and then a dead letter): thrown, it would block every order behind it. */
export const unreadableDelivery = (raw: unknown, error: z.ZodError): Delivery => {
  const orderId = z.object({ orderId: z.string() }).safeParse(raw).data?.orderId ?? null;
  // Only the paths of the complaints: their texts could quote what was received.
  const unreadable = [...new Set(error.issues.map(({ path, code }) => `${path.join(".")} (${code})`))].join(", ");
  return {
    id: `order:${orderId ?? "?"}:unreadable:${digestOf({ unreadable, orderId })}`,
    topic: pollTopic,
    payload: { unreadable, orderId },
    sourceAt: null,
  };
};

const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value)).slice(0, 16);

const asJson = (value: unknown): Json => z.json().parse(JSON.parse(canonicalJson(value)));
