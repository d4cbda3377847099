import type { OrderTruth, SaleLine } from "../kit/simulator.ts";
import type { Listing } from "./inventory.ts";

/** Units of a line still to be shipped from a location. */
type Allocation = { locationId: string; openUnits: number };

export type Line = {
  readonly lineId: string;
  readonly listing: Listing;
  readonly orderedUnits: number;
  cancelledUnits: number;
  shippedUnits: number;
  /** Shipped and taken back, restocked or not. */
  returnedUnits: number;
  restockedUnits: number;
  readonly allocations: readonly Allocation[];
};

type RestockType = "cancel" | "return" | "no_restock";
export type RefundRow = {
  readonly refundLineId: string;
  readonly lineId: string;
  readonly units: number;
  readonly restockType: RestockType;
  /** null when nothing was restocked. */
  readonly locationId: string | null;
};
export type Refund = { readonly refundId: string; readonly atMs: number; readonly rows: readonly RefundRow[] };

export type ShipmentRow = { readonly shipmentLineId: string; readonly lineId: string; readonly units: number };
export type Shipment = {
  readonly shipmentId: string;
  readonly atMs: number;
  readonly locationId: string;
  readonly rows: readonly ShipmentRow[];
};

export type Order = {
  /** Place in the order of creation. */
  readonly position: number;
  readonly orderId: string;
  /** Shown as `#1001`. */
  readonly number: number;
  readonly reference: string;
  readonly createdMs: number;
  updatedMs: number;
  cancelledMs: number | null;
  edited: boolean;
  /** Since when the search index knows it; null = not yet: `order(id:)` finds it, `orders` does not. */
  indexedMs: number | null;
  /** Where its newest row in the update log stands. */
  logSequence: number;
  readonly lines: readonly Line[];
  readonly refunds: Refund[];
  readonly shipments: Shipment[];
  readonly soldOut: readonly { readonly sku: string; readonly units: number }[];
};

export const openUnits = (line: Line): number => line.orderedUnits - line.cancelledUnits - line.shippedUnits;

/** `currentQuantity`: what is left of the line after refunds. */
export const currentUnits = (line: Line): number => line.orderedUnits - line.cancelledUnits - line.returnedUnits;

export const lineOf = (order: Order, lineId: string): Line => {
  const line = order.lines.find((candidate) => candidate.lineId === lineId);
  if (line === undefined) throw new Error(`order ${order.orderId} has no line ${lineId}`);
  return line;
};

export type FulfilmentState = "UNFULFILLED" | "PARTIALLY_FULFILLED" | "FULFILLED";
export const fulfilmentState = (order: Order): FulfilmentState => {
  const shipped = order.lines.some((line) => line.shippedUnits > 0);
  if (!shipped) return "UNFULFILLED";
  return order.lines.every((line) => openUnits(line) === 0) ? "FULFILLED" : "PARTIALLY_FULFILLED";
};

export type PaymentState = "PAID" | "PARTIALLY_REFUNDED" | "REFUNDED";
export const paymentState = (order: Order): PaymentState => {
  if (order.refunds.length === 0) return "PAID";
  return order.lines.every((line) => currentUnits(line) === 0) ? "REFUNDED" : "PARTIALLY_REFUNDED";
};

const saleLine = (line: Line): SaleLine => ({
  lineId: line.lineId,
  sku: line.listing.sku,
  orderedUnits: line.orderedUnits,
  cancelledUnits: line.cancelledUnits,
  shippedUnits: line.shippedUnits,
  restockedUnits: line.restockedUnits,
});

export const orderTruth = (order: Order): OrderTruth & { readonly lines: readonly SaleLine[] } => ({
  orderId: order.orderId,
  reference: order.reference,
  atMs: order.createdMs,
  listedAtMs: order.indexedMs,
  lines: order.lines.map(saleLine),
});

export const newOrder = (
  given: Pick<Order, "orderId" | "reference" | "soldOut"> & { readonly indexed: boolean },
  { position, atMs, lines }: { readonly position: number; readonly atMs: number; readonly lines: readonly Line[] },
): Order => ({
  position,
  orderId: given.orderId,
  number: 1001 + position,
  reference: given.reference,
  createdMs: atMs,
  updatedMs: atMs,
  cancelledMs: null,
  edited: false,
  indexedMs: given.indexed ? atMs : null,
  logSequence: 0,
  lines,
  refunds: [],
  shipments: [],
  soldOut: given.soldOut,
});
