import type { LocationId, Sku } from "../core/ids.ts";

type Common = {
  /** Names the effect for ever: same key and body, same answer; same key, other body, refused. 1–2,048 bytes. */
  readonly key: string;
  readonly sku: Sku;
  readonly locationId: LocationId;
  /** Who or what asked: `api:<key name>`, `cli:<user>`, `order:<account>`. */
  readonly actor: string;
  /** ISO, UTC: when it happened in the world. */
  readonly occurredAt: string;
};

export type Receive = Common & { readonly kind: "receive"; readonly units: number; readonly reason: string | null };

/** Signed: +3 found, −2 broken. */
export type Adjust = Common & { readonly kind: "adjust"; readonly units: number; readonly reason: string };

/** How many units of this SKU an order line should hold reserved, have sent out, and have got back. Never deltas. */
export type OrderTarget = { readonly holdUnits: number; readonly leftUnits: number; readonly backUnits: number };

export type SetOrderTarget = Common & {
  readonly kind: "order-target";
  readonly accountId: string;
  readonly orderRef: string;
  readonly lineRef: string;
  readonly target: OrderTarget;
  /** The channel's update time and the time it rendered this view, ISO: newer beats older, the second breaks ties. */
  readonly sourceUpdatedAt: string;
  readonly sourceObservedAt: string;
};

export type Command = Receive | Adjust | SetOrderTarget;

export type LevelFigures = {
  readonly onHand: number;
  readonly reserved: number;
  readonly incoming: number;
  readonly available: number;
  readonly version: number;
};

export const refusals = [
  "unknown-sku",
  "unknown-location",
  "insufficient-stock",
  "units-over-limit",
  "key-reused",
] as const;
export type Refusal = (typeof refusals)[number];

/** What the caller is told, byte for byte the same when the key is repeated. `level` is as of the command. */
export type Answer =
  | {
      readonly status: "done";
      readonly sku: string;
      readonly locationId: string;
      readonly changed: boolean;
      readonly level: LevelFigures;
    }
  | { readonly status: "refused"; readonly refusal: Refusal; readonly field: string; readonly detail: string };
