import { expect, test } from "vitest";
import { unitsMax } from "../../../src/core/ids.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { decide } from "../../../src/ledger/decide.ts";
import { type Level, movementKey } from "../../../src/ledger/state.ts";
import { adjust, correct, count, expectUnits, giveBack, receive } from "../../support/ledger-commands.ts";
import { answersOf, level, stateOf } from "../../support/ledger-state.ts";

const one = (before: Partial<Level>, command: Command) => {
  const movements = new Set([movementKey(41, level())]);
  const decision = decide({ ...stateOf([level(before)]), movements }, [command]);
  return { ...decision, answer: answersOf(decision.answers)[0] };
};

test.each<[string, Partial<Level>, Command, string, Partial<Level>]>([
  ["units received are on the shelf", {}, receive("A", 5), "receipt", { onHand: 15 }],
  [
    "units received as expected are incoming no more",
    { incoming: 7 },
    receive("A", 5, { out: true }),
    "receipt",
    { onHand: 15, incoming: 2 },
  ],
  ["units ordered from a supplier are incoming", {}, expectUnits("A", 5), "incoming", { incoming: 5 }],
  ["units that will not come are incoming no more", { incoming: 5 }, expectUnits("A", -5), "incoming", { incoming: 0 }],
  ["what is broken is off the shelf", {}, adjust("A", -3), "adjustment", { onHand: 7 }],
  ["a count records the difference", {}, count("A", 4), "count", { onHand: 4 }],
  [
    "a correction mends both figures",
    { incoming: 5 },
    correct("A", 2, -5, 41),
    "correction",
    { onHand: 12, incoming: 0 },
  ],
  ["a return to the shelf is on hand", {}, giveBack("A", 2, true), "return", { onHand: 12 }],
])("%s", (_name, before, command, kind, figures) => {
  const decision = one(before, command);
  expect(decision.answer).toMatchObject({ status: "done", changed: true, level: { version: 4, ...figures } });
  expect(decision.movements).toMatchObject([{ kind, leg: 0, commandKey: command.key, after: figures }]);
  expect(decision.levels).toEqual([level({ ...before, ...figures, version: 4 })]);
});

test.each<[string, Command]>([
  ["a count that finds what the ledger says", count("A", 10)],
  ["a return that is not restocked", giveBack("A", 2, false)],
])("%s is answered under its key and moves nothing", (_name, command) => {
  const decision = one({}, command);
  expect(decision.answer).toMatchObject({ status: "done", changed: false, level: { onHand: 10, version: 3 } });
  expect(decision.movements).toEqual([]);
  expect(decision.newKeys.map((known) => known.key)).toEqual([command.key]);
});

test.each<[string, Partial<Level>, Command, string, string]>([
  ["more than is on the shelf", {}, adjust("A", -11), "insufficient-stock", "units"],
  ["a correction of more than is on the shelf", {}, correct("A", -11, 0), "insufficient-stock", "onHandUnits"],
  ["more than is expected", { incoming: 4 }, receive("A", 5, { out: true }), "insufficient-incoming", "units"],
  ["calling off more than is expected", { incoming: 4 }, expectUnits("A", -5), "insufficient-incoming", "units"],
  ["a correction of more than is expected", {}, correct("A", 0, -1), "insufficient-incoming", "incomingUnits"],
  ["a shelf beyond the limit", { onHand: unitsMax }, receive("A", 1), "units-over-limit", "units"],
  ["incoming beyond the limit", { incoming: unitsMax }, expectUnits("A", 1), "units-over-limit", "units"],
  ["a SKU that the ledger does not know", {}, adjust("B", 1), "unknown-sku", "sku"],
  ["a movement that is not one of this level", {}, correct("A", 1, 0, 42), "unknown-movement", "corrects"],
  ["a location that is not in the settings", {}, receive("A", 1, { at: "moon" }), "unknown-location", "location"],
])("%s is refused, with the field", (_name, before, command, refusal, field) => {
  const decision = one(before, command);
  expect(decision.answer).toMatchObject({ status: "refused", refusal, field });
  expect(decision.movements).toEqual([]);
  expect(decision.levels).toEqual([]);
});

test("a shelf that a channel sold below zero can be refilled and counted", () => {
  const decision = decide(stateOf([level({ onHand: -3 })]), [receive("A", 1), count("A", 0)]);
  expect(answersOf(decision.answers)).toMatchObject([{ level: { onHand: -2 } }, { level: { onHand: 0 } }]);
});

test("a count below what is promised is an incident", () => {
  expect(one({ reserved: 8 }, count("A", 5)).incidents).toMatchObject([{ unitsShort: 3, orderRef: null }]);
});

test("a correction names the movement it mends", () => {
  expect(one({}, correct("A", 1, 0, 41)).movements[0]?.causeId).toBe("movement 41");
});
