import type { Answer } from "../../src/ledger/answers.ts";
import type { Command } from "../../src/ledger/commands.ts";
import { type Decision, decide } from "../../src/ledger/decide.ts";
import { type Level, type LockedState, levelKey, orderLineKey, transferKey } from "../../src/ledger/state.ts";
import { at } from "./ledger-commands.ts";

export const level = (given: Partial<Level> = {}): Level => ({
  sku: "A",
  locationId: "main",
  onHand: 10,
  reserved: 0,
  incoming: 0,
  version: 3,
  ...given,
});

/** A ledger of these levels and nothing else, at the commands' time. Locations: main and shop. */
export const stateOf = (levels: readonly Level[], clockAt = at): LockedState => ({
  levels: new Map(levels.map((one) => [levelKey(one.sku, one.locationId), one])),
  unmade: new Set(),
  movements: new Set(),
  orderLines: new Map(),
  reservations: new Map(),
  transfers: new Map(),
  inTransit: new Map(),
  locations: new Set(["main", "shop"]),
  known: new Map(),
  clockAt,
});

/** The state the database would be in, and lock, after the decision was written. */
export const after = (state: LockedState, decision: Decision): LockedState => {
  const transfers = new Map([
    ...state.transfers,
    ...[...decision.newTransfers, ...decision.changedTransfers].map((one) => [transferKey(one), one] as const),
  ]);
  const inTransit = new Map<string, number>();
  for (const one of transfers.values()) {
    const key = levelKey(one.sku, one.toLocationId);
    const units = one.sentUnits - one.receivedUnits - one.lostUnits - one.returnedUnits;
    inTransit.set(key, (inTransit.get(key) ?? 0) + units);
  }
  return {
    ...state,
    levels: new Map([
      ...state.levels,
      ...decision.levels.map((one) => [levelKey(one.sku, one.locationId), one] as const),
    ]),
    orderLines: new Map([...state.orderLines, ...decision.orderLines.map((one) => [orderLineKey(one), one] as const)]),
    reservations: new Map([
      ...state.reservations,
      ...[...decision.newReservations, ...decision.changedReservations].map((one) => [one.id, one] as const),
    ]),
    transfers,
    inTransit,
    known: new Map([...state.known, ...decision.newKeys.map(({ key, ...known }) => [key, known] as const)]),
  };
};

/** Decides one command after the other, as separate batches would. */
export const inSequence = (
  state: LockedState,
  commands: readonly Command[],
): { readonly state: LockedState; readonly answers: readonly string[]; readonly decisions: readonly Decision[] } => {
  const decisions: Decision[] = [];
  let now = state;
  for (const command of commands) {
    const decision = decide(now, [command]);
    decisions.push(decision);
    now = after(now, decision);
  }
  return { state: now, answers: decisions.flatMap((decision) => decision.answers), decisions };
};

export const answersOf = (texts: readonly string[]): readonly Answer[] =>
  texts.map((text) => JSON.parse(text) as Answer);
