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
  cancelStatus: z.object({ cancelState: z.string() }).nullish(),
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
});
export type OrderProjection = z.infer<typeof OrderProjection>;

/** What the inbox keeps of a polled order: the projection, or that it could not be read. */
export const PolledOrder = z.union([
  z.object({ order: OrderProjection, observedAt: z.string() }),
  z.object({ unreadable: z.string(), orderId: z.string().nullable() }),
]);

export const updatedAtOf = (order: OrderProjection): string => isoUtc(order.lastModifiedDate ?? order.creationDate);

export const isoUtc = (time: string): string => toIso(Date.parse(time));

/**
 * A polled order as a delivery. Its id holds a digest of the projection without our own `observedAt`: the overlap of
 * two polls yields the same id for the same content. An order that we cannot read becomes a delivery too (and then a
 * dead letter): thrown here, it would block every other order behind it.
 */
export const orderDelivery = (raw: unknown, observedAt: string): Delivery => {
  const parsed = OrderProjection.safeParse(raw);
  if (parsed.success) {
    const order = parsed.data;
    const updatedAt = updatedAtOf(order);
    return {
      id: `order:${order.orderId}:${updatedAt}:${digestOf(order)}`,
      topic: pollTopic,
      payload: asJson({ order, observedAt }),
      sourceAt: updatedAt,
    };
  }
  const orderId = z.object({ orderId: z.string() }).safeParse(raw).data?.orderId ?? null;
  // Only the paths of the complaints: their texts could quote what was received.
  const unreadable = [...new Set(parsed.error.issues.map(({ path, code }) => `${path.join(".")} (${code})`))].join(
    ", ",
  );
  return {
    id: `order:${orderId ?? "?"}:unreadable:${digestOf({ unreadable, orderId })}`,
    topic: pollTopic,
    payload: { unreadable, orderId },
    sourceAt: null,
  };
};

const digestOf = (value: unknown): string => sha256Hex(canonicalJson(value)).slice(0, 16);

const asJson = (value: unknown): Json => z.json().parse(JSON.parse(canonicalJson(value)));
