import { expect, test } from "vitest";
import { bothEvidence, type Evidence, needsLook } from "../../../src/sync/raise-evidence.ts";

const nowMs = 1_000_000_000;
const pace = { ordersEveryMs: 120_000, ordersEveryMsMin: 6_000 };
const evidence = (given: Partial<Evidence>): Evidence => ({
  listingId: 1,
  accountId: "other",
  isOwn: false,
  isUnseen: false,
  polledAtMs: nowMs - 30_000,
  triedAtMs: nowMs - 30_100,
  ...given,
});

test.each([
  ["another account's orders that were read a while ago", evidence({}), true],
  ["orders that were read as lately as the account allows", evidence({ polledAtMs: nowMs - 5_000 }), false],
  ["the listing's own account: its number tells", evidence({ isOwn: true }), false],
  ["orders that were never read", evidence({ polledAtMs: null, triedAtMs: null }), true],
  [
    "an account that has not answered for two intervals",
    evidence({ polledAtMs: nowMs - 250_000, triedAtMs: nowMs - 1_000 }),
    false,
  ],
  [
    "an account that nobody has asked for two intervals",
    evidence({ polledAtMs: nowMs - 250_000, triedAtMs: nowMs - 250_100 }),
    true,
  ],
] as const)("%s: look or not", (_name, given, expected) => {
  expect(needsLook(given, pace, nowMs)).toBe(expected);
});

test("an account that this process has no settings for is not waited for", () => {
  expect(needsLook(evidence({}), undefined, nowMs)).toBe(false);
});

test("of two looks the worse counts, and an account that only one of them has counts too", () => {
  const before = [evidence({ accountId: "a", isUnseen: true }), evidence({ accountId: "b" })];
  const after = [evidence({ accountId: "a" }), evidence({ accountId: "c", isUnseen: true })];
  expect(bothEvidence(before, after).map(({ accountId, isUnseen }) => [accountId, isUnseen])).toEqual([
    ["a", true],
    ["b", false],
    ["c", true],
  ]);
});
