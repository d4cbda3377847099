import { assertNever } from "../core/failure.ts";
import type { ReservationLine, ReservationState } from "./answers.ts";
import type {
  CommitReservation,
  ExpireReservation,
  ExtendReservation,
  ReleaseReservation,
  ReservationUnits,
} from "./commands.ts";
import { checkTtl, endOf } from "./decide-reserve.ts";
import { type Book, type Effect, type RefusedEffect, refuse } from "./effect.ts";
import { type Move, openUnits, type Reservation } from "./state.ts";

type EndCommand = CommitReservation | ReleaseReservation;

const isOver = (reservation: Reservation, book: Book): boolean =>
  reservation.expiresAt !== null && Date.parse(reservation.expiresAt) <= Date.parse(book.clockAt);

const refuseUnlessHeld = (reservation: Reservation, book: Book): RefusedEffect | undefined => {
  const { id, state, expiresAt } = reservation;
  if (state === "expired" || (state === "held" && isOver(reservation, book))) {
    const detail = `reservation "${id}" expired at ${expiresAt ?? "its end"}; reserve again`;
    return refuse("reservation-expired", "reservationId", detail);
  }
  if (state === "held") return undefined;
  const detail = `reservation "${id}" is ${state}; nothing of it is open any more`;
  return refuse("reservation-closed", "reservationId", detail);
};

/** Open units taken out of each line, in the lines' order; null = all of them. */
const takenUnits = (
  reservation: Reservation,
  asked: readonly ReservationUnits[] | null,
): readonly number[] | RefusedEffect => {
  const open = reservation.lines.map(openUnits);
  if (asked === null) return open;
  const taken = open.map(() => 0);
  for (const [index, { sku, locationId, units }] of asked.entries()) {
    const line = reservation.lines.findIndex((one) => one.sku === sku && one.locationId === locationId);
    const left = (open[line] ?? 0) - (taken[line] ?? 0);
    if (units > left) {
      const detail = `only ${left} of "${sku}" at "${locationId}" open in reservation "${reservation.id}", ${units} asked`;
      return refuse("units-over-reserved", `lines[${index}].units`, detail);
    }
    taken[line] = (taken[line] ?? 0) + units;
  }
  return taken;
};

/** The reservation with so many units of each line committed or released, and the moves that go with it. */
const close = (
  reservation: Reservation,
  taken: readonly number[],
  how: { readonly as: "committed" | "released"; readonly end?: ReservationState },
): Effect => {
  const commits = how.as === "committed";
  const lines = reservation.lines.map((line, index): ReservationLine => {
    const units = taken[index] ?? 0;
    return commits
      ? { ...line, committedUnits: line.committedUnits + units }
      : { ...line, releasedUnits: line.releasedUnits + units };
  });
  const moves = reservation.lines.flatMap(({ sku, locationId }, index): Move[] => {
    const units = taken[index] ?? 0;
    if (units === 0) return [];
    const cause = { kind: "reservation", causeType: "reservation", causeId: reservation.id, reason: null } as const;
    return [{ ...cause, sku, locationId, dOnHand: commits ? -units : 0, dReserved: -units, dIncoming: 0 }];
  });
  const ended = lines.some((line) => line.committedUnits > 0) ? "committed" : "released";
  const state = how.end ?? (lines.every((line) => openUnits(line) === 0) ? ended : "held");
  return { kind: "done", moves, remember: true, about: { reservation: { ...reservation, state, lines } } };
};

/** What happens to a reservation that is there: committed, released, extended, expired. */
export const decideReservation = (command: EndCommand | ExtendReservation | ExpireReservation, book: Book): Effect => {
  const reservation = book.reservation(command.reservationId);
  if (reservation === undefined) {
    const detail = `there is no reservation "${command.reservationId}"`;
    return refuse("unknown-reservation", "reservationId", detail);
  }
  if (command.kind === "expire") {
    if (reservation.state !== "held" || !isOver(reservation, book)) {
      return { kind: "done", moves: [], remember: false, about: { reservation } };
    }
    return close(reservation, reservation.lines.map(openUnits), { as: "released", end: "expired" });
  }
  const refused = refuseUnlessHeld(reservation, book);
  if (refused !== undefined) return refused;
  switch (command.kind) {
    case "commit":
    case "release": {
      const taken = takenUnits(reservation, command.lines);
      if ("refusal" in taken) return taken;
      return close(reservation, taken, { as: command.kind === "commit" ? "committed" : "released" });
    }
    case "extend": {
      const outOfRange = checkTtl(command.ttlMs);
      if (outOfRange !== undefined) return outOfRange;
      const end = endOf(book, command.ttlMs);
      // ISO times of one length: text order is time order.
      const expiresAt = reservation.expiresAt === null || reservation.expiresAt > end ? reservation.expiresAt : end;
      return { kind: "done", moves: [], remember: true, about: { reservation: { ...reservation, expiresAt } } };
    }
    default:
      return assertNever(command);
  }
};
