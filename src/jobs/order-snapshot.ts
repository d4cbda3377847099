import { z } from "zod";
import type { Delivery, OrderSnapshot } from "../connectors/connector.ts";
import { fingerprint } from "../core/digest.ts";

/** An order that we read ourselves after a hint, kept in the inbox like everything else that came in. */
export const snapshotTopic = "order-snapshot";

const Count = z.number().int().min(0);
export const StoredSnapshot = z.strictObject({
  orderRef: z.string().min(1),
  fulfilledBy: z.enum(["merchant", "channel"]),
  channelState: z.string(),
  createdAt: z.iso.datetime({ offset: true }),
  updatedAt: z.iso.datetime({ offset: true }),
  observedAt: z.iso.datetime({ offset: true }),
  lines: z.array(
    z.strictObject({
      lineRef: z.string().min(1),
      listingRefs: z.array(z.string()),
      channelSku: z.string().nullable(),
      holdUnits: Count,
      leftUnits: Count,
      backUnits: Count,
    }),
  ),
});

/** The same content is the same delivery, however often it was read. */
export const snapshotDelivery = (order: OrderSnapshot): Delivery => {
  const { observedAt: _observedAt, ...content } = order;
  return {
    id: `read:${order.orderRef}:${order.updatedAt}:${fingerprint(content).slice(0, 16)}`,
    topic: snapshotTopic,
    payload: order,
    sourceAt: order.updatedAt,
  };
};
