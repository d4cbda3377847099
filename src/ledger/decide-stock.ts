import { assertNever } from "../core/failure.ts";
import { unitsMax } from "../core/ids.ts";
import type { Adjust, Correct, Count, Expect, Receive, Return } from "./commands.ts";
import { type Book, type Effect, isRefused, knownLevel, refuse } from "./effect.ts";
import type { Level, Move } from "./state.ts";

export type StockCommand = Receive | Expect | Adjust | Count | Correct | Return;

type Change = Partial<Pick<Move, "dOnHand" | "dReserved" | "dIncoming">> &
  Pick<Move, "kind" | "causeType"> & { readonly causeId?: string };

/** The fields of a command that its changes of on hand and of incoming come from. */
type Fields = { readonly onHand: string; readonly incoming: string };

const over = (field: string, figure: string): Effect =>
  refuse("units-over-limit", field, `${figure} would pass ${unitsMax}; send fewer units`);

/** A shelf holds no less than nothing, and units in transit are only the transfer's to take. */
const checkFigures = (book: Book, level: Level, change: Change, fields: Fields): Effect | undefined => {
  const { dOnHand = 0, dIncoming = 0 } = change;
  if (level.onHand + dOnHand > unitsMax) return over(fields.onHand, "on hand");
  if (level.incoming + dIncoming > unitsMax) return over(fields.incoming, "incoming");
  // Below zero already, because a channel sold what was not there: what comes in must not be refused for that.
  if (dOnHand < 0 && level.onHand + dOnHand < 0) {
    const detail = `only ${level.onHand} on hand, cannot take away ${-dOnHand}; count the shelf and send what is there`;
    return refuse("insufficient-stock", fields.onHand, detail);
  }
  const inTransit = dIncoming < 0 ? book.inTransit(level.sku, level.locationId) : 0;
  if (dIncoming < 0 && level.incoming - inTransit + dIncoming < 0) {
    const transit = inTransit > 0 ? ` (${inTransit} more are in transfer; receive them by their transfer)` : "";
    const detail = `only ${level.incoming - inTransit} expected, cannot take away ${-dIncoming}${transit}`;
    return refuse("insufficient-incoming", fields.incoming, detail);
  }
  return undefined;
};

const changeOf = (command: StockCommand, level: Level): Change => {
  switch (command.kind) {
    case "receive":
      return {
        kind: "receipt",
        causeType: "receipt",
        dOnHand: command.units,
        dIncoming: command.fromIncoming === true ? -command.units : 0,
      };
    case "expect":
      return { kind: "incoming", causeType: "incoming", dIncoming: command.units };
    case "adjust":
      return { kind: "adjustment", causeType: "adjustment", dOnHand: command.units };
    case "count":
      return { kind: "count", causeType: "count", dOnHand: command.units - level.onHand };
    case "return":
      return { kind: "return", causeType: "return", dOnHand: command.restock ? command.units : 0 };
    case "correct": {
      const change = { dOnHand: command.onHandUnits, dIncoming: command.incomingUnits };
      const causeId = command.corrects === null ? {} : { causeId: `movement ${command.corrects}` };
      return { kind: "correction", causeType: "correction", ...change, ...causeId };
    }
    default:
      return assertNever(command);
  }
};

/** Commands about one level. They may take available below zero (the shelf is what it is), on hand never. */
export const decideStock = (command: StockCommand, book: Book): Effect => {
  const level = knownLevel(book, command);
  if (isRefused(level)) return level;
  if (command.kind === "correct" && command.corrects !== null && !book.movement(command.corrects, command)) {
    const detail = `"${command.sku}" at "${command.locationId}" has no movement ${command.corrects}; name one of this level`;
    return refuse("unknown-movement", "corrects", detail);
  }
  const change = changeOf(command, level);
  const fields: Fields =
    command.kind === "correct"
      ? { onHand: "onHandUnits", incoming: "incomingUnits" }
      : { onHand: "units", incoming: "units" };
  const refused = checkFigures(book, level, change, fields);
  if (refused !== undefined) return refused;
  const { sku, locationId } = level;
  const move: Move = {
    sku,
    locationId,
    dOnHand: 0,
    dReserved: 0,
    dIncoming: 0,
    causeId: command.key,
    reason: command.reason,
    ...change,
  };
  const moves = move.dOnHand === 0 && move.dIncoming === 0 ? [] : [move];
  return { kind: "done", moves, remember: true, about: { level: { sku, locationId } } };
};
