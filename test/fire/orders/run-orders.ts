import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { type Random, seededRandom } from "../../../src/core/random.ts";
import type { Db } from "../../../src/db/pool.ts";
import { readRealOrders } from "../../../src/demo/orders.ts";
import type { Command } from "../../../src/ledger/commands.ts";
import { laneLimits } from "../../../src/ledger/lane.ts";
import { createLedger, type Ledger } from "../../../src/ledger/ledger.ts";
import { upsertLocations } from "../../../src/ledger/queries.ts";
import { brokenInvariants, type CampaignReport, type FireDatabase, type Tell } from "../campaign.ts";
import { endStateHash } from "./end-state.ts";
import { orderEvents } from "./order-events.ts";

export type OrdersOptions = {
  readonly invoices: number;
  readonly permutations: number;
  readonly seed: number;
  /** Another extract of invoices than the committed one (data/make-extract.ts makes them). */
  readonly file: URL | undefined;
};

type Databases = {
  /** A database, or a copy of one to which nobody is connected. */
  open(from?: string): Promise<FireDatabase & { drop(): Promise<void> }>;
};

const duplicateShare = 0.15;
const windowLength = 8_000;
const place = (sku: string) => ({ sku: Sku.parse(sku), locationId: LocationId.parse("main") });
const common = { actor: "fire", occurredAt: "2010-12-01T00:00:00.000Z" };

const ledgerOn = (db: Db): Ledger =>
  createLedger(
    { db, clock: systemClock, random: seededRandom(1), afterCommit: () => undefined },
    { ...laneLimits, batchMax: 1_000, waitingMaxPerCaller: laneLimits.waitingMax },
  );

const submitAll = async (ledger: Ledger, commands: readonly Command[]): Promise<number> => {
  let refused = 0;
  for (let from = 0; from < commands.length; from += windowLength) {
    const texts = await Promise.all(commands.slice(from, from + windowLength).map((one) => ledger.submitText(one)));
    refused += texts.filter((text) => text.startsWith('{"status":"refused"')).length;
  }
  return refused;
};

const shuffled = <Item>(items: readonly Item[], random: Random): readonly Item[] => {
  const mixed = [...items];
  for (let last = mixed.length - 1; last > 0; last -= 1) {
    const other = Math.floor(random() * (last + 1));
    [mixed[last], mixed[other]] = [mixed[other] as Item, mixed[last] as Item];
  }
  return mixed;
};

/** What every permutation begins with: stock for most of the sales, and some reservations of ours beside the orders. */
const stockUp = (soldUnits: ReadonlyMap<string, number>): readonly Command[] =>
  [...soldUnits].flatMap(([sku, units], index): Command[] => [
    {
      ...common,
      kind: "receive",
      key: `receive/${sku}`,
      ...place(sku),
      units: Math.ceil(units * 0.9) + 3,
      reason: null,
    },
    ...(index % 10 === 0
      ? [
          {
            ...common,
            kind: "reserve",
            key: `reserve/${sku}`,
            reservationId: `checkout-${index}`,
            lines: [{ ...place(sku), units: 2 }],
            mode: "all",
            ttlMs: null,
            reference: null,
          } as const,
        ]
      : []),
  ]);

/** The levels as they must be, by plain arithmetic over the orders' last views. */
const wrongLevels = async (
  db: Db,
  before: ReadonlyMap<string, readonly [number, number]>,
  ends: ReadonlyMap<string, readonly [number, number]>,
): Promise<readonly string[]> =>
  [...(await readLevels(db))].flatMap(([sku, [onHand, reserved]]) => {
    const [onHandBefore, reservedBefore] = before.get(sku) ?? [0, 0];
    const [dOnHand, dReserved] = ends.get(sku) ?? [0, 0];
    const should = [onHandBefore + dOnHand, reservedBefore + dReserved];
    return should[0] === onHand && should[1] === reserved
      ? []
      : [`level ${sku}: is ${onHand}/${reserved}, should be ${should.join("/")}`];
  });

const readLevels = async (db: Db): Promise<ReadonlyMap<string, readonly [number, number]>> => {
  const { rows } = await db.pool.query<{ sku: string; on_hand: number; reserved: number }>(
    "select sku, on_hand, reserved from stock_level",
  );
  return new Map(rows.map((row) => [row.sku, [row.on_hand, row.reserved]]));
};

/**
 * Everything channels report of real orders, in random orders and with duplicates, each permutation on a database of its own:
 * all must end in the same levels, order lines and reservations, and these are what arithmetic says.
 */
export const runOrders = async (
  databases: Databases,
  { invoices, permutations, seed, file }: OrdersOptions,
  tell: Tell,
): Promise<CampaignReport> => {
  const { commands, soldUnits, ends, ...counts } = orderEvents(readRealOrders(file).events, invoices);
  const template = await databases.open();
  await upsertLocations(template.db, [{ id: "main", name: "Main" }]);
  const faults: string[] = [];
  const stocking = await submitAll(ledgerOn(template.db), stockUp(soldUnits));
  if (stocking > 0) faults.push(`${stocking} commands were refused while stocking up`);
  const before = await readLevels(template.db);
  await template.db.close();

  const hashes: string[] = [];
  let sent = 0;
  let movements = 0;
  for (let number = 0; number < permutations; number += 1) {
    const random = seededRandom(seed * 1_000 + number);
    // The first as it happened, with duplicates; the others in any order.
    const twice = [...commands, ...commands.filter(() => random() < duplicateShare)];
    const order = number === 0 ? twice : shuffled(twice, random);
    const database = await databases.open(template.url);
    try {
      const refused = await submitAll(ledgerOn(database.db), order);
      if (refused > 0) faults.push(`permutation ${number}: ${refused} commands were refused`);
      const hash = await endStateHash(database.db);
      hashes.push(hash);
      sent += order.length;
      const { rows } = await database.db.pool.query<{ n: number }>(
        "select count(*) as n from movement where kind = 'order'",
      );
      movements += Number(rows[0]?.n);
      faults.push(...(await wrongLevels(database.db, before, ends)).slice(0, 5));
      faults.push(...(await brokenInvariants(database.db)).map((line) => `permutation ${number}: ${line}`));
      if (hash !== hashes[0]) faults.push(`permutation ${number} ends in ${hash}, not in ${hashes[0]}`);
      tell(`permutation ${number + 1}/${permutations}: ${order.length} events end in ${hash}`);
    } finally {
      await database.drop();
    }
  }
  return {
    name: "orders",
    faults,
    figures: {
      ...counts,
      events: commands.length,
      sent,
      orderMovements: movements,
      endStates: new Set(hashes).size,
      hashes,
    },
  };
};
