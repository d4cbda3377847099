import { parse } from "lossless-json";
import { z } from "zod";
import { gid, IsoTime } from "./gids.ts";
import { type IsOurs, type OrderProjection, type Projection, skuOf, sumRefunds } from "./projection.ts";

/** Parses JSON with every number as its own text: Shopify's ids may exceed 2^53. Throws SyntaxError. */
export const parseLossless = (text: string): unknown => parse(text, null, (digits) => digits);

const Id = z.string().regex(/^\d+$/);
const Count = z
  .string()
  .regex(/^-?\d{1,15}$/)
  .transform(Number);

const LevelBody = z.object({
  inventory_item_id: Id,
  location_id: Id,
  available: Count.nullish(),
  updated_at: IsoTime.nullish(),
});
const ItemBody = z.object({ id: Id, updated_at: IsoTime.nullish() });
const OrderIdBody = z.object({ id: Id });
const OfOrderBody = z.union([
  z.object({ order_id: Id }),
  z.object({ order: OrderIdBody }),
  z.object({ order_edit: z.object({ order_id: Id }) }),
]);

const OrderBody = z.object({
  id: Id,
  created_at: IsoTime,
  updated_at: IsoTime,
  cancelled_at: z.string().nullable(),
  financial_status: z.string().nullish(),
  fulfillment_status: z.string().nullish(),
  line_items: z.array(
    z.object({
      id: Id,
      variant_id: Id.nullable(),
      sku: z.string().nullish(),
      quantity: Count,
      current_quantity: Count,
      fulfillable_quantity: Count,
    }),
  ),
  refunds: z.array(
    z.object({
      refund_line_items: z.array(
        z.object({ line_item_id: Id, quantity: Count, restock_type: z.string(), location_id: Id.nullish() }),
      ),
    }),
  ),
});

export type Stamp = {
  /** When the channel triggered the message, ISO. */
  readonly triggeredAt: string;
  readonly isOurs: IsOurs;
};
type Project = (body: unknown, stamp: Stamp) => Projection;

/** A full order is the truth; one with trimmed fields (`includeFields`, older payloads) only says which order to re-read. */
const order: Project = (body, stamp) => {
  const full = OrderBody.safeParse(body);
  return full.success ? projectBody(full.data, stamp) : { kind: "order-hint", orderRefs: [OrderIdBody.parse(body).id] };
};

const orderId: Project = (body) => ({ kind: "order-hint", orderRefs: [OrderIdBody.parse(body).id] });

const ofOrder: Project = (body) => {
  const found = OfOrderBody.parse(body);
  const ref = "order_id" in found ? found.order_id : "order" in found ? found.order.id : found.order_edit.order_id;
  return { kind: "order-hint", orderRefs: [ref] };
};

/** A return by itself moves no stock (probed); the refund does. Its body names the order or, trimmed, does not. */
const ofReturn: Project = (body, stamp) =>
  OfOrderBody.safeParse(body).success
    ? ofOrder(body, stamp)
    : { kind: "ignored", reason: "a return that names no order; its refund will" };

const level: Project = (body, stamp) => {
  const { inventory_item_id, location_id, available, updated_at } = LevelBody.parse(body);
  return {
    kind: "stock-hint",
    inventoryItemGid: gid("InventoryItem", inventory_item_id),
    locationGid: gid("Location", location_id),
    units: available ?? null,
    at: updated_at ?? stamp.triggeredAt,
  };
};

/** Tracking switched, SKU renamed, item deleted: the listing's quantity may read differently now. */
const item: Project = (body, stamp) => {
  const { id, updated_at } = ItemBody.parse(body);
  return {
    kind: "stock-hint",
    inventoryItemGid: gid("InventoryItem", id),
    locationGid: null,
    units: null,
    at: updated_at ?? stamp.triggeredAt,
  };
};

const privacy: Project = () => ({ kind: "privacy" });

const projections: Readonly<Record<string, Project>> = {
  "orders/create": order,
  "orders/updated": order,
  "orders/cancelled": order,
  "orders/paid": order,
  "orders/fulfilled": order,
  "orders/partially_fulfilled": order,
  "orders/edited": ofOrder,
  "orders/delete": orderId,
  "refunds/create": ofOrder,
  "fulfillments/create": ofOrder,
  "fulfillments/update": ofOrder,
  "returns/approve": ofReturn,
  "returns/cancel": ofReturn,
  "returns/close": ofReturn,
  "returns/decline": ofReturn,
  "returns/process": ofReturn,
  "returns/reopen": ofReturn,
  "returns/request": ofReturn,
  "returns/update": ofReturn,
  "inventory_levels/update": level,
  "inventory_levels/connect": level,
  "inventory_levels/disconnect": level,
  "inventory_items/update": item,
  "inventory_items/delete": item,
  "customers/data_request": privacy,
  "customers/redact": privacy,
  "shop/redact": privacy,
};

/** The allow-listed projection of a webhook body. Throws ZodError when the body is not what its topic promises. */
export const projectWebhook = (topic: string, body: unknown, stamp: Stamp): Projection => {
  const project = Object.hasOwn(projections, topic) ? projections[topic] : undefined;
  return project === undefined
    ? { kind: "ignored", reason: `topic ${topic} does not concern stock` }
    : project(body, stamp);
};

/** The payload's own time when it has one, else the trigger's. */
export const sourceAtOf = (projection: Projection, stamp: Stamp): string => {
  if (projection.kind === "order") return projection.updatedAt;
  return projection.kind === "stock-hint" ? projection.at : stamp.triggeredAt;
};

const projectBody = (body: z.infer<typeof OrderBody>, stamp: Stamp): OrderProjection => {
  const refunded = sumRefunds(
    body.refunds.flatMap(({ refund_line_items }) =>
      refund_line_items.map((line) => ({
        lineRef: line.line_item_id,
        units: line.quantity,
        restockType: line.restock_type,
        locationGid: typeof line.location_id === "string" ? gid("Location", line.location_id) : null,
      })),
    ),
    stamp.isOurs,
  );
  const cancelled = body.cancelled_at !== null;
  const fulfilment =
    body.fulfillment_status === "partial" ? "partially_fulfilled" : (body.fulfillment_status ?? "unfulfilled");
  return {
    kind: "order",
    orderRef: body.id,
    state: [cancelled ? "cancelled" : null, body.financial_status, fulfilment]
      .filter((state) => typeof state === "string")
      .join(", "),
    cancelled,
    createdAt: body.created_at,
    updatedAt: body.updated_at,
    observedAt: stamp.triggeredAt,
    lines: body.line_items.map((line) => {
      const sku = skuOf(line.sku);
      return {
        lineRef: line.id,
        listingRefs: [
          ...(line.variant_id === null ? [] : [`variant:${line.variant_id}`]),
          ...(sku === null ? [] : [`sku:${sku}`]),
        ],
        sku,
        orderedUnits: line.quantity,
        currentUnits: line.current_quantity,
        unfulfilledUnits: line.fulfillable_quantity,
        ...refunded(line.id),
      };
    }),
  };
};
