/** The locked state that a batch of commands is decided on, and what deciding produces. Units are whole units of a SKU. */

export type Level = {
  readonly sku: string;
  readonly locationId: string;
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  readonly version: number;
};

export type OrderLineState = {
  readonly accountId: string;
  readonly orderRef: string;
  readonly lineRef: string;
  readonly sku: string;
  readonly locationId: string;
  readonly holdUnits: number;
  readonly leftUnits: number;
  readonly backUnits: number;
  readonly sourceUpdatedAt: string;
  readonly sourceObservedAt: string;
};

export type MovementKind = "receipt" | "adjustment" | "order";

export type Movement = {
  readonly commandKey: string;
  readonly leg: number;
  readonly kind: MovementKind;
  readonly sku: string;
  readonly locationId: string;
  readonly dOnHand: number;
  readonly dReserved: number;
  readonly dIncoming: number;
  readonly after: Level;
  readonly causeType: "order-line" | "receipt" | "adjustment";
  readonly causeId: string;
  readonly actor: string;
  readonly reason: string | null;
  readonly occurredAt: string;
};

/** More was promised than there is. */
export type Incident = {
  readonly commandKey: string;
  readonly leg: number;
  readonly sku: string;
  readonly locationId: string;
  readonly accountId: string | null;
  readonly orderRef: string | null;
  readonly lineRef: string | null;
  readonly unitsShort: number;
};

export const levelKey = (sku: string, locationId: string): string => `${locationId}\u0000${sku}`;

/** JSON, not a separator: order and line refs are opaque and may hold any character. */
export const orderLineKey = (line: Pick<OrderLineState, "accountId" | "orderRef" | "lineRef" | "sku">): string =>
  JSON.stringify([line.accountId, line.orderRef, line.lineRef, line.sku]);

export const available = (level: Pick<Level, "onHand" | "reserved">): number => level.onHand - level.reserved;
