import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { z } from "zod";
import { systemClock } from "../../../src/core/clock.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { query, sql } from "../../../src/db/sql.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { createLedger } from "../../../src/ledger/ledger.ts";
import { makeMovementMonths } from "../../../src/ledger/partitions.ts";
import { stockAt } from "../../../src/ledger/past-stock.ts";
import { post } from "../../../src/ledger/post.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import {
  adjust,
  arrive,
  commit,
  expectUnits,
  line,
  orderTarget,
  receive,
  release,
  reserve,
  send,
} from "../../support/ledger-commands.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [
    { id: "main", name: "Main" },
    { id: "shop", name: "Shop" },
  ]);
});
afterAll(async () => {
  await database.drop();
});

const second = 1_000;
const day = 86_400 * second;

/** What a command does, how long after the one before it is recorded, and how long before that it occurred. */
type Step = { readonly what: number; readonly units: number; readonly afterMs: number; readonly lateMs: number };
const step: fc.Arbitrary<Step> = fc.record({
  what: fc.integer({ min: 0, max: 9 }),
  units: fc.integer({ min: 1, max: 5 }),
  afterMs: fc.constantFrom(0, 0, 1, 900, 9_999, 10_000, 10_001, 61 * second, 3_600 * second, day, 40 * day),
  lateMs: fc.constantFrom(
    0,
    0,
    1,
    -1,
    5 * second,
    -5 * second,
    10_000,
    -10_000,
    59 * second,
    3_600 * second,
    -day,
    29 * day,
    300 * day,
  ),
});

/** Unknown reservations and transfers are refused, which is as good a step as any. */
const commandOf = (
  { what, units }: Step,
  [one, two]: readonly [string, string],
  run: string,
  index: number,
): Command => {
  const id = `${run}-${index - (index % 3)}`;
  const commands: readonly Command[] = [
    receive(one, units * 3, { at: "main" }),
    receive(two, units * 2, { at: "shop" }),
    adjust(one, -units),
    expectUnits(one, units),
    reserve(id, [line(one, units), line(two, 1, "shop")], { mode: "partial", ttlMs: units === 1 ? null : 90 * day }),
    commit(id, units > 3 ? null : [line(one, 1)]),
    release(id, null),
    send(id, one, units),
    arrive(id, one, 1),
    orderTarget({
      sku: one,
      order: id,
      hold: units,
      left: units % 2,
      at: new Date(1_700_000_000_000 + index).toISOString(),
    }),
  ];
  return commands[what] as Command;
};

const iso = (epochMs: number): string => new Date(epochMs).toISOString();
let nowMs = Date.parse("2026-11-01T00:00:00.000Z");
let runs = 0;

const Delta = z.object({
  sku: z.string(),
  locationId: z.string(),
  oh: z.number(),
  rs: z.number(),
  ic: z.number(),
  reservation: z.string().nullable(),
  occurredMs: z.number(),
});
type Delta = z.infer<typeof Delta>;

const deltasOf = (skus: readonly string[]): Promise<readonly Delta[]> =>
  query(
    database.db,
    Delta,
    sql`
      select sku, location_id as "locationId", d_on_hand as oh, d_reserved as rs, d_incoming as ic,
             case when cause_type = 'reservation' then cause_id end as reservation,
             (extract(epoch from occurred_at) * 1000)::float8 as "occurredMs"
        from movement where sku = any(${skus})`,
  );

const sumBy = (deltas: readonly Delta[], keyOf: (delta: Delta) => string): ReadonlyMap<string, readonly number[]> => {
  const sums = new Map<string, readonly number[]>();
  for (const delta of deltas) {
    const [oh = 0, rs = 0, ic = 0] = sums.get(keyOf(delta)) ?? [];
    sums.set(keyOf(delta), [oh + delta.oh, rs + delta.rs, ic + delta.ic]);
  }
  return sums;
};
const sorted = (rows: Iterable<readonly unknown[]>): string[] => [...rows].map((row) => JSON.stringify(row)).toSorted();

const askLevels = async (skus: readonly string[], timeMs: number, asKnown: boolean) =>
  sorted(
    (await stockAt(database.db, skus, { time: iso(timeMs), asKnown })).levels.map((one) => [
      `${one.sku}@${one.locationId}`,
      [one.onHand, one.reserved, one.incoming],
    ]),
  );
const askReservations = async (skus: readonly string[], timeMs: number, asKnown: boolean) =>
  sorted(
    (await stockAt(database.db, skus, { time: iso(timeMs), asKnown })).reservations.map((one) => [
      `${one.reservationId} ${one.sku}@${one.locationId}`,
      one.units,
    ]),
  );

const liveLevels = async (skus: readonly string[]) =>
  sorted(
    (await levelsOf(database.db, skus))
      .filter((one) => one.version > 0)
      .map((one) => [`${one.sku}@${one.locationId}`, [one.onHand, one.reserved, one.incoming]]),
  );
const OpenLine = z.object({ name: z.string(), units: z.number() });
const liveReservations = async (skus: readonly string[]) =>
  sorted(
    (
      await query(
        database.db,
        OpenLine,
        sql`
          select reservation_id || ' ' || sku || '@' || location_id as name,
                 units_held - units_committed - units_released as units
            from reservation_line
           where sku = any(${skus}) and units_held > units_committed + units_released`,
      )
    ).map((one) => [one.name, one.units]),
  );

test("the past is what a look at that moment showed, and what had occurred by then, by both clocks at any moment", async () => {
  const play = async (steps: readonly Step[]): Promise<void> => {
    const run = `run${(runs += 1)}`;
    const skus = [`${run}-a`, `${run}-b`] as const;
    const looks = new Map<number, { levels: readonly string[]; reservations: readonly string[] }>();
    for (const [index, one] of steps.entries()) {
      nowMs += one.afterMs;
      await database.setClock(iso(nowMs));
      await makeMovementMonths(database.db);
      const command = { ...commandOf(one, skus, run, index), occurredAt: iso(nowMs - one.lateMs) };
      await inTransaction(database.db, (tx) => post(tx, [command]));
      looks.set(nowMs, { levels: await liveLevels(skus), reservations: await liveReservations(skus) });
    }
    nowMs += day;
    for (const [timeMs, look] of looks) {
      expect(await askLevels(skus, timeMs, true), `as known at ${iso(timeMs)}`).toEqual(look.levels);
      expect(await askReservations(skus, timeMs, true), `held as known at ${iso(timeMs)}`).toEqual(look.reservations);
    }
    const deltas = await deltasOf(skus);
    const moments = new Set([...looks.keys(), ...deltas.flatMap(({ occurredMs }) => [occurredMs - 1, occurredMs])]);
    for (const timeMs of moments) {
      const past = deltas.filter(({ occurredMs }) => occurredMs <= timeMs);
      const levels = sumBy(past, (delta) => `${delta.sku}@${delta.locationId}`);
      const held = sumBy(
        past.filter(({ reservation }) => reservation !== null),
        (delta) => `${delta.reservation} ${delta.sku}@${delta.locationId}`,
      );
      const got = await askLevels(skus, timeMs, false);
      // A level whose late movements cancel out is told with what it is: the same as one that nothing moved yet.
      const isZero = (row: string): boolean => row.endsWith("[0,0,0]]");
      expect(
        got.filter((row) => !isZero(row)),
        `as it was at ${iso(timeMs)}`,
      ).toEqual(sorted(levels).filter((row) => !isZero(row)));
      expect(await askReservations(skus, timeMs, false), `held as it was at ${iso(timeMs)}`).toEqual(
        sorted([...held].map(([name, [, units = 0]]) => [name, units])).filter((row) => !/,(?:0|-\d+)\]$/.test(row)),
      );
    }
  };
  await fc.assert(fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 22 }), play), {
    numRuns: 20,
    endOnFailure: true,
  });
});

test("a level is told by the version it had, and a late movement is told as one out of time", async () => {
  const ledger = createLedger({
    ...database,
    clock: systemClock,
    random: seededRandom(1),
    afterCommit: () => undefined,
  });
  nowMs += day;
  const first = nowMs;
  await database.setClock(iso(first));
  await ledger.submit({ ...receive("late", 5), occurredAt: iso(first) });
  await database.setClock(iso(first + day));
  await ledger.submit({ ...adjust("late", -2), occurredAt: iso(first + 3_600_000) });
  nowMs = first + day;
  const at = async (timeMs: number, asKnown: boolean) => {
    const [level] = (await stockAt(database.db, ["late"], { time: iso(timeMs), asKnown })).levels;
    return level && [level.onHand, level.version, level.outOfTime];
  };
  expect(await at(first - 1, true)).toBeUndefined();
  expect(await at(first + 7_200_000, true)).toEqual([5, 1, 0]);
  expect(await at(first + 7_200_000, false)).toEqual([3, 1, 1]);
  expect(await at(first + day, true)).toEqual([3, 2, 0]);
  expect(await at(first + day, false)).toEqual([3, 2, 0]);
});
