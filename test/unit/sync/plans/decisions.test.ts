import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseCanary } from "../../../../src/sync/plan-canary.ts";
import { countGroups, groupOf, type PlanGroup, planGroups } from "../../../../src/sync/plan-groups.ts";
import { judgePlan } from "../../../../src/sync/plan-guards.ts";
import { planHash, policyVersionOf } from "../../../../src/sync/plan-hash.ts";
import { type ApplyFigures, refusalsOf } from "../../../../src/sync/plan-refusals.ts";
import { approves, judgeWorld, type WorldLine } from "../../../../src/sync/plan-world.ts";

test.each([
  [9, 0, true, "zeroing"],
  [9, 0, false, "not-in-ledger"],
  [0, 0, false, "unchanged"],
  [9, 4, true, "lowering"],
  [4, 9, true, "raise"],
  [4, 4, true, "unchanged"],
  [null, 4, true, "unreadable"],
  [null, null, true, "unmapped"],
  [4, null, true, "unmapped"],
] as const)("shown %s, wanted %s, at the ledger %s: %s", (shownUnits, wantedUnits, inLedger, group) => {
  expect(groupOf({ shownUnits, wantedUnits, inLedger })).toBe(group);
});

const figure = fc.option(fc.nat(20), { nil: null });
const figures = fc.record({ shownUnits: figure, wantedUnits: figure, inLedger: fc.boolean() });

test("every listing is in one group, and the groups' counts and shares add up", () => {
  fc.assert(
    fc.property(fc.array(figures, { minLength: 1, maxLength: 60 }), (given) => {
      const lines = given.map((line) => ({ ...line, group: groupOf(line) }));
      const counts = Object.values(countGroups(lines));
      expect(counts.reduce((sum, { listings }) => sum + listings, 0)).toBe(lines.length);
      expect(counts.reduce((sum, { sharePercent }) => sum + sharePercent, 0)).toBeCloseTo(100, 0);
    }),
  );
});

const limits = {
  maxZeroedCount: 2,
  maxZeroedPercent: 10,
  maxLoweredCount: 5,
  maxLoweredPercent: 50,
  maxRaisedCount: 3,
  maxRaisedPercent: 20,
};
const many = (count: number, shownUnits: number | null, wantedUnits: number | null, inLedger = true) =>
  Array.from({ length: count }, () => {
    const line = { shownUnits, wantedUnits, inLedger };
    return { ...line, group: groupOf(line) };
  });
const exceeded = (lines: ReturnType<typeof many>): readonly string[] =>
  judgePlan(lines, limits).flatMap((verdict) => (verdict.exceeded ? [verdict.guard] : []));

test.each([
  ["within all limits", [...many(10, 5, 0), ...many(50, 5, 3), ...many(20, 3, 5), ...many(20, 5, 5)], []],
  ["too many set to 0", [...many(11, 5, 0), ...many(89, 5, 5)], ["zeroed"]],
  ["what the ledger does not hold is set to 0 too", [...many(11, 5, 0, false), ...many(89, 5, 5)], ["zeroed"]],
  ["too many lowered", [...many(51, 5, 3), ...many(49, 5, 5)], ["lowered"]],
  ["too many raised", [...many(21, 3, 5), ...many(79, 5, 5)], ["raised"]],
  [
    "what is not linked does not make a shop larger",
    [...many(3, 5, 0), ...many(3, 5, 5), ...many(99, null, null)],
    ["zeroed"],
  ],
  ["a small shop of which nothing would be left", many(2, 5, 0), ["everything-zero"]],
  ["a shop that shows nothing anyway", many(50, 0, 0), []],
  ["what cannot be read counts for nothing", [...many(90, null, 5), ...many(10, 5, 5)], []],
] as const)("%s", (_name, lines, expected) => {
  expect(exceeded([...lines])).toEqual(expected);
});

const hashed = [
  { ref: "a", group: "raise", shownUnits: 1, wantedUnits: 2 },
  { ref: "b", group: "unmapped", shownUnits: null, wantedUnits: null },
] as const;
const plan = { accountId: "shop", policyVersion: "p1", lines: hashed };

test("a plan's hash is its content: the same in any order, another for any other number, policy or account", () => {
  const hash = planHash(plan);
  expect(planHash({ ...plan, lines: hashed.toReversed() })).toBe(hash);
  const [a, b] = hashed;
  const others = [
    { ...plan, accountId: "shop2" },
    { ...plan, policyVersion: "p2" },
    { ...plan, lines: [{ ...a, shownUnits: 0 }, b] },
    { ...plan, lines: [{ ...a, wantedUnits: 3 }, b] },
    { ...plan, lines: [{ ...a, ref: "c" }, b] },
    { ...plan, lines: [a] },
  ].map(planHash);
  expect(new Set([hash, ...others]).size).toBe(others.length + 1);
});

test("a policy's version is that of its rules and its location, whatever the order of its fields", () => {
  const policy = { sharePercent: 100, bufferUnits: 1, capUnits: null, floorUnits: 0 };
  const turned = Object.fromEntries(Object.entries(policy).toReversed());
  const version = policyVersionOf({ policy, locationId: "main" });
  expect(policyVersionOf({ policy: turned, locationId: "main" })).toBe(version);
  expect(policyVersionOf({ policy: { ...policy, bufferUnits: 2 }, locationId: "main" })).not.toBe(version);
  expect(policyVersionOf({ policy, locationId: "back" })).not.toBe(version);
});

const still: WorldLine = {
  ref: "a",
  planned: { group: "lowering", shownUnits: 9, wantedUnits: 5 },
  now: { shownUnits: 9, wantedUnits: 5, inLedger: true },
};
const world = (moved: WorldLine["now"], times: number, of = 1_000): WorldLine[] => [
  ...Array.from({ length: times }, () => ({ ...still, now: moved })),
  ...Array.from({ length: of - times }, () => still),
];
const sold = { shownUnits: 8, wantedUnits: 4, inLedger: true };
const gone = { shownUnits: 8, wantedUnits: 0, inLedger: true };

test.each([
  ["nothing has moved", world(sold, 0), 0, false],
  ["a shop sells while somebody reads", world(sold, 20), 0, false],
  ["too much has moved", world(sold, 21), 0, true],
  ["in a small shop three may", world(sold, 3, 5), 0, false],
  ["a few more would be set to 0", world(gone, 5), 0, false],
  ["more would be set to 0 than were approved", world(gone, 6), 0, true],
  ["listings that the plan does not know", world(sold, 0), 21, true],
] as const)("%s", (_name, lines, unplanned, moved) => {
  expect(judgeWorld(lines, unplanned).moved).toBe(moved);
});

test.each([
  ["zeroing", "lower", 0, 0, true],
  ["zeroing", "lower", 0, 3, true],
  ["zeroing", "raise", 0, 9, false],
  ["not-in-ledger", "lower", 0, 0, true],
  ["lowering", "lower", 5, 4, true],
  ["lowering", "lower", 5, 0, false],
  ["lowering", "raise", 5, 9, false],
  ["raise", "raise", 10, 12, true],
  ["raise", "raise", 10, 13, false],
  ["raise", "raise", 100, 110, true],
  ["raise", "raise", 100, 111, false],
  ["raise", "lower", 10, 3, false],
  ["unchanged", "lower", 5, 4, false],
] as const)(
  "a %s line, to %s: planned %s, now %s, approved %s",
  (group, reason, plannedUnits, wantedUnits, approved) => {
    expect(approves({ group, reason, plannedUnits, wantedUnits })).toBe(approved);
  },
);

test("the canary takes from every group in turn, is of the asked size, and is the same for the same plan", () => {
  const groupAt = fc.constantFrom<PlanGroup>(...planGroups);
  fc.assert(
    fc.property(fc.array(groupAt, { maxLength: 40 }), fc.nat(12), (groups, count) => {
      const lines = groups.map((group, listingId) => ({ listingId, ref: `r${listingId}`, group }));
      const written = lines.filter(({ group }) => !["unchanged", "unreadable", "unmapped"].includes(group));
      const canary = chooseCanary(lines, count, "hash");
      expect(canary).toEqual(chooseCanary(lines.toReversed(), count, "hash"));
      expect(canary).toHaveLength(Math.min(count, written.length));
      expect(new Set(canary).size).toBe(canary.length);
      const kinds = new Set(written.map(({ group }) => group));
      const chosen = new Set(written.filter(({ listingId }) => canary.includes(listingId)).map(({ group }) => group));
      expect(chosen.size).toBe(Math.min(kinds.size, count));
    }),
  );
});

const hour = 3_600_000;
const fit: ApplyFigures = {
  state: "proposed",
  madeAtMs: 0,
  applyStartedAtMs: null,
  accountState: "read-only",
  policyVersion: "p1",
  policyVersionNow: "p1",
  guards: judgePlan(many(5, 5, 5), limits),
  groups: countGroups(many(5, 5, 5)),
  overrideReason: null,
  nowMs: hour,
};
const passed = { guards: judgePlan(many(50, 5, 0), limits) };

test.each([
  ["a fresh plan within its limits", {}, []],
  ["one that was begun goes on", { state: "applying", applyStartedAtMs: 0 }, []],
  ["one that stopped may be tried again", { state: "stopped", applyStartedAtMs: 0 }, []],
  ["being read", { state: "reading" }, ["state"]],
  ["applied already", { state: "applied" }, ["state"]],
  ["put back", { state: "restored" }, ["state"]],
  ["the account is live", { accountState: "live" }, ["account"]],
  ["credentials do not work", { accountState: "needs-attention" }, ["account"]],
  ["a day old", { nowMs: 24 * hour }, []],
  ["older than a day", { nowMs: 24 * hour + 1 }, ["old"]],
  [
    "begun more than a day ago",
    { state: "stopped", applyStartedAtMs: 0, madeAtMs: 40 * hour, nowMs: 41 * hour },
    ["old"],
  ],
  ["another policy by now", { policyVersionNow: "p2" }, ["policy"]],
  ["limits passed", passed, ["guard", "guard"]],
  ["limits passed and overridden", { ...passed, overrideReason: "we close" }, []],
  ["nothing is linked", { groups: countGroups(many(5, null, null)) }, ["nothing-linked"]],
] as const)("%s", (_name, change, codes) => {
  expect(refusalsOf({ ...fit, ...change }).map(({ code }) => code)).toEqual(codes);
});
