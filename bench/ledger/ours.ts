import { systemClock, toIso } from "../../src/core/clock.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { systemRandom } from "../../src/core/random.ts";
import { openDb } from "../../src/db/pool.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { allSkus, type Contestant, keyRange, stockUnits } from "./contestant.ts";

const locationId = LocationId.parse("main");
const sumsSql = `
  select (select sum(reserved) from stock_level) as levels,
         (select count(*) from reservation where id >= $1 and id < $2) as reservations,
         (select coalesce(sum(d_reserved), 0) from movement where command_key >= $1 and command_key < $2) as movements,
         (select count(*) from ledger_command where key >= $1 and key < $2) as keys`;

/** The product's ledger as the daemon runs it. Its stock is received once; a second one on the same database finds it. */
export const openOurs = async (url: string): Promise<Contestant> => {
  const onIdleError = (): undefined => undefined;
  const db = openDb({ url, connectionsMax: 10, applicationName: "bench-ours", onIdleError });
  const ledger = createLedger({ db, clock: systemClock, random: systemRandom, afterCommit: () => undefined });
  const common = { actor: "bench", occurredAt: "2026-11-01T00:00:00.000Z", locationId };
  await upsertLocations(db, [{ id: "main", name: "Main" }]);
  for (let from = 0; from < allSkus.length; from += 2_000) {
    const skus = allSkus.slice(from, from + 2_000);
    const receive = (sku: string) =>
      ledger.submit({
        ...common,
        kind: "receive",
        key: `receive/${sku}`,
        sku: Sku.parse(sku),
        units: stockUnits,
        reason: null,
      });
    await Promise.all(skus.map(receive));
  }
  const readSums = async (run: string) => {
    const { rows } = await db.pool.query(sumsSql, [...keyRange(run)]);
    const { levels, reservations, movements, keys } = rows[0] as Record<string, unknown>;
    return {
      levels: Number(levels),
      reservations: Number(reservations),
      movements: Number(movements),
      keys: Number(keys),
    };
  };
  let levelsBefore = 0;
  let occurredAt = common.occurredAt;
  return {
    name: "ledger",
    begin: async () => {
      levelsBefore = (await readSums("none")).levels;
      // Reservations are asked for as they happen.
      occurredAt = toIso(systemClock.now());
    },
    reserve: async ({ key, sku }) => {
      const answer = await ledger.submit({
        kind: "reserve",
        key,
        actor: "bench",
        occurredAt,
        reservationId: key,
        lines: [{ sku: Sku.parse(sku), locationId, units: 1 }],
        mode: "all",
        ttlMs: null,
        reference: null,
      });
      if (answer.status !== "done") throw new Error(`refused: ${answer.detail}`);
      return true;
    },
    sums: async (run) => {
      const sums = await readSums(run);
      return { ...sums, levels: sums.levels - levelsBefore };
    },
    close: () => db.close(),
  };
};
