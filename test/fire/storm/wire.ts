import { LocationId, Sku } from "../../../src/core/ids.ts";
import type { Reserve } from "../../../src/ledger/commands.ts";

/** One round for one client process, sent as a line of JSON. */
export type Order = {
  readonly round: number;
  readonly from: number;
  readonly count: number;
  readonly batchMax: number;
};

/** What a client wrote down before it went on: the answer it got, or that it got none. */
export type Note = { readonly key: string; readonly answer: string | null };

export const clientName = "fire-client";
export const skuOf = (round: number): string => `storm-${round}`;
export const keyOf = (round: number, index: number): string => `storm/${round}/${index}`;

/** The reserve of this number: the same body whoever sends it. */
export const reserveOf = (round: number, index: number): Reserve => ({
  kind: "reserve",
  key: keyOf(round, index),
  actor: "storm",
  occurredAt: "2026-11-01T00:00:00.000Z",
  reservationId: `storm-${round}-${index}`,
  lines: [{ sku: Sku.parse(skuOf(round)), locationId: LocationId.parse("main"), units: 1 }],
  mode: "all",
  ttlMs: null,
  reference: null,
});
