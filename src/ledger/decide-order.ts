import type { OrderTarget, SetOrderTarget } from "./commands.ts";
import type { Effect } from "./decide.ts";
import type { OrderLineState } from "./state.ts";

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

/** The difference between what an order line should have done to stock and what the ledger has applied of it. */
export const decideOrderTarget = (command: SetOrderTarget, before: OrderLineState | undefined): Effect => {
  const view: Seen = {
    ...command.target,
    sourceUpdatedAt: command.sourceUpdatedAt,
    sourceObservedAt: command.sourceObservedAt,
  };
  if (before !== undefined && compareViews(view, before) <= 0) return { kind: "nothing" };
  const orderLine: OrderLineState = {
    accountId: command.accountId,
    orderRef: command.orderRef,
    lineRef: command.lineRef,
    sku: command.sku,
    // A line stays where it was first reserved; moving it between locations is a transfer, not an update.
    locationId: before?.locationId ?? command.locationId,
    ...view,
  };
  const dReserved = command.target.holdUnits - (before?.holdUnits ?? 0);
  const dLeft = command.target.leftUnits - (before?.leftUnits ?? 0);
  const dBack = command.target.backUnits - (before?.backUnits ?? 0);
  const dOnHand = dBack - dLeft;
  if (dReserved === 0 && dOnHand === 0) return { kind: "nothing", orderLine };
  return {
    kind: "moves",
    orderLine,
    movement: {
      commandKey: command.key,
      kind: "order",
      sku: command.sku,
      locationId: orderLine.locationId,
      dOnHand,
      dReserved,
      dIncoming: 0,
      causeType: "order-line",
      causeId: JSON.stringify([command.accountId, command.orderRef, command.lineRef]),
      actor: command.actor,
      reason: null,
      occurredAt: command.occurredAt,
    },
  };
};
