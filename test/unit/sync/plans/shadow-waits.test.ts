import { expect, test } from "vitest";
import { nextLookMs, waitIndex, waitLimitsMs, waitWithinMs } from "../../../../src/sync/shadow-waits.ts";

test("a waiting time is counted under the first limit that holds it", () => {
  expect([0, 1_000, 1_001, 60_000, 21_600_001].map(waitIndex)).toEqual([0, 0, 1, 2, waitLimitsMs.length]);
});

test.each([
  [[0, 0, 0, 0, 0, 0, 0, 0], 0.5, null],
  [[10, 0, 0, 0, 0, 0, 0, 0], 0.9, 1_000],
  [[5, 4, 0, 0, 1, 0, 0, 0], 0.5, 1_000],
  [[5, 4, 0, 0, 1, 0, 0, 0], 0.9, 10_000],
  [[5, 4, 0, 0, 1, 0, 0, 0], 0.95, 900_000],
  [[0, 0, 0, 0, 0, 0, 0, 3], 0.5, null],
])("of %j, %s lay within %s ms", (counts, share, withinMs) => {
  expect(waitWithinMs(counts, share)).toBe(withinMs);
});

test("it is looked at ever more seldom, and not after a day", () => {
  expect(nextLookMs(0, 0, 0)).toBe(2_000);
  expect(nextLookMs(0, 3, 10_000)).toBe(26_000);
  expect(nextLookMs(0, 40, 10_000)).toBe(310_000);
  expect(nextLookMs(0, 40, 24 * 3_600_000 + 1)).toBeNull();
});
