import { expect, test } from "vitest";
import type { Command } from "../../../src/ledger/commands.ts";
import { ttlMsMax } from "../../../src/ledger/commands.ts";
import { decide } from "../../../src/ledger/decide.ts";
import type { LockedState } from "../../../src/ledger/state.ts";
import { commit, expire, extend, line, release, reserve } from "../../support/ledger-commands.ts";
import { answersOf, inSequence, level, stateOf } from "../../support/ledger-state.ts";

const shelf = stateOf([level(), level({ sku: "B", onHand: 2 }), level({ locationId: "shop", onHand: 4 })]);
const held = inSequence(shelf, [reserve("r", [line("A", 6), line("B", 2)])]).state;
const later = (state: LockedState, clockAt: string): LockedState => ({ ...state, clockAt });
const onTime = "2026-11-01T00:00:59.999Z";
const overtime = "2026-11-01T00:01:00.000Z";
const figures = (state: LockedState, commands: readonly Command[]) => {
  const end = inSequence(state, commands);
  const [a, b] = ["main\u0000A", "main\u0000B"].map((key) => end.state.levels.get(key));
  return { ...end, answers: answersOf(end.answers), a: [a?.onHand, a?.reserved], b: [b?.onHand, b?.reserved] };
};

test("units of several SKUs and locations are promised together, until their time is over", () => {
  const decision = decide(shelf, [reserve("r", [line("A", 6), line("B", 2), line("A", 1, "shop")])]);
  expect(answersOf(decision.answers)).toEqual([
    {
      status: "done",
      changed: true,
      reservation: {
        id: "r",
        state: "held",
        expiresAt: overtime,
        lines: [
          ["A", "main", 6],
          ["B", "main", 2],
          ["A", "shop", 1],
        ].map(([sku, locationId, units]) => ({
          sku,
          locationId,
          askedUnits: units,
          heldUnits: units,
          committedUnits: 0,
          releasedUnits: 0,
        })),
      },
    },
  ]);
  expect(decision.movements.map(({ leg, sku, dReserved }) => [leg, sku, dReserved])).toEqual([
    [0, "A", 6],
    [1, "B", 2],
    [2, "A", 1],
  ]);
});

test("all or nothing: one line too many and nothing is held; in part: as much as there is", () => {
  const lines = [line("A", 6), line("B", 3)];
  const all = decide(shelf, [reserve("r", lines)]);
  expect(answersOf(all.answers)).toMatchObject([{ refusal: "insufficient-stock", field: "lines[1].units" }]);
  expect([all.movements, all.newReservations]).toEqual([[], []]);
  const part = decide(shelf, [reserve("r", lines, { mode: "partial" })]);
  expect(part.newReservations[0]?.lines.map((one) => one.heldUnits)).toEqual([6, 2]);
});

test("what is short already is not promised, in whatever mode", () => {
  const short = stateOf([level({ onHand: 2, reserved: 5 })]);
  for (const mode of ["all", "partial"] as const) {
    const decision = decide(short, [reserve("r", [line("A", 1)], { mode })]);
    expect(answersOf(decision.answers)).toMatchObject([{ refusal: "insufficient-stock" }]);
  }
});

test("committed units leave the shelf and are promised no more", () => {
  const end = figures(held, [commit("r")]);
  expect([end.a, end.b]).toEqual([
    [4, 0],
    [0, 0],
  ]);
  expect(end.answers).toMatchObject([{ changed: true, reservation: { state: "committed" } }]);
});

test("released units are available again", () => {
  const end = figures(held, [release("r")]);
  expect([end.a, end.b]).toEqual([
    [10, 0],
    [2, 0],
  ]);
  expect(end.answers).toMatchObject([{ reservation: { state: "released" } }]);
});

test("a part may be committed, a part released; the reservation is over with its last open unit", () => {
  const end = figures(held, [commit("r", [line("A", 4)]), release("r", [line("A", 2)]), release("r")]);
  expect(end.answers.map((answer) => ("reservation" in answer ? answer.reservation.state : answer))).toEqual([
    "held",
    "held",
    "committed",
  ]);
  expect([end.a, end.b]).toEqual([
    [6, 0],
    [2, 0],
  ]);
});

test("a reservation ends on time, with what was still open of it, and not before", () => {
  expect(figures(later(held, onTime), [expire("r")]).a).toEqual([10, 6]);
  const end = figures(later(inSequence(held, [commit("r", [line("A", 1)])]).state, overtime), [
    expire("r"),
    expire("r"),
  ]);
  expect(end.a).toEqual([9, 0]);
  expect(end.answers).toMatchObject([
    { changed: true, reservation: { state: "expired" } },
    { changed: false, reservation: { state: "expired" } },
  ]);
  expect(end.decisions[1]?.newKeys).toEqual([]);
});

test("an extended reservation ends later; extending never makes it end sooner", () => {
  const end = figures(later(held, onTime), [extend("r", 60_000), extend("r", 1_000)]);
  const until = "2026-11-01T00:01:59.999Z";
  expect(end.answers).toMatchObject([{ reservation: { expiresAt: until } }, { reservation: { expiresAt: until } }]);
  expect(end.answers).toMatchObject([{ changed: false }, { changed: false }]);
});

test("without a time to live nothing ends by itself, and extending gives it no end", () => {
  const endless = inSequence(shelf, [reserve("r", [line("A", 1)], { ttlMs: null })]).state;
  const end = figures(later(endless, "2036-01-01T00:00:00.000Z"), [extend("r", 1_000), expire("r"), commit("r")]);
  expect(end.answers).toMatchObject([
    { reservation: { expiresAt: null } },
    { changed: false },
    { reservation: { state: "committed" } },
  ]);
});

const committed = inSequence(held, [commit("r")]).state;
const expired = inSequence(later(held, overtime), [expire("r")]).state;
test.each<[string, LockedState, Command, string, string]>([
  ["an id used before", held, reserve("r", [line("A", 1)]), "reservation-exists", "reservationId"],
  ["two lines of one level", shelf, reserve("s", [line("A", 1), line("A", 1)]), "duplicate-line", "lines[1].sku"],
  ["a time to live too short", shelf, reserve("s", [line("A", 1)], { ttlMs: 999 }), "ttl-out-of-range", "ttlMs"],
  ["a time to live too long", held, extend("r", ttlMsMax + 1), "ttl-out-of-range", "ttlMs"],
  ["an unknown SKU in a line", shelf, reserve("s", [line("A", 1), line("Z", 1)]), "unknown-sku", "lines[1].sku"],
  [
    "an unknown location in a line",
    shelf,
    reserve("s", [line("A", 1, "moon")]),
    "unknown-location",
    "lines[0].location",
  ],
  ["a reservation nobody made", shelf, commit("r"), "unknown-reservation", "reservationId"],
  ["committing twice", committed, commit("r"), "reservation-closed", "reservationId"],
  ["releasing what was committed", committed, release("r"), "reservation-closed", "reservationId"],
  ["extending what was committed", committed, extend("r", 60_000), "reservation-closed", "reservationId"],
  ["committing after the end", later(held, overtime), commit("r"), "reservation-expired", "reservationId"],
  ["extending after the end", later(held, overtime), extend("r", 60_000), "reservation-expired", "reservationId"],
  ["committing what was given back", expired, commit("r"), "reservation-expired", "reservationId"],
  ["more than is held", held, commit("r", [line("A", 7)]), "units-over-reserved", "lines[0].units"],
  [
    "more than is held, in two lines",
    held,
    release("r", [line("A", 4), line("A", 3)]),
    "units-over-reserved",
    "lines[1].units",
  ],
  ["a line that is not there", held, commit("r", [line("A", 1, "shop")]), "units-over-reserved", "lines[0].units"],
])("%s is refused, for good", (_name, state, command, refusal, field) => {
  const first = inSequence(state, [command]);
  expect(answersOf(first.answers)).toMatchObject([{ status: "refused", refusal, field }]);
  expect(first.decisions[0]?.movements).toEqual([]);
  expect(inSequence(first.state, [command]).answers).toEqual(first.answers);
});
