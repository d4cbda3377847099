import { assertNever } from "../core/failure.ts";
import type { Answer } from "./answers.ts";
import type { Command } from "./commands.ts";
import { decideOrderTarget } from "./decide-order.ts";
import { decideReservation } from "./decide-reservation.ts";
import { decideReserve } from "./decide-reserve.ts";
import { decideStock } from "./decide-stock.ts";
import { decideTransfer } from "./decide-transfer.ts";
import type { Book, DoneEffect, Effect } from "./effect.ts";
import { commandFingerprint } from "./fingerprint.ts";
import { type BookChanges, openBook } from "./open-book.ts";
import { available, type Incident, type Level, type LockedState, type Movement, type NewKey } from "./state.ts";

export type Decision = BookChanges & {
  readonly movements: readonly Movement[];
  readonly incidents: readonly Incident[];
  readonly newKeys: readonly NewKey[];
  /** Serialised `Answer`s, one per command, in the commands' order. */
  readonly answers: readonly string[];
};

const effectOf = (command: Command, book: Book): Effect => {
  switch (command.kind) {
    case "receive":
    case "expect":
    case "adjust":
    case "count":
    case "correct":
    case "return":
      return decideStock(command, book);
    case "transfer-send":
    case "transfer-receive":
    case "transfer-cancel":
      return decideTransfer(command, book);
    case "reserve":
      return decideReserve(command, book);
    case "commit":
    case "release":
    case "extend":
    case "expire":
      return decideReservation(command, book);
    case "order-target":
      return decideOrderTarget(command, book);
    default:
      return assertNever(command);
  }
};

const answerOf = ({ about, moves }: DoneEffect, book: Book): Answer => {
  const changed = moves.length > 0;
  if ("transfer" in about) return { status: "done", changed, transfer: about.transfer };
  if ("reservation" in about) {
    const { id, state, expiresAt, lines } = about.reservation;
    return { status: "done", changed, reservation: { id, state, expiresAt, lines } };
  }
  const { sku, locationId } = about.level;
  const level = book.level(sku, locationId);
  if (level === undefined) throw new TypeError(`no level of "${sku}" at "${locationId}" was locked`);
  const { onHand, reserved, incoming, version } = level;
  return {
    status: "done",
    sku,
    locationId,
    changed,
    level: { onHand, reserved, incoming, available: available(level), version },
  };
};

/** Units by which this change alone took available below zero. */
const shortfall = (before: Level, after: Level): number => {
  const taken = available(before) - available(after);
  return taken > 0 ? Math.min(taken, Math.max(0, -available(after))) : 0;
};

const incidentOf = (command: Command, movement: Movement, unitsShort: number): Incident => {
  const order = command.kind === "order-target" ? command : undefined;
  return {
    commandKey: command.key,
    leg: movement.leg,
    sku: movement.sku,
    locationId: movement.locationId,
    accountId: order?.accountId ?? null,
    orderRef: order?.orderRef ?? null,
    lineRef: order?.lineRef ?? null,
    unitsShort,
  };
};

const keyReused = (key: string): Answer => ({
  status: "refused",
  refusal: "key-reused",
  field: "key",
  detail: `the key "${key}" was used for another command; use a new key for a new effect`,
});

/**
 * The ledger's rules, pure: in goes the locked state and a batch of commands, out come movements, levels and one exact
 * answer per command. Commands see the effects of those before them, so a batch is its commands one after the other.
 * Orders may take available and on hand below zero, because the channel has sold already; adjusting, counting and
 * correcting may take available below zero, because the shelf is what it is; reservations and transfers may not.
 */
export const decide = (state: LockedState, commands: readonly Command[]): Decision => {
  const book = openBook(state);
  const known = new Map(state.known);
  const movements: Movement[] = [];
  const incidents: Incident[] = [];
  const newKeys: NewKey[] = [];

  const decideOne = (command: Command): string => {
    const { key, actor, occurredAt } = command;
    book.make(command);
    const fingerprint = commandFingerprint(command);
    const before = known.get(key);
    if (before !== undefined) {
      return before.fingerprint === fingerprint ? before.answer : JSON.stringify(keyReused(key));
    }
    const effect = effectOf(command, book);
    let answer: string;
    if (effect.kind === "refused") {
      const { refusal, field, detail } = effect;
      answer = JSON.stringify({ status: "refused", refusal, field, detail } satisfies Answer);
    } else {
      for (const [leg, move] of effect.moves.entries()) {
        const levels = book.move(move);
        const movement: Movement = { ...move, commandKey: key, leg, after: levels.after, actor, occurredAt };
        movements.push(movement);
        const short = shortfall(levels.before, levels.after);
        if (short > 0) incidents.push(incidentOf(command, movement, short));
      }
      if (effect.remember || "level" in effect.about) book.keep(effect.about);
      answer = JSON.stringify(answerOf(effect, book));
      if (!effect.remember) return answer;
    }
    const entry = { key, fingerprint, answer };
    known.set(key, entry);
    newKeys.push(entry);
    return answer;
  };

  const answers = commands.map(decideOne);
  return { movements, incidents, newKeys, answers, ...book.changes() };
};
