import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { execute, sql } from "../../../src/db/sql.ts";
import { inTransaction } from "../../../src/db/transaction.ts";
import { checkLedger } from "../../../src/ledger/check.ts";
import type { Command, SetOrderTarget } from "../../../src/ledger/commands.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { orderTargetKey, post } from "../../../src/ledger/post.ts";
import { levelsOf, upsertLocations } from "../../../src/ledger/queries.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

let database: TestDatabase;
let ledger: Ledger;
const locationId = LocationId.parse("main");

const receive = (sku: string, units: number, key: string): Command => ({
  kind: "receive",
  key,
  sku: Sku.parse(sku),
  locationId,
  units,
  reason: null,
  actor: "test",
  occurredAt: "2026-11-01T00:00:00.000Z",
});
const adjust = (sku: string, units: number, key: string): Command => ({
  kind: "adjust",
  key,
  sku: Sku.parse(sku),
  locationId,
  units,
  reason: "counted",
  actor: "test",
  occurredAt: "2026-11-01T00:00:00.000Z",
});
const orderTarget = (line: {
  sku: string;
  order: string;
  hold: number;
  left?: number;
  back?: number;
  at: string;
}): SetOrderTarget => {
  const body = {
    accountId: "shop",
    orderRef: line.order,
    lineRef: "1",
    sku: Sku.parse(line.sku),
    target: { holdUnits: line.hold, leftUnits: line.left ?? 0, backUnits: line.back ?? 0 },
    sourceUpdatedAt: line.at,
    sourceObservedAt: line.at,
  };
  return {
    ...body,
    kind: "order-target",
    key: orderTargetKey(body),
    locationId,
    actor: "order:shop",
    occurredAt: line.at,
  };
};
const figures = async (sku: string) => {
  const [level] = await levelsOf(database.db, [sku]);
  return level === undefined ? undefined : [level.onHand, level.reserved, level.available];
};

beforeAll(async () => {
  database = await createTestDatabase();
  await upsertLocations(database.db, [{ id: "main", name: "Main" }]);
  ledger = createLedger({ db: database.db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined });
});
afterAll(async () => {
  for (const check of await checkLedger(database.db)) expect(check.subjects, check.promise).toEqual([]);
  await database.drop();
});

test("received units are on hand and available", async () => {
  const answer = await ledger.submit(receive("A", 10, "r:A"));
  expect(answer).toMatchObject({ status: "done", changed: true, level: { onHand: 10, available: 10, version: 1 } });
  expect(await figures("A")).toEqual([10, 0, 10]);
});

test("the same key and body gives the same answer byte for byte, and moves stock once", async () => {
  const first = await ledger.submitText(receive("B", 7, "r:B"));
  await ledger.submit(receive("B", 3, "r:B2"));
  expect(await ledger.submitText(receive("B", 7, "r:B"))).toBe(first);
  expect(await figures("B")).toEqual([10, 0, 10]);
});

test("the same key with another body is refused and moves nothing", async () => {
  await ledger.submit(receive("C", 5, "r:C"));
  expect(await ledger.submit(receive("C", 6, "r:C"))).toMatchObject({
    status: "refused",
    refusal: "key-reused",
    field: "key",
  });
  expect(await figures("C")).toEqual([5, 0, 5]);
});

test("an adjustment may not take on hand below zero, and names the SKU it does not know", async () => {
  await ledger.submit(receive("D", 2, "r:D"));
  expect(await ledger.submit(adjust("D", -3, "a:D"))).toMatchObject({
    status: "refused",
    refusal: "insufficient-stock",
  });
  expect(await ledger.submit(adjust("nowhere", 1, "a:nowhere"))).toMatchObject({
    refusal: "unknown-sku",
    field: "sku",
  });
  expect(await figures("D")).toEqual([2, 0, 2]);
});

test("one hot SKU under a thousand concurrent commands loses and invents nothing", async () => {
  await ledger.submit(receive("hot", 1_000, "r:hot"));
  const answers = await Promise.all(
    Array.from({ length: 1_000 }, (_, i) => ledger.submit(adjust("hot", -1, `a:hot:${i % 900}`))),
  );
  expect(answers.filter((answer) => answer.status === "done")).toHaveLength(1_000);
  expect(await figures("hot")).toEqual([100, 0, 100]);
});

test("two ledgers on one database share a SKU without losing an update", async () => {
  const other = createLedger({
    db: database.db,
    clock: systemClock,
    random: seededRandom(2),
    afterCommit: () => undefined,
  });
  await ledger.submit(receive("shared", 500, "r:shared"));
  await Promise.all(
    Array.from({ length: 400 }, (_, i) =>
      (i % 2 === 0 ? ledger : other).submit(adjust("shared", -1, `a:shared:${i % 200}`)),
    ),
  );
  expect(await figures("shared")).toEqual([300, 0, 300]);
});

test("any permutation and duplication of an order's events ends in the same figures", async () => {
  const events = (sku: string) => [
    orderTarget({ sku, order: "o-1", hold: 4, at: "2026-11-01T10:00:00.000Z" }),
    orderTarget({ sku, order: "o-1", hold: 3, at: "2026-11-01T10:05:00.000Z" }),
    orderTarget({ sku, order: "o-1", hold: 1, left: 2, at: "2026-11-01T11:00:00.000Z" }),
    orderTarget({ sku, order: "o-1", hold: 0, left: 3, back: 1, at: "2026-11-02T10:00:00.000Z" }),
    orderTarget({ sku, order: "o-2", hold: 2, at: "2026-11-01T10:00:00.000Z" }),
    orderTarget({ sku, order: "o-2", hold: 0, at: "2026-11-01T10:00:00.000Z" }),
  ];
  const random = seededRandom(7);
  for (let round = 0; round < 20; round += 1) {
    const sku = `perm-${round}`;
    await ledger.submit(receive(sku, 10, `r:${sku}`));
    const shuffled = [...events(sku), ...events(sku)]
      .map((event) => ({ event, at: random() }))
      .toSorted((a, b) => a.at - b.at)
      .map(({ event }) => event);
    for (const event of shuffled) await inTransaction(database.db, (tx) => post(tx, [event]));
    expect(await figures(sku), `round ${round}`).toEqual([8, 0, 8]);
  }
});

test("a channel may sell more than there is; then an incident is on record in the same transaction", async () => {
  await ledger.submit(receive("scarce", 1, "r:scarce"));
  await inTransaction(database.db, (tx) =>
    post(tx, [orderTarget({ sku: "scarce", order: "o-9", hold: 3, at: "2026-11-01T10:00:00.000Z" })]),
  );
  expect(await figures("scarce")).toEqual([1, 3, -2]);
  const incidents = await database.db.pool.query("select units_short from oversell_incident where sku = 'scarce'");
  expect(incidents.rows).toEqual([{ units_short: 2 }]);
});

test("nobody can change a movement", async () => {
  await expect(execute(database.db, sql`update movement set d_on_hand = 99`)).rejects.toThrow(/insert-only/);
  await expect(execute(database.db, sql`delete from movement`)).rejects.toThrow(/insert-only/);
});
