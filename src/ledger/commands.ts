import type { LocationId, Sku } from "../core/ids.ts";

type Common = {
  /** Names the effect for ever: same key and body, same answer; same key, other body, refused. 1–2,048 bytes. */
  readonly key: string;
  /** Who or what asked: `api:<key name>`, `cli:<user>`, `order:<account>`. */
  readonly actor: string;
  /** ISO, UTC: when it happened in the world. */
  readonly occurredAt: string;
};
type AtLevel = Common & { readonly sku: Sku; readonly locationId: LocationId };

/** Units that arrived, at least 1. With `fromIncoming` they are the ones that were expected, and no longer are. */
export type Receive = AtLevel & {
  readonly kind: "receive";
  readonly units: number;
  readonly reason: string | null;
  readonly fromIncoming?: boolean;
};

/** Signed: +10 ordered from a supplier, −4 will not come. */
export type Expect = AtLevel & { readonly kind: "expect"; readonly units: number; readonly reason: string | null };

/** Signed: +3 found, −2 broken. */
export type Adjust = AtLevel & { readonly kind: "adjust"; readonly units: number; readonly reason: string };

/** What somebody counted on the shelf: on hand becomes `units`, the difference is recorded. */
export type Count = AtLevel & { readonly kind: "count"; readonly units: number; readonly reason: string | null };

/** Mends a mistake of ours by a movement the other way. Signed; `corrects` names the movement of this level that was wrong. */
export type Correct = AtLevel & {
  readonly kind: "correct";
  readonly onHandUnits: number;
  readonly incomingUnits: number;
  readonly reason: string;
  readonly corrects: number | null;
};

/** Units a buyer sent back. Not restocked: known and answered, and nothing moves. */
export type Return = AtLevel & {
  readonly kind: "return";
  readonly units: number;
  readonly restock: boolean;
  readonly reason: string | null;
};

/** Off the shelf here, incoming there. One transfer holds several SKUs, one command each. */
export type SendTransfer = Common & {
  readonly kind: "transfer-send";
  /** The caller's own, 1–255 bytes. */
  readonly transferId: string;
  readonly sku: Sku;
  readonly fromLocationId: LocationId;
  readonly toLocationId: LocationId;
  readonly units: number;
  readonly reason: string | null;
};
/** `units` arrived and `lostUnits` never will; either may be 0, not both. The rest is still under way. */
export type ReceiveTransfer = Common & {
  readonly kind: "transfer-receive";
  readonly transferId: string;
  readonly sku: Sku;
  readonly units: number;
  readonly lostUnits: number;
  readonly reason: string | null;
};
/** Whatever is still under way is back on the sender's shelf. */
export type CancelTransfer = Common & {
  readonly kind: "transfer-cancel";
  readonly transferId: string;
  readonly sku: Sku;
  readonly reason: string | null;
};

export type ReservationUnits = { readonly sku: Sku; readonly locationId: LocationId; readonly units: number };

/** Promises units to a checkout. At least one line, no two of one SKU and location; the door bounds their number. */
export type Reserve = Common & {
  readonly kind: "reserve";
  /** The caller's own, 1–255 bytes; never used again. */
  readonly reservationId: string;
  readonly lines: readonly ReservationUnits[];
  /** `all`: every line in full, or nothing. `partial`: as much of each as there is, at least one unit. */
  readonly mode: "all" | "partial";
  /** From `ttlMsMin` to `ttlMsMax`; null: until it is committed or released. */
  readonly ttlMs: number | null;
  /** A note for people, an order or cart number; nothing about a person. */
  readonly reference: string | null;
};
type OnReservation = Common & { readonly reservationId: string };
/** The units leave the shelf. `lines` null: everything that is open; otherwise so many units of those lines. */
export type CommitReservation = OnReservation & {
  readonly kind: "commit";
  readonly lines: readonly ReservationUnits[] | null;
};
/** The units are available again. `lines` as in `CommitReservation`. */
export type ReleaseReservation = OnReservation & {
  readonly kind: "release";
  readonly lines: readonly ReservationUnits[] | null;
};
/** It now ends `ttlMs` from now, if that is later than before. */
export type ExtendReservation = OnReservation & { readonly kind: "extend"; readonly ttlMs: number };
/** From the expiry job alone: releases what is open if the reservation's time is over, else changes nothing. */
export type ExpireReservation = OnReservation & { readonly kind: "expire" };

/** How many units of this SKU an order line should hold reserved, have sent out, and have got back. Never deltas. */
export type OrderTarget = { readonly holdUnits: number; readonly leftUnits: number; readonly backUnits: number };

export type SetOrderTarget = AtLevel & {
  readonly kind: "order-target";
  readonly accountId: string;
  readonly orderRef: string;
  readonly lineRef: string;
  readonly target: OrderTarget;
  /** The channel's update time and the time it rendered this view, ISO: newer beats older, the second breaks ties. */
  readonly sourceUpdatedAt: string;
  readonly sourceObservedAt: string;
};

export type LevelCommand = Receive | Expect | Adjust | Count | Correct | Return | SetOrderTarget;
export type TransferCommand = SendTransfer | ReceiveTransfer | CancelTransfer;
export type ReservationCommand =
  | Reserve
  | CommitReservation
  | ReleaseReservation
  | ExtendReservation
  | ExpireReservation;
export type Command = LevelCommand | TransferCommand | ReservationCommand;

export const ttlMsMin = 1_000;
/** A door's limit: the ledger itself decides any number. */
export const reservationLinesMax = 100;
export const ttlMsMax = 90 * 24 * 60 * 60_000;
