import type { OrderTarget, SetOrderTarget } from "./commands.ts";
import { type Book, type Effect, isRefused, knownLevel } from "./effect.ts";
import { type OrderLineState, orderLineKey } from "./state.ts";

type Seen = OrderTarget & Pick<OrderLineState, "sourceUpdatedAt" | "sourceObservedAt">;

/**
 * A total order over views of one order line, so that any permutation and duplication of events ends in the same rows:
 * the channel's update time first, then when it rendered the view, then progress (an order only ever moves from held to
 * gone to back, or is let go). Channels state update times to the second, so ties are real.
 */
const compareViews = (a: Seen, b: Seen): number =>
  Date.parse(a.sourceUpdatedAt) - Date.parse(b.sourceUpdatedAt) ||
  Date.parse(a.sourceObservedAt) - Date.parse(b.sourceObservedAt) ||
  a.backUnits - b.backUnits ||
  a.leftUnits - b.leftUnits ||
  b.holdUnits - a.holdUnits;

/**
 * The difference between what an order line should have done to stock and what the ledger has applied of it. It may take
 * available and on hand below zero: the channel has sold already.
 */
export const decideOrderTarget = (command: SetOrderTarget, book: Book): Effect => {
  const before = book.orderLine(orderLineKey(command));
  // A line stays where it was first reserved; moving it between locations is a transfer, not an update.
  const locationId = before?.locationId ?? command.locationId;
  const level = knownLevel(book, { sku: command.sku, locationId });
  if (isRefused(level)) return level;
  const at = { sku: command.sku, locationId };
  const view: Seen = {
    ...command.target,
    sourceUpdatedAt: command.sourceUpdatedAt,
    sourceObservedAt: command.sourceObservedAt,
  };
  if (before !== undefined && compareViews(view, before) <= 0) {
    return { kind: "done", moves: [], remember: false, about: { level: at } };
  }
  const { accountId, orderRef, lineRef } = command;
  const orderLine: OrderLineState = { accountId, orderRef, lineRef, ...at, ...view };
  const dReserved = command.target.holdUnits - (before?.holdUnits ?? 0);
  const dLeft = command.target.leftUnits - (before?.leftUnits ?? 0);
  const dBack = command.target.backUnits - (before?.backUnits ?? 0);
  const dOnHand = dBack - dLeft;
  const about = { level: at, orderLine };
  if (dReserved === 0 && dOnHand === 0) return { kind: "done", moves: [], remember: false, about };
  const causeId = JSON.stringify([accountId, orderRef, lineRef]);
  const cause = { kind: "order", causeType: "order-line", causeId, reason: null } as const;
  return { kind: "done", moves: [{ ...at, ...cause, dOnHand, dReserved, dIncoming: 0 }], remember: true, about };
};
