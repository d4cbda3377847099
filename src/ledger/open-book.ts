import type { Command } from "./commands.ts";
import type { Book, DoneEffect } from "./effect.ts";
import { placesOf } from "./places.ts";
import {
  type Level,
  type LockedState,
  levelKey,
  type Move,
  movementKey,
  type OrderLineState,
  orderLineKey,
  type Reservation,
  type Transfer,
  transferKey,
} from "./state.ts";

/** What a batch has changed so far; `new` = was not there before the batch. */
export type BookChanges = {
  readonly levels: readonly Level[];
  readonly orderLines: readonly OrderLineState[];
  readonly newReservations: readonly Reservation[];
  readonly changedReservations: readonly Reservation[];
  readonly newTransfers: readonly Transfer[];
  readonly changedTransfers: readonly Transfer[];
};

export type WorkingBook = Book & {
  /** The levels a command makes are known from here on. */
  make(command: Command): void;
  /** Applies a move; both sides of it. The level must be there: a decision has looked at it. */
  move(move: Move): { readonly before: Level; readonly after: Level };
  keep(about: DoneEffect["about"]): void;
  changes(): BookChanges;
};

/** A copy of some rows that remembers which of them were written. */
const openTable = <Row>(before: ReadonlyMap<string, Row>) => {
  const written = new Map<string, Row>();
  return {
    get: (key: string): Row | undefined => written.get(key) ?? before.get(key),
    set: (key: string, row: Row): unknown => written.set(key, row),
    all: (): readonly Row[] => [...written.values()],
    added: (): readonly Row[] => [...written].flatMap(([key, row]) => (before.has(key) ? [] : [row])),
    changed: (): readonly Row[] => [...written].flatMap(([key, row]) => (before.has(key) ? [row] : [])),
  };
};

/** The working copy of the locked state that a batch is decided on. */
export const openBook = (state: LockedState): WorkingBook => {
  const levels = openTable(state.levels);
  const orderLines = openTable(state.orderLines);
  const reservations = openTable(state.reservations);
  const transfers = openTable(state.transfers);
  const inTransit = openTable(state.inTransit);
  const unmade = new Set(state.unmade);
  return {
    clockAt: state.clockAt,
    locations: state.locations,
    level: (sku, locationId) => {
      const key = levelKey(sku, locationId);
      return unmade.has(key) ? undefined : levels.get(key);
    },
    movement: (id, of) => state.movements.has(movementKey(id, of)),
    inTransit: (sku, locationId) => inTransit.get(levelKey(sku, locationId)) ?? 0,
    reservation: (id) => reservations.get(id),
    transfer: (id, sku) => transfers.get(transferKey({ id, sku })),
    orderLine: (key) => orderLines.get(key),
    make: (command) => {
      if (unmade.size === 0) return;
      if (command.kind === "order-target") {
        const line = orderLines.get(orderLineKey(command));
        unmade.delete(levelKey(command.sku, line?.locationId ?? command.locationId));
      }
      for (const { sku, locationId, mayCreate } of placesOf(command)) {
        if (mayCreate) unmade.delete(levelKey(sku, locationId));
      }
    },
    move: (move) => {
      const key = levelKey(move.sku, move.locationId);
      const before = levels.get(key);
      if (before === undefined) throw new TypeError(`no level of "${move.sku}" at "${move.locationId}" was locked`);
      const after = {
        sku: before.sku,
        locationId: before.locationId,
        onHand: before.onHand + move.dOnHand,
        reserved: before.reserved + move.dReserved,
        incoming: before.incoming + move.dIncoming,
        version: before.version + 1,
      };
      levels.set(key, after);
      if (move.kind === "transfer") inTransit.set(key, (inTransit.get(key) ?? 0) + move.dIncoming);
      return { before, after };
    },
    keep: (about) => {
      if ("reservation" in about) reservations.set(about.reservation.id, about.reservation);
      else if ("transfer" in about) transfers.set(transferKey(about.transfer), about.transfer);
      else if (about.orderLine !== undefined) orderLines.set(orderLineKey(about.orderLine), about.orderLine);
    },
    changes: () => ({
      levels: levels.all(),
      orderLines: orderLines.all(),
      newReservations: reservations.added(),
      changedReservations: reservations.changed(),
      newTransfers: transfers.added(),
      changedTransfers: transfers.changed(),
    }),
  };
};
