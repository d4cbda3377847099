import fc from "fast-check";
import { expect, test } from "vitest";
import { type AllocationPolicy, allocate, evaluate, showEverything } from "../../../src/mapping/allocate.ts";
import { choosePolicy, policyVersion } from "../../../src/mapping/policy.ts";

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

const main = { locationId: "main", onHand: 20, reserved: 6, incoming: 40, version: 7 };
const shop = { locationId: "shop", onHand: 5, reserved: 7, incoming: 0, version: 2 };
const far = { locationId: "far", onHand: 100, reserved: 0, incoming: 30, version: 1, onlyNamed: true } as const;
const shelf = (unitsEach: number, ...levels: readonly (typeof main | typeof far)[]) => [
  { sku: "A", unitsEach, availableUnits: 0, levels },
];
const counting = (...counts: NonNullable<AllocationPolicy["counts"]>) => policy({ counts });

test.each([
  ["available is summed over the account's locations", shelf(1, main, shop), policy({}), 12],
  ["a location short of units takes from the others' sum", shelf(1, shop, main), policy({}), 12],
  ["a location that is only named counts for nothing unnamed", shelf(1, main, far), policy({}), 14],
  ["on hand alone", shelf(1, main), counting({ figure: "on_hand", sign: 1 }), 20],
  [
    "on hand less reserved is what is available",
    shelf(1, main, shop),
    counting({ figure: "on_hand", sign: 1 }, { figure: "reserved", sign: -1 }),
    12,
  ],
  [
    "what is incoming at one location may count",
    shelf(1, main, far),
    counting({ figure: "available", sign: 1 }, { figure: "incoming", locationId: "far", sign: 1 }),
    44,
  ],
  [
    "one location's available alone",
    shelf(1, main, shop),
    counting({ figure: "available", locationId: "main", sign: 1 }),
    14,
  ],
  ["packs are made of the sum", shelf(5, main, shop), policy({}), 2],
  ["more taken off than there is shows zero", shelf(1, main), counting({ figure: "reserved", sign: -1 }), 0],
] as const)("%s", (_name, components, given, expected) => {
  expect(allocate(components, given).units).toBe(expected);
});

const tiers = [
  { upToUnits: 3, capUnits: 1 },
  { upToUnits: 10, sharePercent: 50, bufferUnits: 0 },
];
test.each([
  ["above every tier the policy itself holds", 11, { bufferUnits: 2, tiers }, 9],
  ["in a tier its share and buffer hold", 10, { bufferUnits: 2, tiers }, 5],
  ["the tier with the smallest number that fits wins, whatever the order", 3, { tiers: tiers.toReversed() }, 1],
  ["what a tier leaves out stays the policy's", 3, { bufferUnits: 2, tiers }, 1],
  ["a tier may lift the cap", 5, { capUnits: 1, tiers: [{ upToUnits: 9, capUnits: null }] }, 5],
  ["nothing left is nothing shown in any tier", 0, { tiers }, 0],
] as const)("%s", (_name, availableUnits, given, expected) => {
  expect(allocate(one(availableUnits), policy(given)).units).toBe(expected);
});

const last = policy({ lastUnits: { atMostUnits: 3, accounts: ["shop"] } });
test.each([
  ["the last units show on the account that has priority", 3, "shop", 3],
  ["and on no other", 3, "ebay", 0],
  ["while there are more, every account shows them", 4, "ebay", 4],
  ["what is withheld for sales under way does not make units the last ones", 9, "ebay", 2],
] as const)("%s", (_name, availableUnits, accountId, expected) => {
  const withheldUnits = availableUnits === 9 ? 7 : 0;
  expect(allocate([{ sku: "A", unitsEach: 1, availableUnits, withheldUnits }], last, { accountId }).units).toBe(
    expected,
  );
});

test("a zero hold shows nothing, and without its term the number is what it was", () => {
  const { units, terms } = allocate(one(9), policy({ capUnits: 5 }), { zeroHoldIds: [4, 8] });
  expect(units).toBe(0);
  expect(terms.at(-1)).toEqual({ term: "hold", holdIds: [4, 8], units: 0 });
  expect(evaluate(terms.filter(({ term }) => term !== "hold")).units).toBe(5);
});

test("terms that were stored before levels and policies were in them still give their number", () => {
  const stored = [
    { term: "available", sku: "A", units: 9, unitsEach: 2, withheldUnits: 1 },
    { term: "cap", capUnits: 3, units: 3 },
  ] as const;
  expect(evaluate(stored)).toEqual({ units: 3, terms: stored });
});

test("the same content is the same version, whatever the order of its keys; other content is another", () => {
  expect(policyVersion({ floorUnits: 0, capUnits: null, bufferUnits: 0, sharePercent: 100 })).toBe(
    policyVersion(showEverything),
  );
  expect(policyVersion(policy({ bufferUnits: 1 }))).not.toBe(policyVersion(showEverything));
});

test("a listing that is named goes before a SKU that is named, and both before the account's policy", () => {
  const [a, b] = [policy({ capUnits: 1 }), policy({ capUnits: 2 })];
  const book = {
    policy: showEverything,
    overrides: [
      { skus: ["A"], listings: [], policy: a },
      { skus: ["A"], listings: ["ref"], policy: b },
    ],
  };
  expect(choosePolicy(book, { ref: "ref", skus: ["A"] })).toEqual({ policy: b, by: "listing" });
  expect(choosePolicy(book, { ref: "other", skus: ["A", "B"] })).toEqual({ policy: a, by: "sku" });
  expect(choosePolicy(book, { ref: "other", skus: ["B"] })).toEqual({ policy: showEverything, by: "account" });
});

const anyPolicy = fc.record(
  {
    sharePercent: fc.integer({ min: 0, max: 100 }),
    bufferUnits: fc.integer({ min: 0, max: 50 }),
    capUnits: fc.option(fc.integer({ min: 0, max: 100 })),
    floorUnits: fc.integer({ min: 0, max: 20 }),
    lastUnits: fc.record({
      atMostUnits: fc.integer({ min: 0, max: 20 }),
      accounts: fc.constantFrom(["me"], ["other"]),
    }),
    tiers: fc.array(
      fc.record(
        {
          upToUnits: fc.integer({ min: 0, max: 60 }),
          sharePercent: fc.integer({ min: 0, max: 100 }),
          capUnits: fc.option(fc.nat(9)),
        },
        { requiredKeys: ["upToUnits"] },
      ),
      { maxLength: 3 },
    ),
  },
  { requiredKeys: ["sharePercent", "bufferUnits", "capUnits", "floorUnits"] },
);
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
      const { units, terms } = allocate(components, given, { accountId: "me" });
      expect(evaluate(terms)).toEqual({ units, terms });
      expect(Number.isInteger(units) && units >= 0).toBe(true);
      for (const component of components)
        expect(units * component.unitsEach).toBeLessThanOrEqual(Math.max(0, component.availableUnits));
    }),
  );
});
