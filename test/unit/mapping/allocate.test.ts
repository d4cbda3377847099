import fc from "fast-check";
import { expect, test } from "vitest";
import { type AllocationPolicy, allocate, evaluate, showEverything } from "../../../src/mapping/allocate.ts";

const one = (availableUnits: number, unitsEach = 1) => [{ sku: "A", unitsEach, availableUnits }];
const policy = (given: Partial<AllocationPolicy>): AllocationPolicy => ({ ...showEverything, ...given });

test.each([
  ["everything is shown by default", one(9), policy({}), 9],
  ["never below zero, whatever was oversold", one(-4), policy({}), 0],
  ["a share rounds down", one(9), policy({ sharePercent: 50 }), 4],
  ["a buffer is kept back from what the share leaves", one(9), policy({ sharePercent: 50, bufferUnits: 3 }), 1],
  ["a buffer larger than the stock shows zero", one(2), policy({ bufferUnits: 5 }), 0],
  ["a cap hides the rest", one(900), policy({ capUnits: 5 }), 5],
  ["below the floor nothing is shown", one(2), policy({ floorUnits: 3 }), 0],
  ["at the floor it is shown", one(3), policy({ floorUnits: 3 }), 3],
  ["a multipack needs whole packs", one(11, 4), policy({}), 2],
  ["no component, nothing to sell", [], policy({}), 0],
  [
    "a kit is as available as its scarcest component",
    [
      { sku: "A", unitsEach: 1, availableUnits: 10 },
      { sku: "B", unitsEach: 2, availableUnits: 7 },
    ],
    policy({}),
    3,
  ],
] as const)("%s", (_name, components, given, expected) => {
  expect(allocate(components, given).units).toBe(expected);
});

const anyPolicy = fc.record({
  sharePercent: fc.integer({ min: 0, max: 100 }),
  bufferUnits: fc.integer({ min: 0, max: 50 }),
  capUnits: fc.option(fc.integer({ min: 0, max: 100 })),
  floorUnits: fc.integer({ min: 0, max: 20 }),
});
const anyComponents = fc.array(
  fc.record({
    sku: fc.string({ minLength: 1 }),
    unitsEach: fc.integer({ min: 1, max: 12 }),
    availableUnits: fc.integer({ min: -50, max: 500 }),
  }),
  { maxLength: 4 },
);

test("re-evaluating the terms gives the number again, and it can always be delivered", () => {
  fc.assert(
    fc.property(anyComponents, anyPolicy, (components, given) => {
      const { units, terms } = allocate(components, given);
      expect(evaluate(terms)).toEqual({ units, terms });
      expect(Number.isInteger(units) && units >= 0).toBe(true);
      for (const component of components)
        expect(units * component.unitsEach).toBeLessThanOrEqual(Math.max(0, component.availableUnits));
    }),
  );
});
