import { expect, test } from "vitest";
import { classifyDrift, type DriftEvidence, togetherMin } from "../../../src/sync/drift-cause.ts";
import { findDrift } from "../../../src/sync/drift-find.ts";
import { actOnDrift } from "../../../src/sync/drift-policy.ts";

/** The channel showed 10 as it should, and now shows 7; nothing tells why. */
const plain: DriftEvidence = {
  expectedUnits: 10,
  observedUnits: 7,
  shownUnits: 7,
  wantedUnits: 10,
  wasOwed: false,
  wasRight: true,
  lateOrders: [],
  ordersKnownAfterMs: null,
  ordersSeen: true,
  writes: [],
  wroteSince: false,
  slowToShow: false,
  earlierMoves: 0,
  movedTogether: { listings: 1, olderNumbers: 0, sameUnits: 1 },
};
const push = { units: 10, unitsBefore: 7, state: "applied", ageMs: 60_000 } as const;
const many = { listings: togetherMin, olderNumbers: 0, sameUnits: 1 };

test.each<[string, Partial<DriftEvidence>, string]>([
  ["nothing but the number itself", {}, "hand-edit"],
  ["a push owed for too long", { wasOwed: true }, "our-lag"],
  ["the channel is right and the ledger has moved on", { observedUnits: 10 }, "our-lag"],
  ["an order that adds up", { lateOrders: [-3] }, "unseen-order"],
  ["two of three orders add up", { lateOrders: [-1, -5, -2] }, "unseen-order"],
  ["an order let go that adds up", { observedUnits: 12, lateOrders: [2] }, "unseen-order"],
  ["an order and something else", { lateOrders: [-1] }, "unknown"],
  ["a number that came back by itself", { shownUnits: 10 }, "channel-fault"],
  ["a number that came back by our write", { shownUnits: 10, wroteSince: true }, "hand-edit"],
  ["a number that stays although the channel took ours", { wroteSince: true, slowToShow: true }, "channel-fault"],
  ["orders that are not known yet", { ordersSeen: false }, "unknown"],
  ["never seen to be right", { wasRight: false }, "unknown"],
  ["the number before our last push", { writes: [push] }, "lost-push"],
  [
    "the number before our last push, less what was sold since",
    { expectedUnits: 9, observedUnits: 6, writes: [push] },
    "lost-push",
  ],
  ["the number before a push of last week", { writes: [{ ...push, ageMs: 7 * 86_400_000 }] }, "hand-edit"],
  ["the number before a push that was refused", { writes: [{ ...push, state: "refused" }] }, "hand-edit"],
  ["many at once, each another number", { movedTogether: many }, "other-app"],
  ["many at once, all the same number", { movedTogether: { ...many, sameUnits: togetherMin } }, "channel-fault"],
  [
    "many at once, all from before their last push",
    { writes: [push], movedTogether: { ...many, olderNumbers: togetherMin } },
    "channel-fault",
  ],
  ["one lost push among many others", { writes: [push], movedTogether: { ...many, olderNumbers: 1 } }, "lost-push"],
  ["the third time in a day", { earlierMoves: 2 }, "other-app"],
])("%s", (_name, evidence, cause) => {
  expect(classifyDrift({ ...plain, ...evidence })).toBe(cause);
});

test("whatever the policy, what shows too much is lowered and what is right is closed", () => {
  expect(actOnDrift("hand-edit", "ask", { shownUnits: 12, wantedUnits: 10 })).toEqual({ action: "ask", lowers: true });
  expect(actOnDrift("hand-edit", "ask", { shownUnits: 7, wantedUnits: 10 })).toEqual({ action: "ask", lowers: false });
  expect(actOnDrift("lost-push", "heal", { shownUnits: 7, wantedUnits: 10 })).toEqual({ action: "heal" });
  expect(actOnDrift("hand-edit", "accept", { shownUnits: 7, wantedUnits: 10 })).toEqual({ action: "accept" });
  expect(actOnDrift("hand-edit", "ask", { shownUnits: 10, wantedUnits: 10 })).toMatchObject({ state: "healed" });
  expect(actOnDrift("channel-fault", "ask", { shownUnits: 10, wantedUnits: 10 })).toMatchObject({ state: "gone" });
});

const figures = {
  listingId: 1,
  expectedUnits: 10,
  shownUnits: 10,
  shownAtMs: 5_000,
  lastAppliedMs: 4_000,
  owedSinceMs: null,
  withheldUnits: 0,
  effectUntilMs: null,
  isOpen: false,
};
const at = (units: number | null) => ({ units, readAtMs: 100_000 });

test("another number is a drift, with the time when it was last right", () => {
  expect(findDrift(figures, at(7), 10, 60_000)).toEqual({
    listingId: 1,
    expectedUnits: 10,
    observedUnits: 7,
    rightAtMs: 5_000,
    wasOwed: false,
  });
});

test.each([
  ["what is right", {}, at(10)],
  ["no number told", {}, at(null)],
  ["a listing that we have had no say in", { expectedUnits: null }, at(7)],
  ["a write under way", { isOpen: true }, at(7)],
  ["a write that may still act", { effectUntilMs: 100_001 }, at(7)],
  ["a push owed for a moment", { owedSinceMs: 99_000 }, at(7)],
  ["units withheld on purpose", { owedSinceMs: 1_000, withheldUnits: 3 }, at(7)],
])("%s is no drift", (_name, change, reading) => {
  expect(findDrift({ ...figures, ...change }, reading, 10, 60_000)).toBeUndefined();
});
