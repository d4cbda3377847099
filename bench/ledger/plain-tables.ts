import pg from "pg";
import { allSkus, type Contestant, connectionsCount, keyRange, stockUnits } from "./contestant.ts";

/** The lean tables that the two opponents in Postgres write: no journal balances, no outbox, no lines. */
const tables = (schema: string): string => `
  create schema ${schema};
  create table ${schema}.level (
    sku text primary key, on_hand bigint not null, reserved bigint not null, check (reserved <= on_hand)
  ) with (fillfactor = 70);
  create table ${schema}.reservation (id text primary key, sku text not null, units bigint not null, created_at timestamptz not null);
  create table ${schema}.movement (
    id bigint generated always as identity primary key, key text not null, sku text not null, d_reserved bigint not null,
    recorded_at timestamptz not null
  );
  create table ${schema}.command (key text primary key, answer text not null, recorded_at timestamptz not null);
  create function ${schema}.reserve_one(new_key text, wanted_sku text, wanted bigint) returns text language plpgsql as $$
  declare known text;
  begin
    select c.answer into known from ${schema}.command c where c.key = new_key;
    if found then return known; end if;
    update ${schema}.level l set reserved = l.reserved + wanted where l.sku = wanted_sku and l.on_hand - l.reserved >= wanted;
    if not found then return 'refused'; end if;
    insert into ${schema}.reservation values (new_key, wanted_sku, wanted, now());
    insert into ${schema}.movement (key, sku, d_reserved, recorded_at) values (new_key, wanted_sku, wanted, now());
    insert into ${schema}.command values (new_key, 'reserved', now());
    return 'reserved';
  end $$`;

const sumsSql = (schema: string): string => `
  select (select sum(reserved) from ${schema}.level)::float8 as levels,
         (select count(*) from ${schema}.reservation where id >= $1 and id < $2)::float8 as reservations,
         (select coalesce(sum(d_reserved), 0) from ${schema}.movement where id > $3)::float8 as movements,
         (select count(*) from ${schema}.command where key >= $1 and key < $2)::float8 as keys`;

type SumsRow = { levels: number; reservations: number; movements: number; keys: number };
export type ReserveOn = (client: pg.PoolClient, one: { readonly key: string; readonly sku: string }) => Promise<void>;

/** Makes the schema with its stock, unless it is there. */
const prepareTables = async (pool: pg.Pool, schema: string): Promise<void> => {
  const { rows } = await pool.query("select from pg_namespace where nspname = $1", [schema]);
  if (rows.length > 0) return;
  await pool.query(tables(schema));
  await pool.query(`insert into ${schema}.level select unnest($1::text[]), $2, 0`, [allSkus, stockUnits]);
};

/** An opponent on plain tables: 64 connections, for which callers queue. */
export const openOnTables = async (
  url: string,
  { name, schema, reserveOn }: { readonly name: string; readonly schema: string; readonly reserveOn: ReserveOn },
): Promise<Contestant> => {
  const pool = new pg.Pool({ connectionString: url, max: connectionsCount, application_name: `bench-${schema}` });
  await prepareTables(pool, schema);
  let before = { levels: 0, lastId: 0 };
  const readSums = async (run: string): Promise<SumsRow> =>
    (await pool.query<SumsRow>(sumsSql(schema), [...keyRange(run), before.lastId])).rows[0] as SumsRow;
  return {
    name,
    begin: async () => {
      const { rows } = await pool.query<{ levels: number; last: number }>(
        `select (select sum(reserved) from ${schema}.level)::float8 as levels,
                (select coalesce(max(id), 0) from ${schema}.movement)::float8 as last`,
      );
      before = { levels: rows[0]?.levels ?? 0, lastId: rows[0]?.last ?? 0 };
    },
    reserve: async (one, isOver) => {
      const client = await pool.connect();
      try {
        if (isOver()) return false;
        await reserveOn(client, one);
        return true;
      } finally {
        client.release();
      }
    },
    sums: async (run) => {
      const { levels, reservations, movements, keys } = await readSums(run);
      return { levels: levels - before.levels, reservations, movements, keys };
    },
    close: () => pool.end(),
  };
};
