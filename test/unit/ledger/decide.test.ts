import fc from "fast-check";
import { expect, test } from "vitest";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import type { Answer } from "../../../src/ledger/answers.ts";
import type { Command, SetOrderTarget } from "../../../src/ledger/commands.ts";
import { decide } from "../../../src/ledger/decide.ts";
import { orderTargetKey } from "../../../src/ledger/post.ts";
import {
  type Level,
  type LockedState,
  levelKey,
  type OrderLineState,
  orderLineKey,
} from "../../../src/ledger/state.ts";

const locationId = LocationId.parse("main");
const sku = Sku.parse("A");
const at = "2026-11-01T00:00:00.000Z";

const level = (given: Partial<Level> = {}): Level => ({
  sku: "A",
  locationId: "main",
  onHand: 10,
  reserved: 0,
  incoming: 0,
  version: 3,
  ...given,
});
const state = (levels: readonly Level[], orderLines: readonly OrderLineState[] = []): LockedState => ({
  levels: new Map(levels.map((one) => [levelKey(one.sku, one.locationId), one])),
  orderLines: new Map(orderLines.map((line) => [orderLineKey(line), line])),
  unmade: new Set(),
  movements: new Set(),
  locations: new Set(["main"]),
  reservations: new Map(),
  transfers: new Map(),
  inTransit: new Map(),
  known: new Map(),
  clockAt: at,
});
const adjust = (units: number, key: string): Command => ({
  kind: "adjust",
  key,
  sku,
  locationId,
  units,
  reason: "r",
  actor: "t",
  occurredAt: at,
});
const target = (view: {
  hold: number;
  left?: number;
  back?: number;
  at: string;
  observed?: string;
}): SetOrderTarget => {
  const body = {
    accountId: "shop",
    orderRef: "o",
    lineRef: "1",
    sku,
    target: { holdUnits: view.hold, leftUnits: view.left ?? 0, backUnits: view.back ?? 0 },
    sourceUpdatedAt: view.at,
    sourceObservedAt: view.observed ?? view.at,
  };
  return { ...body, kind: "order-target", key: orderTargetKey(body), locationId, actor: "t", occurredAt: view.at };
};
const answers = (texts: readonly string[]): readonly Answer[] => texts.map((text) => JSON.parse(text) as Answer);

test("commands of a batch see the effects of those before them", () => {
  const decision = decide(state([level()]), [adjust(-6, "k1"), adjust(-6, "k2"), adjust(-4, "k3")]);
  expect(answers(decision.answers).map((answer) => answer.status)).toEqual(["done", "refused", "done"]);
  expect(decision.levels).toEqual([level({ onHand: 0, version: 5 })]);
  expect(decision.movements.map((movement) => movement.after.version)).toEqual([4, 5]);
});

test("a key twice in one batch is one effect and one answer", () => {
  const decision = decide(state([level()]), [adjust(-1, "k"), adjust(-1, "k"), adjust(-2, "k")]);
  expect(decision.answers[1]).toBe(decision.answers[0]);
  expect(answers(decision.answers)[2]).toMatchObject({ status: "refused", refusal: "key-reused" });
  expect(decision.movements).toHaveLength(1);
});

test("an order shipped takes units from the shelf and from what was promised", () => {
  const decision = decide(state([level()]), [
    target({ hold: 3, at }),
    target({ hold: 1, left: 2, at: "2026-11-01T01:00:00.000Z" }),
  ]);
  expect(decision.movements.map(({ dOnHand, dReserved }) => [dOnHand, dReserved])).toEqual([
    [0, 3],
    [-2, -2],
  ]);
  expect(decision.levels).toEqual([level({ onHand: 8, reserved: 1, version: 5 })]);
});

test("an older view of an order changes nothing, even when it comes later", () => {
  const decision = decide(state([level()]), [
    target({ hold: 0, at: "2026-11-01T01:00:00.000Z" }),
    target({ hold: 3, at }),
  ]);
  expect(decision.movements).toEqual([]);
  expect(decision.newKeys).toEqual([]);
});

test("of two views with the same update time the one rendered later counts", () => {
  const seen = target({ hold: 2, at, observed: "2026-11-01T00:00:05.000Z" });
  const later = target({ hold: 3, at, observed: "2026-11-01T00:00:09.000Z" });
  for (const order of [
    [seen, later],
    [later, seen],
  ])
    expect(decide(state([level()]), order).levels[0]?.reserved).toBe(3);
});

test("what an order line takes below zero is an incident of exactly the units that are short", () => {
  const decision = decide(state([level({ onHand: 2 })]), [target({ hold: 5, at })]);
  expect(decision.incidents).toMatchObject([{ unitsShort: 3, orderRef: "o" }]);
});

test("any order and repetition of any views ends in the same line and the same figures", () => {
  const view = fc.record({
    hold: fc.integer({ min: 0, max: 4 }),
    left: fc.integer({ min: 0, max: 4 }),
    back: fc.integer({ min: 0, max: 2 }),
    at: fc.integer({ min: 0, max: 3 }).map((hour) => `2026-11-01T0${hour}:00:00.000Z`),
  });
  fc.assert(
    fc.property(
      fc
        .array(view, { minLength: 1, maxLength: 8 })
        .chain((views) =>
          fc.tuple(fc.constant(views), fc.shuffledSubarray([...views, ...views], { minLength: views.length * 2 })),
        ),
      ([views, shuffled]) => {
        const end = (list: readonly (typeof views)[number][]) => {
          const decision = decide(state([level()]), list.map(target));
          const [last] = decision.levels;
          return { line: decision.orderLines, onHand: last?.onHand ?? 10, reserved: last?.reserved ?? 0 };
        };
        expect(end(shuffled)).toEqual(end(views));
      },
    ),
  );
});

test("levels are the sum of their movements after any batch", () => {
  const command = fc.oneof(
    fc
      .integer({ min: -8, max: 8 })
      .filter((units) => units !== 0)
      .map((units) => ({ adjust: units })),
    fc.record({ hold: fc.integer({ min: 0, max: 5 }), hour: fc.integer({ min: 0, max: 9 }) }),
  );
  fc.assert(
    fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
      const decision = decide(
        state([level()]),
        commands.map((one, index) =>
          "adjust" in one
            ? adjust(one.adjust, `k${index}`)
            : target({ hold: one.hold, at: `2026-11-01T0${one.hour}:00:00.000Z` }),
        ),
      );
      const sum = decision.movements.reduce(
        (total, { dOnHand, dReserved }) => [total[0]! + dOnHand, total[1]! + dReserved],
        [10, 0],
      );
      const last = decision.levels[0] ?? level();
      expect([last.onHand, last.reserved]).toEqual(sum);
      expect(last.onHand).toBeGreaterThanOrEqual(0);
      expect(last.version).toBe(3 + decision.movements.length);
    }),
  );
});
