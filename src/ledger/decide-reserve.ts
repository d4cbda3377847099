import { toIso } from "../core/clock.ts";
import type { ReservationLine } from "./answers.ts";
import { type Reserve, ttlMsMax, ttlMsMin } from "./commands.ts";
import { type Book, type Effect, isRefused, knownLevel, type RefusedEffect, refuse } from "./effect.ts";
import { available, levelKey, type Move } from "./state.ts";

export const checkTtl = (ttlMs: number): RefusedEffect | undefined =>
  Number.isInteger(ttlMs) && ttlMs >= ttlMsMin && ttlMs <= ttlMsMax
    ? undefined
    : refuse("ttl-out-of-range", "ttlMs", `must be whole milliseconds from ${ttlMsMin} to ${ttlMsMax}`);

/** When a time to live from now ends, by the database's clock. */
export const endOf = (book: Book, ttlMs: number): string => toIso(Date.parse(book.clockAt) + ttlMs);

/**
 * Promises units, each line as far as what is available goes: own reservations never take available below zero, whatever
 * the mode. All levels are locked, so what was available a moment ago still is.
 */
export const decideReserve = (command: Reserve, book: Book): Effect => {
  const { reservationId, mode, ttlMs } = command;
  if (book.reservation(reservationId) !== undefined) {
    const detail = `there is a reservation "${reservationId}" already; choose another id`;
    return refuse("reservation-exists", "reservationId", detail);
  }
  const outOfRange = ttlMs === null ? undefined : checkTtl(ttlMs);
  if (outOfRange !== undefined) return outOfRange;
  const lines: ReservationLine[] = [];
  const moves: Move[] = [];
  const named = new Set<string>();
  for (const [index, { sku, locationId, units }] of command.lines.entries()) {
    const field = `lines[${index}]`;
    const at = levelKey(sku, locationId);
    if (named.has(at)) {
      const detail = `an earlier line names "${sku}" at "${locationId}" too; make them one line`;
      return refuse("duplicate-line", `${field}.sku`, detail);
    }
    named.add(at);
    const level = knownLevel(book, { sku, locationId }, { location: `${field}.location`, sku: `${field}.sku` });
    if (isRefused(level)) return level;
    const free = Math.max(0, available(level));
    if (mode === "all" && free < units) {
      const detail = `only ${free} of "${sku}" available at "${locationId}", ${units} asked; ask for fewer or reserve in part`;
      return refuse("insufficient-stock", `${field}.units`, detail);
    }
    const heldUnits = Math.min(units, free);
    lines.push({ sku, locationId, askedUnits: units, heldUnits, committedUnits: 0, releasedUnits: 0 });
    if (heldUnits === 0) continue;
    const cause = { kind: "reservation", causeType: "reservation", causeId: reservationId, reason: null } as const;
    moves.push({ ...cause, sku, locationId, dOnHand: 0, dReserved: heldUnits, dIncoming: 0 });
  }
  if (moves.length === 0) {
    return refuse("insufficient-stock", "lines", "nothing of any line is available; try again when stock came in");
  }
  const expiresAt = ttlMs === null ? null : endOf(book, ttlMs);
  const { reference, actor } = command;
  const reservation = { id: reservationId, state: "held", reference, actor, expiresAt, lines } as const;
  return { kind: "done", moves, remember: true, about: { reservation } };
};
