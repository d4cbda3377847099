import { expect, test } from "vitest";
import type { Command } from "../../../src/ledger/commands.ts";
import type { LockedState } from "../../../src/ledger/state.ts";
import { arrive, callOff, expectUnits, line, receive, reserve, send } from "../../support/ledger-commands.ts";
import { answersOf, inSequence, level, stateOf } from "../../support/ledger-state.ts";

const shelves = stateOf([level(), level({ locationId: "shop", onHand: 1 })]);
const sent = inSequence(shelves, [send("t", "A", 6)]).state;
const figures = (state: LockedState) =>
  ["main\u0000A", "shop\u0000A"].map((key) => {
    const found = state.levels.get(key);
    return [found?.onHand, found?.incoming];
  });

test.each<[string, readonly Command[], readonly (readonly number[])[]]>([
  [
    "sent, units are off this shelf and incoming at the other",
    [],
    [
      [4, 0],
      [1, 6],
    ],
  ],
  [
    "received, they are on the other shelf",
    [arrive("t", "A", 6)],
    [
      [4, 0],
      [7, 0],
    ],
  ],
  [
    "received in parts, the rest is still under way",
    [arrive("t", "A", 2)],
    [
      [4, 0],
      [3, 4],
    ],
  ],
  [
    "lost, they are on no shelf",
    [arrive("t", "A", 2, 4)],
    [
      [4, 0],
      [3, 0],
    ],
  ],
  [
    "called off, what is under way is back",
    [arrive("t", "A", 2, 1), callOff("t", "A")],
    [
      [7, 0],
      [3, 0],
    ],
  ],
])("%s", (_name, commands, expected) => {
  expect(figures(inSequence(sent, commands).state)).toEqual(expected);
});

test("the answer says what became of the units", () => {
  const { answers } = inSequence(sent, [arrive("t", "A", 2, 1), callOff("t", "A")]);
  expect(answersOf(answers)[1]).toEqual({
    status: "done",
    changed: true,
    transfer: {
      id: "t",
      sku: "A",
      fromLocationId: "main",
      toLocationId: "shop",
      sentUnits: 6,
      receivedUnits: 2,
      lostUnits: 1,
      returnedUnits: 3,
    },
  });
});

const over = inSequence(sent, [arrive("t", "A", 6)]).state;
const promised = inSequence(shelves, [reserve("r", [line("A", 8)])]).state;
test.each<[string, LockedState, Command, string, string]>([
  ["to where they are", shelves, send("t", "A", 1, "main"), "same-location", "toLocation"],
  ["more than is available", promised, send("t", "A", 3), "insufficient-stock", "units"],
  ["under an id that is taken", sent, send("t", "A", 1), "transfer-exists", "transferId"],
  ["from a location nobody named", shelves, send("t", "A", 1, "shop", "moon"), "unknown-location", "fromLocation"],
  ["of a SKU nobody knows", shelves, send("t", "B", 1), "unknown-sku", "sku"],
  ["more than is under way", sent, arrive("t", "A", 7), "units-over-transfer", "units"],
  ["more lost than is under way", sent, arrive("t", "A", 5, 2), "units-over-transfer", "lostUnits"],
  ["of a transfer nobody sent", shelves, arrive("t", "A", 1), "unknown-transfer", "transferId"],
  ["once all has arrived", over, arrive("t", "A", 1), "transfer-closed", "transferId"],
  ["called off once all has arrived", over, callOff("t", "A"), "transfer-closed", "transferId"],
])("a transfer %s is refused", (_name, state, command, refusal, field) => {
  const { answers, decisions } = inSequence(state, [command]);
  expect(answersOf(answers)).toMatchObject([{ status: "refused", refusal, field }]);
  expect(decisions[0]?.movements).toEqual([]);
});

test("units in transfer are not the supplier's: nobody else can receive or call them off", () => {
  const to = (command: Command): Command => ({ ...command, locationId: "shop" }) as Command;
  const { answers } = inSequence(sent, [to(receive("A", 1, { out: true })), to(expectUnits("A", -1))]);
  expect(answersOf(answers)).toMatchObject([
    { refusal: "insufficient-incoming" },
    { refusal: "insufficient-incoming" },
  ]);
});
