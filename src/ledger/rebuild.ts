import { z } from "zod";
import type { Db } from "../db/pool.ts";
import { inSnapshot } from "../db/snapshot.ts";
import { execute, query, queryOne, sql } from "../db/sql.ts";
import { allowStatements, inTransaction } from "../db/transaction.ts";

const Figures = z.object({ onHand: z.number(), reserved: z.number(), incoming: z.number(), version: z.number() });

export const LevelDifference = z.object({
  sku: z.string(),
  locationId: z.string(),
  /** Null: there are movements and no level. */
  stored: Figures.nullable(),
  /** What the movements add up to; zeros when there are none. */
  journal: Figures,
});
export type LevelDifference = z.infer<typeof LevelDifference>;
export type Mended = { readonly sku: string; readonly locationId: string; readonly failure: string | null };

/** A journal of tens of millions takes minutes. */
const timeoutMs = 30 * 60_000;

/**
 * Adds up the whole journal in one snapshot and names every level that is not its sum. Writers are not held up: a level
 * and its movements are committed together, so a snapshot never shows one without the other.
 */
export const compareLevels = (
  db: Db,
): Promise<{ readonly levels: number; readonly differences: readonly LevelDifference[] }> =>
  inSnapshot(db, timeoutMs, async (tx) => {
    const differences = await query(
      tx,
      LevelDifference,
      sql`
        select coalesce(s.sku, m.sku) as sku, coalesce(s.location_id, m.location_id) as "locationId",
               case when s.sku is not null
                    then json_build_object('onHand', s.on_hand, 'reserved', s.reserved, 'incoming', s.incoming,
                                           'version', s.version) end as stored,
               json_build_object('onHand', coalesce(m.oh, 0), 'reserved', coalesce(m.rs, 0), 'incoming', coalesce(m.ic, 0),
                                 'version', coalesce(m.last, 0)) as journal
          from stock_level s
          full join (select sku, location_id, sum(d_on_hand) oh, sum(d_reserved) rs, sum(d_incoming) ic, max(level_version) as last
                       from movement group by 1, 2) m on m.sku = s.sku and m.location_id = s.location_id
         where (s.on_hand, s.reserved, s.incoming, s.version)
               is distinct from (coalesce(m.oh, 0), coalesce(m.rs, 0), coalesce(m.ic, 0), coalesce(m.last, 0))
         order by coalesce(s.location_id, m.location_id) collate "C", coalesce(s.sku, m.sku) collate "C"`,
    );
    const count = await queryOne(tx, z.object({ n: z.number() }), sql`select count(*) as n from stock_level`);
    return { levels: count?.n ?? 0, differences };
  });

/**
 * Makes these levels the sum of their movements, each in a transaction of its own: under the level's lock, which every
 * writer of its movements holds, so it may run beside them. Its listings are looked at again. A level that the database
 * refuses (reserved below zero) is left as it is, and says why.
 */
export const mendLevels = async (
  db: Db,
  levels: readonly { readonly sku: string; readonly locationId: string }[],
): Promise<readonly Mended[]> => {
  const mended: Mended[] = [];
  for (const { sku, locationId } of levels) {
    const failure = await mendLevel(db, sku, locationId).then(
      () => null,
      (error: Error) => error.message,
    );
    mended.push({ sku, locationId, failure });
  }
  return mended;
};

const mendLevel = (db: Db, sku: string, locationId: string): Promise<void> =>
  inTransaction(db, async (bounded) => {
    const tx = await allowStatements(bounded, timeoutMs);
    await execute(
      tx,
      sql`
        insert into stock_level (sku, location_id, on_hand, reserved, incoming, version, updated_at)
        values (${sku}, ${locationId}, 0, 0, 0, 0, date_trunc('milliseconds', ledger_clock()))
        on conflict do nothing`,
    );
    // The sum is a statement of its own: only what begins after the lock was given sees all that was written under it.
    await execute(tx, sql`select from stock_level where sku = ${sku} and location_id = ${locationId} for update`);
    const changed = await execute(
      tx,
      sql`
        update stock_level s
           set on_hand = m.oh, reserved = m.rs, incoming = m.ic, version = m.last
          from (select coalesce(sum(d_on_hand), 0) oh, coalesce(sum(d_reserved), 0) rs, coalesce(sum(d_incoming), 0) ic,
                       coalesce(max(level_version), 0) as last
                  from movement where sku = ${sku} and location_id = ${locationId}) m
         where s.sku = ${sku} and s.location_id = ${locationId}
           and (s.on_hand, s.reserved, s.incoming, s.version) is distinct from (m.oh, m.rs, m.ic, m.last)`,
    );
    if (changed === 0) return;
    await execute(
      tx,
      sql`
        insert into outbox (topic, subject, data, recorded_at)
        values ('stock.changed', ${sku}, '{}'::jsonb, date_trunc('milliseconds', ledger_clock()))`,
    );
  });
