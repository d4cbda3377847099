import { expect, test } from "vitest";
import { judgeRun } from "../../../src/sync/guard.ts";

const limits = {
  maxZeroedCount: 2,
  maxZeroedPercent: 10,
  maxLoweredCount: 10,
  maxLoweredPercent: 60,
  maxRaisedCount: 5,
  maxRaisedPercent: 50,
};
const changes = (count: number, wantedUnits: number, shownUnits: number | null, withheldUnits = 0) =>
  Array.from({ length: count }, () => ({ wantedUnits, shownUnits, withheldUnits }));

test.each([
  ["within the count, however small the shop", changes(2, 0, 5), 4, undefined],
  ["within the share of a large shop", changes(10, 0, 5), 100, undefined],
  ["too many zeroed stops the run", changes(11, 0, 5), 100, /set 11 of 100 listings to 0 \(limit 10\)/],
  ["what shows 0 already is not zeroed", changes(50, 0, 0), 100, undefined],
  ["an empty ledger over a full shop is stopped", changes(100, 0, null), 100, /set 100 of 100/],
  ["too many raised stops the run", changes(51, 9, 5), 100, /raise 51 of 100 listings \(limit 50\)/],
  ["giving back what our own writes withheld is no raise", changes(100, 9, 5, 4), 100, undefined],
  ["more than what was withheld is one", changes(51, 10, 5, 4), 100, /raise 51 of 100/],
  ["lowering within the share", changes(60, 3, 5), 100, undefined],
  ["too many lowered stops the run", changes(61, 3, 5), 100, /lower 61 of 100 listings \(limit 60\)/],
  ["what was never seen is not lowered", changes(5, 3, null), 10, undefined],
] as const)("%s", (_name, given, listings, expected) => {
  const verdict = judgeRun(given, listings, limits);
  if (expected === undefined) expect(verdict).toBeUndefined();
  else expect(verdict).toMatch(expected);
});
