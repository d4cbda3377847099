import { z } from "zod";
import { execute, type Queryable, query, sql } from "../db/sql.ts";

export const InventoryLevel = z.object({
  sku: z.string(),
  locationId: z.string(),
  onHand: z.number(),
  reserved: z.number(),
  incoming: z.number(),
  available: z.number(),
  version: z.number(),
  updatedAt: z.string(),
});
export type InventoryLevel = z.infer<typeof InventoryLevel>;

/** Levels of the named SKUs at every location, sorted by SKU and location; unknown SKUs are simply absent. */
export const levelsOf = (on: Queryable, skus: readonly string[]): Promise<readonly InventoryLevel[]> =>
  query(
    on,
    InventoryLevel,
    sql`
      select sku, location_id as "locationId", on_hand as "onHand", reserved, incoming, on_hand - reserved as available,
             version, to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
        from stock_level
       where sku = any(${skus})
       order by sku collate "C", location_id collate "C"`,
  );

/** Every level at one location that holds anything. */
export const levelsAt = (on: Queryable, locationId: string): Promise<readonly InventoryLevel[]> =>
  query(
    on,
    InventoryLevel,
    sql`
      select sku, location_id as "locationId", on_hand as "onHand", reserved, incoming, on_hand - reserved as available,
             version, to_char(updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
        from stock_level
       where location_id = ${locationId} and on_hand <> 0`,
  );

/** Which of these SKUs the ledger knows. */
export const knownSkus = async (on: Queryable, skus: readonly string[]): Promise<ReadonlySet<string>> =>
  new Set(
    (
      await query(on, z.object({ sku: z.string() }), sql`select distinct sku from stock_level where sku = any(${skus})`)
    ).map((row) => row.sku),
  );

/** Which of these SKUs have a level at the location, be it empty. */
export const knownAt = async (
  on: Queryable,
  locationId: string,
  skus: readonly string[],
): Promise<ReadonlySet<string>> =>
  new Set(
    (
      await query(
        on,
        z.object({ sku: z.string() }),
        sql`select sku from stock_level where location_id = ${locationId} and sku = any(${skus})`,
      )
    ).map((row) => row.sku),
  );

export const MovementRow = z.object({
  id: z.number(),
  kind: z.string(),
  sku: z.string(),
  locationId: z.string(),
  dOnHand: z.number(),
  dReserved: z.number(),
  dIncoming: z.number(),
  onHandAfter: z.number(),
  reservedAfter: z.number(),
  incomingAfter: z.number(),
  levelVersion: z.number(),
  causeType: z.string(),
  causeId: z.string(),
  actor: z.string(),
  reason: z.string().nullable(),
  occurredAt: z.string(),
  recordedAt: z.string(),
});
export type MovementRow = z.infer<typeof MovementRow>;

/** Movements of a SKU, newest first. */
export const movementsOf = (
  on: Queryable,
  page: { readonly sku: string; readonly beforeId: number | null; readonly rowsMax: number },
): Promise<readonly MovementRow[]> =>
  query(
    on,
    MovementRow,
    sql`
      select id, kind, sku, location_id as "locationId", d_on_hand as "dOnHand", d_reserved as "dReserved",
             d_incoming as "dIncoming", on_hand_after as "onHandAfter", reserved_after as "reservedAfter",
             incoming_after as "incomingAfter", level_version as "levelVersion", cause_type as "causeType",
             cause_id as "causeId", actor, reason,
             to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt",
             to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "recordedAt"
        from movement
       where sku = ${page.sku} and (${page.beforeId}::bigint is null or id < ${page.beforeId})
       order by id desc
       limit ${page.rowsMax}`,
  );

/** Makes the settings' locations known. A location once used is never removed. */
export const upsertLocations = async (
  on: Queryable,
  locations: readonly { readonly id: string; readonly name: string }[],
): Promise<void> => {
  await execute(
    on,
    sql`
      insert into location (id, name)
      select id, name from json_to_recordset(${JSON.stringify(locations)}::json) as l (id text, name text)
      on conflict (id) do update set name = excluded.name where location.name <> excluded.name`,
  );
};
