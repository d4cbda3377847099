import type { ReservationLine, ReservationState, TransferFigures } from "./answers.ts";

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

export type Reservation = {
  readonly id: string;
  readonly state: ReservationState;
  readonly reference: string | null;
  readonly actor: string;
  readonly expiresAt: string | null;
  readonly lines: readonly ReservationLine[];
};

export type Transfer = TransferFigures;

/** A key the ledger already knows, with the answer it gave. */
export type KnownKey = { readonly fingerprint: string; readonly answer: string };
export type NewKey = KnownKey & { readonly key: string };

export type LockedState = {
  /** Every level the commands name, by `levelKey`; a missing one is a SKU or location the ledger does not know. */
  readonly levels: ReadonlyMap<string, Level>;
  /** Levels that were not there before the batch and that a command asks for before a later one makes them, by `levelKey`. */
  readonly unmade: ReadonlySet<string>;
  /** Which of the movements that corrections name are there, by `movementKey`. */
  readonly movements: ReadonlySet<string>;
  /** What the commands name of these, with the levels where they are. */
  readonly orderLines: ReadonlyMap<string, OrderLineState>;
  readonly reservations: ReadonlyMap<string, Reservation>;
  readonly transfers: ReadonlyMap<string, Transfer>;
  /** Units of open transfers that are part of a level's incoming, by `levelKey`. */
  readonly inTransit: ReadonlyMap<string, number>;
  readonly locations: ReadonlySet<string>;
  readonly known: ReadonlyMap<string, KnownKey>;
  /** The database's clock after the locks, ISO: what expiry is judged by. */
  readonly clockAt: string;
};

export type MovementKind =
  | "receipt"
  | "incoming"
  | "adjustment"
  | "count"
  | "correction"
  | "return"
  | "order"
  | "reservation"
  | "transfer";

/** A signed change of one level, before it has its place in the journal. */
export type Move = {
  readonly kind: MovementKind;
  readonly sku: string;
  readonly locationId: string;
  readonly dOnHand: number;
  readonly dReserved: number;
  readonly dIncoming: number;
  readonly causeType:
    | "order-line"
    | "receipt"
    | "incoming"
    | "adjustment"
    | "count"
    | "correction"
    | "return"
    | "reservation"
    | "transfer";
  readonly causeId: string;
  readonly reason: string | null;
};

export type Movement = Move & {
  readonly commandKey: string;
  /** Its place among the movements of its command, from 0. */
  readonly leg: number;
  readonly after: Level;
  readonly actor: string;
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

export const movementKey = (id: number, of: { readonly sku: string; readonly locationId: string }): string =>
  `${id} ${levelKey(of.sku, of.locationId)}`;

/** A SKU holds no NUL, so the two cannot run into each other. */
export const transferKey = (transfer: { readonly id: string; readonly sku: string }): string =>
  `${transfer.sku}\u0000${transfer.id}`;

/** JSON, not a separator: order and line refs are opaque and may hold any character. */
export const orderLineKey = (line: Pick<OrderLineState, "accountId" | "orderRef" | "lineRef" | "sku">): string =>
  JSON.stringify([line.accountId, line.orderRef, line.lineRef, line.sku]);

export const available = (level: Pick<Level, "onHand" | "reserved">): number => level.onHand - level.reserved;

export const openUnits = (line: ReservationLine): number => line.heldUnits - line.committedUnits - line.releasedUnits;

export const underWay = (transfer: Transfer): number =>
  transfer.sentUnits - transfer.receivedUnits - transfer.lostUnits - transfer.returnedUnits;
