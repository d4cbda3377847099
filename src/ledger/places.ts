import type { Command } from "./commands.ts";
import { levelKey } from "./state.ts";

export type Place = { readonly sku: string; readonly locationId: string; readonly mayCreate: boolean };

/** Levels a command names itself; those of reservations, transfers and order lines are found by the database. */
export const placesOf = (command: Command): readonly Place[] => {
  switch (command.kind) {
    case "receive":
    case "expect":
    case "count":
    case "return":
      return [{ sku: command.sku, locationId: command.locationId, mayCreate: true }];
    case "adjust":
    case "correct":
      return [{ sku: command.sku, locationId: command.locationId, mayCreate: false }];
    case "transfer-send":
      return [
        { sku: command.sku, locationId: command.fromLocationId, mayCreate: false },
        { sku: command.sku, locationId: command.toLocationId, mayCreate: true },
      ];
    case "reserve":
      return command.lines.map(({ sku, locationId }) => ({ sku, locationId, mayCreate: false }));
    default:
      return [];
  }
};

export const uniquePlaces = (commands: readonly Command[]): readonly Place[] => {
  const places = new Map<string, Place>();
  for (const place of commands.flatMap(placesOf)) {
    const key = levelKey(place.sku, place.locationId);
    if (places.get(key)?.mayCreate !== true) places.set(key, place);
  }
  return [...places.values()];
};

const makers: ReadonlySet<Command["kind"]> = new Set([
  "receive",
  "expect",
  "count",
  "return",
  "transfer-send",
  "order-target",
]);

/**
 * Places that a command asks for before a later one of the batch may make them. The levels of a batch are made before it is
 * decided; without this a command would find a SKU that nobody has made known yet.
 */
export const latePlaces = (commands: readonly Command[]): readonly Place[] => {
  // The hot path reserves and commits, and makes nothing.
  if (!commands.some(({ kind }) => makers.has(kind))) return [];
  const asked = new Set<string>();
  const made = new Set<string>();
  const late = new Map<string, Place>();
  for (const command of commands) {
    const makes = command.kind === "order-target" ? [{ ...command, mayCreate: true }] : placesOf(command);
    for (const place of makes) {
      const key = levelKey(place.sku, place.locationId);
      if (!place.mayCreate) asked.add(key);
      else if (!made.has(key)) {
        made.add(key);
        if (asked.has(key)) late.set(key, place);
      }
    }
  }
  return [...late.values()];
};
