import { expect, test } from "vitest";
import { createFairQueue } from "../../../src/ledger/fair-queue.ts";

const queueOf = (items: readonly (readonly [string, number])[], limits = { itemsMax: 100, itemsMaxPerCaller: 100 }) => {
  const queue = createFairQueue<string>(limits);
  const kept = items.map(([caller, item]) => queue.push(caller, `${caller}${item}`));
  return { queue, kept };
};

test("a caller's own come in their order", () => {
  const { queue } = queueOf([
    ["a", 1],
    ["a", 2],
    ["a", 3],
  ]);
  expect([queue.take(2), queue.take(2), queue.take(2)]).toEqual([["a1", "a2"], ["a3"], []]);
});

test("callers take turns: one's single item does not wait behind another's hundred", () => {
  const many = Array.from({ length: 50 }, (_, index) => ["a", index] as const);
  const { queue } = queueOf([...many, ["b", 1], ["c", 1], ["c", 2]]);
  expect(queue.take(6)).toEqual(["a0", "b1", "c1", "a1", "c2", "a2"]);
  expect(queue.length).toBe(47);
});

test("whose turn the batch ended before comes first in the next", () => {
  const items = ["a", "b", "c"].flatMap((caller) => [1, 2].map((item) => [caller, item] as const));
  const { queue } = queueOf(items);
  expect([queue.take(2), queue.take(2), queue.take(2)]).toEqual([
    ["a1", "b1"],
    ["c1", "a2"],
    ["b2", "c2"],
  ]);
});

test("a caller that was served and comes back keeps its order", () => {
  const { queue } = queueOf([["a", 1]]);
  expect(queue.take(1)).toEqual(["a1"]);
  queue.push("a", "a2");
  queue.push("a", "a3");
  expect(queue.take(9)).toEqual(["a2", "a3"]);
  expect(queue.length).toBe(0);
});

test("a full share stops its caller, a full queue everybody", () => {
  const { kept } = queueOf(
    [
      ["a", 1],
      ["a", 2],
      ["a", 3],
      ["b", 1],
      ["c", 1],
    ],
    { itemsMax: 3, itemsMaxPerCaller: 2 },
  );
  expect(kept).toEqual([true, true, false, true, false]);
});
