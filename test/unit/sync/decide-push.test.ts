import { expect, test } from "vitest";
import { decidePush, oversellRisk, type PushFigures } from "../../../src/sync/decide-push.ts";

const figures = (given: Partial<PushFigures>): PushFigures => ({
  wantedUnits: 5,
  lowerToUnits: given.wantedUnits ?? 5,
  raiseToUnits: given.wantedUnits ?? 5,
  shownUnits: 5,
  openAttempts: [],
  ordersSeen: true,
  ...given,
});

test.each([
  ["the channel shows what is wanted: nothing is sent", figures({}), { action: "settled" }],
  [
    "a lower number goes at once, whatever is known of orders",
    figures({ wantedUnits: 3, ordersSeen: false }),
    { action: "write", reason: "lower", units: 3 },
  ],
  [
    "a raise goes when every order up to the observation is known",
    figures({ wantedUnits: 7 }),
    { action: "write", reason: "raise", units: 7 },
  ],
  [
    "a raise waits while an order may be unseen",
    figures({ wantedUnits: 7, ordersSeen: false }),
    { action: "wait", reason: "orders-not-seen" },
  ],
  [
    "a raise waits for a push under way",
    figures({ wantedUnits: 7, openAttempts: [{ id: 1, units: 5 }] }),
    { action: "wait", reason: "open-attempt" },
  ],
  [
    "a number below one under way is a lowering, and never above what the channel shows now: it may have sold unseen",
    figures({ wantedUnits: 6, shownUnits: 4, openAttempts: [{ id: 1, units: 8 }] }),
    { action: "write", reason: "lower", units: 4 },
  ],
  [
    "such a lowering is not sent again while it is under way",
    figures({
      wantedUnits: 6,
      shownUnits: 4,
      openAttempts: [
        { id: 1, units: 8 },
        { id: 2, units: 4 },
      ],
    }),
    { action: "wait", reason: "open-attempt" },
  ],
  [
    "an older push under way still counts against a raise",
    figures({
      wantedUnits: 7,
      shownUnits: 2,
      openAttempts: [
        { id: 1, units: 9 },
        { id: 2, units: 1 },
      ],
    }),
    { action: "wait", reason: "open-attempt" },
  ],
  [
    "the newest push under way carries the number already: wait for its read-back",
    figures({
      wantedUnits: 2,
      openAttempts: [
        { id: 1, units: 9 },
        { id: 2, units: 2 },
      ],
    }),
    { action: "ride", attemptId: 2 },
  ],
  [
    "a raise of a SKU that is selling stops short of what may be sold unseen",
    figures({ wantedUnits: 20, raiseToUnits: 15 }),
    { action: "write", reason: "raise", units: 15 },
  ],
  [
    "a raise that would not pass what is shown waits until the SKU is quiet",
    figures({ wantedUnits: 7, raiseToUnits: 5 }),
    { action: "wait", reason: "selling" },
  ],
  [
    "a careful lowering under way is not sent again, though the channel still shows too much",
    figures({ wantedUnits: 4, lowerToUnits: 2, shownUnits: 9, openAttempts: [{ id: 1, units: 3 }] }),
    { action: "wait", reason: "open-attempt" },
  ],
  [
    "a careful lowering under way is followed by a lower one when less is left now",
    figures({ wantedUnits: 2, lowerToUnits: 0, shownUnits: 9, openAttempts: [{ id: 1, units: 3 }] }),
    { action: "write", reason: "lower", units: 0 },
  ],
  [
    "the channel tells no number: nothing may be written blindly",
    figures({ shownUnits: null }),
    { action: "unreadable" },
  ],
  [
    "zero is a lowering like any other",
    figures({ wantedUnits: 0, ordersSeen: false }),
    { action: "write", reason: "lower", units: 0 },
  ],
] as const)("%s", (_name, given, expected) => {
  expect(decidePush(given)).toEqual(expected);
});

test("the listing that is over-exposed with few left comes before the one with many left, and raises come last", () => {
  const soldOut = oversellRisk({ wantedUnits: 0, shownUnits: 2 });
  const few = oversellRisk({ wantedUnits: 1, shownUnits: 3 });
  const many = oversellRisk({ wantedUnits: 100, shownUnits: 102 });
  const raise = oversellRisk({ wantedUnits: 10, shownUnits: 1 });
  expect([few, raise, many, soldOut].toSorted((a, b) => b - a)).toEqual([soldOut, few, many, raise]);
});
