import { LocationId, Sku } from "../../src/core/ids.ts";
import type {
  Adjust,
  CommitReservation,
  Correct,
  Count,
  Expect,
  ExtendReservation,
  Receive,
  ReceiveTransfer,
  ReleaseReservation,
  ReservationUnits,
  Reserve,
  Return,
  SendTransfer,
  SetOrderTarget,
} from "../../src/ledger/commands.ts";
import { orderTargetKey } from "../../src/ledger/post.ts";

/** Commands of a test: short to write, everything beside the point filled in. A key that is left out is drawn. */

export const at = "2026-11-01T00:00:00.000Z";
let keys = 0;
const common = (key?: string) => ({ key: key ?? `key:${(keys += 1)}`, actor: "test", occurredAt: at });
const place = (sku: string, locationId = "main") => ({
  sku: Sku.parse(sku),
  locationId: LocationId.parse(locationId),
});
export const line = (sku: string, units: number, locationId = "main"): ReservationUnits => ({
  ...place(sku, locationId),
  units,
});

export const receive = (
  sku: string,
  units: number,
  given: { key?: string; at?: string; out?: boolean } = {},
): Receive => ({
  kind: "receive",
  ...common(given.key),
  ...place(sku, given.at),
  units,
  reason: null,
  ...(given.out === undefined ? {} : { fromIncoming: given.out }),
});
export const expectUnits = (sku: string, units: number, key?: string): Expect => ({
  kind: "expect",
  ...common(key),
  ...place(sku),
  units,
  reason: null,
});
export const adjust = (sku: string, units: number, key?: string): Adjust => ({
  kind: "adjust",
  ...common(key),
  ...place(sku),
  units,
  reason: "counted",
});
export const count = (sku: string, units: number, key?: string): Count => ({
  kind: "count",
  ...common(key),
  ...place(sku),
  units,
  reason: null,
});
export const correct = (
  sku: string,
  onHandUnits: number,
  incomingUnits: number,
  corrects: number | null = null,
): Correct => ({
  kind: "correct",
  ...common(),
  ...place(sku),
  onHandUnits,
  incomingUnits,
  reason: "typed wrong",
  corrects,
});
export const giveBack = (sku: string, units: number, restock: boolean): Return => ({
  kind: "return",
  ...common(),
  ...place(sku),
  units,
  restock,
  reason: null,
});
export const reserve = (
  reservationId: string,
  lines: readonly ReservationUnits[],
  given: { key?: string; mode?: Reserve["mode"]; ttlMs?: number | null } = {},
): Reserve => ({
  kind: "reserve",
  ...common(given.key),
  reservationId,
  lines,
  mode: given.mode ?? "all",
  ttlMs: given.ttlMs === undefined ? 60_000 : given.ttlMs,
  reference: null,
});
export const commit = (
  reservationId: string,
  lines: readonly ReservationUnits[] | null = null,
  key?: string,
): CommitReservation => ({ kind: "commit", ...common(key), reservationId, lines });
export const release = (
  reservationId: string,
  lines: readonly ReservationUnits[] | null = null,
  key?: string,
): ReleaseReservation => ({ kind: "release", ...common(key), reservationId, lines });
export const extend = (reservationId: string, ttlMs: number): ExtendReservation => ({
  kind: "extend",
  ...common(),
  reservationId,
  ttlMs,
});
export const expire = (reservationId: string) => ({ kind: "expire", ...common(), reservationId }) as const;

export const send = (transferId: string, sku: string, units: number, to = "shop", from = "main"): SendTransfer => ({
  kind: "transfer-send",
  ...common(),
  transferId,
  sku: Sku.parse(sku),
  fromLocationId: LocationId.parse(from),
  toLocationId: LocationId.parse(to),
  units,
  reason: null,
});
export const arrive = (transferId: string, sku: string, units: number, lostUnits = 0): ReceiveTransfer => ({
  kind: "transfer-receive",
  ...common(),
  transferId,
  sku: Sku.parse(sku),
  units,
  lostUnits,
  reason: null,
});
export const callOff = (transferId: string, sku: string) =>
  ({ kind: "transfer-cancel", ...common(), transferId, sku: Sku.parse(sku), reason: null }) as const;

export const orderTarget = (view: {
  sku: string;
  order?: string;
  hold: number;
  left?: number;
  back?: number;
  at: string;
  observed?: string;
}): SetOrderTarget => {
  const body = {
    accountId: "shop",
    orderRef: view.order ?? "o",
    lineRef: "1",
    sku: Sku.parse(view.sku),
    target: { holdUnits: view.hold, leftUnits: view.left ?? 0, backUnits: view.back ?? 0 },
    sourceUpdatedAt: view.at,
    sourceObservedAt: view.observed ?? view.at,
  };
  const names = { key: orderTargetKey(body), actor: "order:shop", occurredAt: view.at };
  return { ...body, ...names, kind: "order-target", locationId: LocationId.parse("main") };
};
