import { z } from "zod";
import { type Queryable, query, sql, type Tx } from "../db/sql.ts";
import type { Command } from "./commands.ts";
import type { KnownKey } from "./decide.ts";
import { type Level, levelKey, type OrderLineState, orderLineKey } from "./state.ts";

const LevelRow = z
  .object({
    sku: z.string(),
    location_id: z.string(),
    on_hand: z.number(),
    reserved: z.number(),
    incoming: z.number(),
    version: z.number(),
  })
  .transform(
    (row): Level => ({
      sku: row.sku,
      locationId: row.location_id,
      onHand: row.on_hand,
      reserved: row.reserved,
      incoming: row.incoming,
      version: row.version,
    }),
  );

const KeyRow = z.object({ key: z.string(), fingerprint: z.string(), answer: z.string() });

const OrderLineRow = z
  .object({
    account_id: z.string(),
    order_ref: z.string(),
    line_ref: z.string(),
    sku: z.string(),
    location_id: z.string(),
    hold_units: z.number(),
    left_units: z.number(),
    back_units: z.number(),
    source_updated_at: z.string(),
    source_observed_at: z.string(),
  })
  .transform(
    (row): OrderLineState => ({
      accountId: row.account_id,
      orderRef: row.order_ref,
      lineRef: row.line_ref,
      sku: row.sku,
      locationId: row.location_id,
      holdUnits: row.hold_units,
      leftUnits: row.left_units,
      backUnits: row.back_units,
      sourceUpdatedAt: row.source_updated_at,
      sourceObservedAt: row.source_observed_at,
    }),
  );

export const readKnownKeys = async (on: Queryable, keys: readonly string[]): Promise<ReadonlyMap<string, KnownKey>> => {
  const rows = await query(
    on,
    KeyRow,
    sql`select key, fingerprint, answer from ledger_command where key = any(${keys})`,
  );
  return new Map(rows.map((row) => [row.key, row]));
};

/** The order lines that the commands name. Lock their levels first: levels are what serialises writers. */
export const readOrderLines = async (
  on: Queryable,
  commands: readonly Command[],
): Promise<ReadonlyMap<string, OrderLineState>> => {
  const wanted = commands.filter((command) => command.kind === "order-target");
  if (wanted.length === 0) return new Map();
  const rows = await query(
    on,
    OrderLineRow,
    sql`
      select l.account_id, l.order_ref, l.line_ref, l.sku, l.location_id, l.hold_units, l.left_units, l.back_units,
             to_char(l.source_updated_at,  'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as source_updated_at,
             to_char(l.source_observed_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as source_observed_at
        from unnest(${wanted.map((line) => line.accountId)}::text[], ${wanted.map((line) => line.orderRef)}::text[],
                    ${wanted.map((line) => line.lineRef)}::text[], ${wanted.map((line) => line.sku)}::text[])
             as named (account_id, order_ref, line_ref, sku)
        join order_line l using (account_id, order_ref, line_ref, sku)`,
  );
  return new Map(rows.map((row) => [orderLineKey(row), row]));
};

/**
 * Makes sure the levels exist where a command may create them, then locks all in one order.
 * Sorted: two batches that share SKUs would otherwise lock levels crosswise and deadlock.
 */
export const lockLevels = async (
  tx: Tx,
  places: readonly { readonly sku: string; readonly locationId: string; readonly create: boolean }[],
  now: string,
): Promise<ReadonlyMap<string, Level>> => {
  const created = places.filter((place) => place.create);
  if (created.length > 0) {
    await query(
      tx,
      z.object({}),
      sql`
        insert into stock_level (sku, location_id, on_hand, reserved, incoming, version, updated_at)
        select distinct sku, location_id, 0, 0, 0, 0, ${now}::timestamptz
          from unnest(${created.map((place) => place.sku)}::text[], ${created.map((place) => place.locationId)}::text[])
               as wanted (sku, location_id)
          join location on location.id = wanted.location_id
         order by location_id, sku
        on conflict do nothing`,
    );
  }
  const rows = await query(
    tx,
    LevelRow,
    sql`
      select s.sku, s.location_id, s.on_hand, s.reserved, s.incoming, s.version
        from (select distinct sku, location_id
                from unnest(${places.map((place) => place.sku)}::text[], ${places.map((place) => place.locationId)}::text[])
                     as named (sku, location_id)) named
        join stock_level s using (sku, location_id)
       order by s.location_id collate "C", s.sku collate "C"
         for update of s`,
  );
  return new Map(rows.map((row) => [levelKey(row.sku, row.locationId), row]));
};

export const readLocations = async (on: Queryable): Promise<ReadonlySet<string>> =>
  new Set((await query(on, z.object({ id: z.string() }), sql`select id from location`)).map((row) => row.id));
