import { expect, test } from "vitest";
import { seededRandom } from "../../../src/core/random.ts";
import { type FaultGroup, type FaultType, familyOf, faultNames, faultTypes, schedule } from "../../chaos/faults.ts";

const take = (seed: number, faults: number, types?: readonly FaultType[]): readonly FaultGroup[] => {
  const groups: FaultGroup[] = [];
  for (const group of schedule(seededRandom(seed), types)) {
    if (groups.flat().length >= faults) return groups;
    groups.push(group);
  }
  return groups;
};

test("the same seed strikes the same, another one otherwise", () => {
  expect(take(4, 60)).toEqual(take(4, 60));
  expect(take(4, 60)).not.toEqual(take(5, 60));
});

test("in each round every fault comes once", () => {
  for (const seed of [1, 2, 3]) {
    const types = take(seed, 3 * faultNames.length)
      .flat()
      .map(({ type }) => type);
    for (let round = 0; round < 3; round += 1) {
      const drawn = types.slice(round * faultNames.length, (round + 1) * faultNames.length);
      expect(drawn.toSorted()).toEqual(faultNames.toSorted());
    }
  }
});

test("a fault lasts as long as its type may", () => {
  for (const { type, lastsMs } of take(9, 200).flat()) {
    const [minMs, maxMs] = faultTypes[type];
    expect(lastsMs).toBeGreaterThanOrEqual(minMs);
    expect(lastsMs).toBeLessThanOrEqual(maxMs);
  }
});

test("about a fifth overlap: the second begins before the first ends, and strikes elsewhere", () => {
  const groups = take(11, 600);
  const pairs = groups.filter((group) => group.length === 2);
  expect(pairs.length / groups.length).toBeGreaterThan(0.1);
  expect(pairs.length / groups.length).toBeLessThan(0.3);
  for (const [first, second] of pairs) {
    expect(second?.offsetMs).toBeLessThanOrEqual(first?.lastsMs ?? -1);
    expect(familyOf(second?.type ?? "web-killed")).not.toBe(familyOf(first?.type ?? "web-killed"));
  }
});

test("only the named faults strike", () => {
  const only = ["redis-flushed", "web-killed"] as const;
  const types = new Set(
    take(2, 40, only)
      .flat()
      .map(({ type }) => type),
  );
  expect([...types].toSorted()).toEqual(only);
});

test("the end of one fault cannot undo another that overlaps with it", () => {
  expect(familyOf("all-roles-killed")).toBe(familyOf("worker-frozen-past-lease"));
  expect(familyOf("web-killed")).toBe(familyOf("scheduler-killed"));
  expect(familyOf("channels-throttle")).toBe(familyOf("writes-ignored"));
  expect(familyOf("postgres-crashed")).toBe(familyOf("postgres-cut"));
  expect(familyOf("web-refusing")).not.toBe(familyOf("web-killed"));
});
