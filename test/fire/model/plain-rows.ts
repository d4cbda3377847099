import type { Command } from "../../../src/ledger/commands.ts";

/** The rows of the plain ledger, and what is asked of one row at a time. */

export type PlainLevel = { onHand: number; reserved: number; incoming: number; version: number };
export type PlainLine = { sku: string; at: string; asked: number; held: number; committed: number; released: number };
export type PlainReservation = { state: string; endsMs: number | null; lines: PlainLine[] };
export type PlainTransfer = {
  from: string;
  to: string;
  sent: number;
  received: number;
  lost: number;
  returned: number;
};
export type PlainOrderLine = {
  at: string;
  hold: number;
  left: number;
  back: number;
  updatedMs: number;
  observedMs: number;
};

/** An answer without the words that are for people. */
export type PlainAnswer = Readonly<Record<string, unknown>> & { readonly status: "done" | "refused" };

export const open = (line: PlainLine): number => line.held - line.committed - line.released;
export const underWay = (transfer: PlainTransfer): number =>
  transfer.sent - transfer.received - transfer.lost - transfer.returned;

/** What a key stands for: all of a command but its key and who sent it when. */
export const bodyText = (command: Command): string => {
  const { key: _key, actor: _actor, occurredAt: _occurredAt, ...body } = command;
  return JSON.stringify(body, (_name, value: unknown) =>
    value !== null && typeof value === "object" && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : value,
  );
};

/** Later update, then later look, then more progress: more came back, more left, less is held. */
export const isNewer = (a: PlainOrderLine, b: PlainOrderLine): boolean => {
  const steps = [
    [a.updatedMs, b.updatedMs],
    [a.observedMs, b.observedMs],
    [a.back, b.back],
    [a.left, b.left],
    [b.hold, a.hold],
  ] as const;
  for (const [mine, other] of steps) if (mine !== other) return mine > other;
  return false;
};
