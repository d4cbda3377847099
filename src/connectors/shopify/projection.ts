import { z } from "zod";
import type { ShopifySettings } from "../settings.ts";
import { numberOf } from "./gids.ts";
import type { LineNode, OrderNode, RefundLineNode } from "./schemas.ts";

/**
 * What the inbox keeps of a message: ids, quantities, states, times. Both doors (GraphQL and webhook bodies) end in the
 * same shape, and `translate` needs nothing else.
 */
const Units = z.number().int().min(0);

const LineProjection = z.strictObject({
  lineRef: z.string(),
  listingRefs: z.array(z.string()),
  sku: z.string().nullable(),
  orderedUnits: Units,
  /** Without refunded and removed units. */
  currentUnits: Units,
  unfulfilledUnits: Units,
  /** Refunded before they left, and put back to sale. */
  cancelledUnits: Units,
  /** Refunded and put back to sale after they had left. */
  returnedUnits: Units,
  /** Refunded and not put back to sale. */
  unrestockedUnits: Units,
});
export type LineProjection = z.infer<typeof LineProjection>;

const OrderProjection = z.strictObject({
  kind: z.literal("order"),
  orderRef: z.string(),
  state: z.string(),
  cancelled: z.boolean(),
  createdAt: z.string(),
  updatedAt: z.string(),
  observedAt: z.string(),
  lines: z.array(LineProjection),
});
export type OrderProjection = z.infer<typeof OrderProjection>;

export const Projection = z.discriminatedUnion("kind", [
  OrderProjection,
  z.strictObject({ kind: z.literal("order-hint"), orderRefs: z.array(z.string()) }),
  z.strictObject({
    kind: z.literal("stock-hint"),
    inventoryItemGid: z.string(),
    locationGid: z.string().nullable(),
    units: z.number().int().nullable(),
    at: z.string(),
  }),
  z.strictObject({ kind: z.literal("privacy") }),
  z.strictObject({ kind: z.literal("ignored"), reason: z.string() }),
]);
export type Projection = z.infer<typeof Projection>;

export type RefundedUnits = Pick<LineProjection, "cancelledUnits" | "returnedUnits" | "unrestockedUnits">;
const nothingRefunded: RefundedUnits = { cancelledUnits: 0, returnedUnits: 0, unrestockedUnits: 0 };

/** True for a location whose stock this account sells. Without a configured one the shop has only one. */
export type IsOurs = (locationGid: string) => boolean;
export const isOursBy =
  ({ locationGid, furtherLocationGids = [] }: Pick<ShopifySettings, "locationGid" | "furtherLocationGids">): IsOurs =>
  (gid) =>
    locationGid === undefined || gid === locationGid || furtherLocationGids.includes(gid);

export type RefundedLine = {
  readonly lineRef: string;
  readonly units: number;
  /** In either spelling: GraphQL `NO_RESTOCK`, webhooks `no_restock`. */
  readonly restockType: string;
  /** Where the units were put back; null when they were not, or the channel does not say. */
  readonly locationGid: string | null;
};

/** Sums refund lines by order line. */
export const sumRefunds = (lines: readonly RefundedLine[], isOurs: IsOurs): ((lineRef: string) => RefundedUnits) => {
  const sums = new Map<string, RefundedUnits>();
  for (const { lineRef, units, restockType, locationGid } of lines) {
    const sum = sums.get(lineRef) ?? nothingRefunded;
    const cameToUs = locationGid === null || isOurs(locationGid);
    switch (restockType.toUpperCase()) {
      case "CANCEL":
        sums.set(lineRef, { ...sum, cancelledUnits: sum.cancelledUnits + units });
        break;
      // Restocked without saying from where: as "left and came back" it nets to nothing, as a cancellation would.
      case "LEGACY_RESTOCK":
      case "RETURN":
        // What was put back on another location's shelf has left ours for good.
        sums.set(
          lineRef,
          cameToUs
            ? { ...sum, returnedUnits: sum.returnedUnits + units }
            : { ...sum, unrestockedUnits: sum.unrestockedUnits + units },
        );
        break;
      // NO_RESTOCK, and whatever is invented next: only a stated restock puts units back to sale.
      default:
        sums.set(lineRef, { ...sum, unrestockedUnits: sum.unrestockedUnits + units });
    }
  }
  return (lineRef) => sums.get(lineRef) ?? nothingRefunded;
};

export const skuOf = (sku: string | null | undefined): string | null => (sku === undefined || sku === "" ? null : sku);

/** A complete order view (all lines, all refund lines) as the inbox keeps it. */
export const projectOrder = (order: OrderNode, observedAt: string, isOurs: IsOurs): OrderProjection => {
  const refunded = sumRefunds(
    order.refunds.flatMap(({ refundLineItems }) =>
      refundLineItems.nodes.map((line: RefundLineNode) => ({
        lineRef: numberOf(line.lineItem.id),
        units: line.quantity,
        restockType: line.restockType,
        locationGid: line.location?.id ?? null,
      })),
    ),
    isOurs,
  );
  const cancelled = order.cancelledAt !== null;
  const states = [order.displayFinancialStatus, order.displayFulfillmentStatus].filter((state) => state !== null);
  return {
    kind: "order",
    orderRef: numberOf(order.id),
    state: [...(cancelled ? ["cancelled"] : []), ...states.map((state) => state.toLowerCase())].join(", "),
    cancelled,
    createdAt: order.createdAt,
    updatedAt: order.updatedAt,
    observedAt,
    lines: order.lineItems.nodes.map((line) => projectLine(line, refunded(numberOf(line.id)))),
  };
};

const projectLine = (line: LineNode, refunded: RefundedUnits): LineProjection => {
  const sku = skuOf(line.sku);
  const fromVariant =
    line.variant === null ? [] : [line.variant.inventoryItem.id, `variant:${numberOf(line.variant.id)}`];
  return {
    lineRef: numberOf(line.id),
    listingRefs: [...fromVariant, ...(sku === null ? [] : [`sku:${sku}`])],
    sku,
    orderedUnits: line.quantity,
    currentUnits: line.currentQuantity,
    unfulfilledUnits: line.unfulfilledQuantity,
    ...refunded,
  };
};
