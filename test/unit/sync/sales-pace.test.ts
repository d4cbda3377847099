import { expect, test } from "vitest";
import { type PastSale, salesPace } from "../../../src/sync/sales-pace.ts";

const sales = (...given: readonly (readonly [atMs: number, units: number])[]): readonly PastSale[] =>
  given.map(([atMs, units]) => ({ atMs, units }));
const times = { windowMs: 1_000, quietMs: 4_000 };

test("a SKU that never sold is quiet and withholds nothing", () => {
  expect(salesPace([], times)).toEqual({ burstUnits: 0, quietAtMs: 0 });
});

test.each([
  ["a single sale", sales([0, 3]), 3],
  ["sales further apart than the window count singly", sales([0, 3], [1_001, 2]), 3],
  ["sales within the window count together", sales([0, 3], [1_000, 2]), 5],
  ["the largest stretch counts, not the last one", sales([0, 5], [900, 5], [5_000, 1]), 10],
  ["in whatever order they come", sales([5_000, 1], [900, 5], [0, 5]), 10],
  ["the stretch slides over all sales", sales([0, 1], [600, 4], [1_200, 4], [1_700, 1]), 8],
] as const)("the burst is the most that any stretch took: %s", (_name, given, units) => {
  expect(salesPace(given, times).burstUnits).toBe(units);
});

test.each([
  ["the least wait after a single sale", sales([10_000, 1]), 14_000],
  ["three usual gaps when those are longer", sales([0, 1], [2_000, 1], [4_000, 1]), 10_000],
  ["at most five times the least wait", sales([0, 1], [60_000, 1]), 80_000],
] as const)("it is quiet after %s", (_name, given, atMs) => {
  expect(salesPace(given, times).quietAtMs).toBe(atMs);
});
