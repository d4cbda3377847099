import fc from "fast-check";
import { expect, test } from "vitest";
import type { Command } from "../../../src/ledger/commands.ts";
import { type Decision, decide } from "../../../src/ledger/decide.ts";
import { type LockedState, levelKey, openUnits, underWay } from "../../../src/ledger/state.ts";
import {
  adjust,
  arrive,
  callOff,
  commit,
  correct,
  count,
  expectUnits,
  expire,
  extend,
  giveBack,
  line,
  orderTarget,
  receive,
  release,
  reserve,
  send,
} from "../../support/ledger-commands.ts";
import { after, answersOf, inSequence, level, stateOf } from "../../support/ledger-state.ts";

/** Laws of the ledger over any commands. A run that fails prints its seed and the shortest case. */

const skus = ["A", "B"] as const;
const places = ["main", "shop"] as const;
const sku = fc.constantFrom(...skus);
const units = fc.integer({ min: 1, max: 6 });
const signed = fc.integer({ min: -6, max: 6 }).filter((value) => value !== 0);
const id = fc.constantFrom("r1", "r2", "r3");
const transfer = fc.constantFrom("t1", "t2");
const place = fc.constantFrom(...places);
const lines = fc
  .uniqueArray(fc.tuple(sku, place), { minLength: 1, maxLength: 3, selector: ([a, b]) => `${a}${b}` })
  .chain((named) =>
    fc
      .array(units, { minLength: named.length, maxLength: named.length })
      .map((counts) => named.map(([one, where], index) => line(one, counts[index] ?? 1, where))),
  );
const part = fc.option(lines, { nil: null });
const hour = fc.integer({ min: 0, max: 9 }).map((value) => `2026-11-01T0${value}:00:00.000Z`);
const ttlMs = fc.constantFrom(1_000, 3_600_000, null);

const command: fc.Arbitrary<Command> = fc.oneof(
  fc.tuple(sku, units, fc.boolean(), place).map(([a, n, out, at]) => receive(a, n, { out, at })),
  fc.tuple(sku, signed).map(([a, n]) => expectUnits(a, n)),
  fc.tuple(sku, signed).map(([a, n]) => adjust(a, n)),
  fc.tuple(sku, fc.nat({ max: 12 })).map(([a, n]) => count(a, n)),
  fc.tuple(sku, signed, fc.integer({ min: -4, max: 4 })).map(([a, n, m]) => correct(a, n, m)),
  fc.tuple(sku, units, fc.boolean()).map(([a, n, restock]) => giveBack(a, n, restock)),
  fc
    .tuple(id, lines, fc.constantFrom("all", "partial"), ttlMs)
    .map(([r, named, mode, ttl]) => reserve(r, named, { mode, ttlMs: ttl })),
  fc.tuple(id, part).map(([r, named]) => commit(r, named)),
  fc.tuple(id, part).map(([r, named]) => release(r, named)),
  id.map((r) => extend(r, 5_000)),
  id.map((r) => expire(r)),
  fc.tuple(transfer, sku, units, place).map(([t, a, n, to]) => send(t, a, n, to)),
  fc.tuple(transfer, sku, units, fc.nat({ max: 2 })).map(([t, a, n, lost]) => arrive(t, a, n, lost)),
  fc.tuple(transfer, sku).map(([t, a]) => callOff(t, a)),
  fc
    .record({ sku, order: fc.constantFrom("o1", "o2"), hold: fc.nat({ max: 5 }), left: fc.nat({ max: 5 }), at: hour })
    .map((view) => orderTarget(view)),
);
const commands = fc.array(command, { maxLength: 40 });

const start = stateOf(
  skus.flatMap((one) => places.map((locationId) => level({ sku: one, locationId, onHand: 10, version: 0 }))),
);
const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Time passes while commands come: a reservation of a second may be over by the next one. */
const play = (
  list: readonly Command[],
): { readonly state: LockedState; readonly decisions: readonly Decision[]; readonly answers: readonly string[] } => {
  const decisions: Decision[] = [];
  let state = start;
  for (const [index, one] of list.entries()) {
    state = { ...state, clockAt: new Date(Date.parse(start.clockAt) + index * 400).toISOString() };
    const decision = decide(state, [one]);
    decisions.push(decision);
    state = after(state, decision);
  }
  return { state, decisions, answers: decisions.flatMap((decision) => decision.answers) };
};

test("every level is the sum of its movements, and its version their count", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { state, decisions } = play(list);
      const movements = decisions.flatMap((decision) => decision.movements);
      for (const end of state.levels.values()) {
        const own = movements.filter((one) => one.sku === end.sku && one.locationId === end.locationId);
        const figures = [10 + sum(own.map((one) => one.dOnHand)), sum(own.map((one) => one.dReserved))];
        expect([end.onHand, end.reserved, end.incoming, end.version]).toEqual([
          ...figures,
          sum(own.map((one) => one.dIncoming)),
          own.length,
        ]);
        expect(own.map((one) => one.after.version)).toEqual(own.map((_, index) => index + 1));
      }
    }),
  );
});

test("what is reserved and incoming is exactly what reservations, orders and transfers say", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { state } = play(list);
      for (const end of state.levels.values()) {
        const here = (one: { sku: string; locationId: string }): boolean =>
          levelKey(one.sku, one.locationId) === levelKey(end.sku, end.locationId);
        const held = [...state.reservations.values()].flatMap((one) => one.lines.filter(here).map(openUnits));
        const orders = [...state.orderLines.values()].filter(here).map((one) => one.holdUnits);
        expect(end.reserved).toBe(sum(held) + sum(orders));
        const coming = [...state.transfers.values()].filter((one) =>
          here({ sku: one.sku, locationId: one.toLocationId }),
        );
        expect(end.incoming).toBeGreaterThanOrEqual(sum(coming.map(underWay)));
      }
    }),
  );
});

test("transfers neither make nor lose a unit that they do not state as lost", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const { state, decisions } = play(list);
      const moved = decisions.flatMap((decision) => decision.movements.filter((one) => one.kind === "transfer"));
      const lost = sum([...state.transfers.values()].map((one) => one.lostUnits));
      expect(sum(moved.map((one) => one.dOnHand + one.dIncoming)) + lost).toBe(0);
    }),
  );
});

test("no reservation and no transfer of ours takes available below zero; whatever else does is an incident", () => {
  fc.assert(
    fc.property(commands, (list) => {
      for (const { movements, incidents } of play(list).decisions) {
        for (const one of movements) {
          const free = one.after.onHand - one.after.reserved;
          if (free >= 0 || one.dOnHand - one.dReserved >= 0) continue;
          expect(["reservation", "transfer"]).not.toContain(one.kind);
          expect(incidents.map((incident) => incident.leg)).toContain(one.leg);
        }
      }
    }),
  );
});

test("a batch is its commands one after the other", () => {
  fc.assert(
    fc.property(commands, (list) => {
      const batch = decide(start, list);
      const sequence = inSequence(start, list);
      expect(batch.answers).toEqual(sequence.answers);
      expect(batch.movements).toEqual(sequence.decisions.flatMap((decision) => decision.movements));
      expect(batch.incidents).toEqual(sequence.decisions.flatMap((decision) => decision.incidents));
      expect(after(start, batch)).toEqual(sequence.state);
    }),
  );
});

test("every command sent again changes nothing and gets the same answer, byte for byte", () => {
  fc.assert(
    // Not the expiry job's own: what was not over then may be over now, and is meant to have its effect then.
    fc.property(
      commands.map((list) => list.filter((one) => one.kind !== "expire")),
      (list) => {
        const first = play(list);
        const again = decide(first.state, list);
        expect([again.movements, again.newKeys, again.levels]).toEqual([[], [], []]);
        for (const [index, answer] of answersOf(again.answers).entries()) {
          // What changed nothing and was not remembered says how things are now.
          if (first.state.known.has(list[index]?.key ?? "")) expect(again.answers[index]).toBe(first.answers[index]);
          else expect(answer).toMatchObject({ status: "done", changed: false });
        }
      },
    ),
  );
});

test("any order and repetition of an order's events ends in the same lines and figures", () => {
  const view = fc.record({
    sku,
    order: fc.constantFrom("o1", "o2"),
    hold: fc.nat({ max: 4 }),
    left: fc.nat({ max: 4 }),
    back: fc.nat({ max: 2 }),
    at: hour,
  });
  const shuffled = fc
    .array(view, { minLength: 1, maxLength: 10 })
    .chain((views) =>
      fc.tuple(fc.constant(views), fc.shuffledSubarray([...views, ...views], { minLength: views.length * 2 })),
    );
  const end = (views: readonly Parameters<typeof orderTarget>[0][]) => {
    const { levels, orderLines } = after(start, decide(start, views.map(orderTarget)));
    const figures = [...levels.values()].map((one) => [one.sku, one.locationId, one.onHand, one.reserved]);
    return { figures, orderLines };
  };
  fc.assert(
    fc.property(shuffled, ([views, mixed]) => {
      expect(end(mixed)).toEqual(end(views));
    }),
  );
});
