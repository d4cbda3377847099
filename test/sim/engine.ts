import { readdirSync, readFileSync } from "node:fs";
import { PGlite } from "@electric-sql/pglite";
import pg from "pg";
import { witnessSchema } from "./engine-witness.ts";
import { bindAndRun, parseAndDescribe, readAnswer } from "./wire.ts";

export type Result = {
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number | null;
  readonly command: string;
};

type Statement = {
  readonly name: string;
  columns: readonly { readonly name: string; readonly parse: (text: string) => unknown }[];
};

const migrations = new URL("../../migrations/", import.meta.url);

/** A value as text on the wire, as the driver of production sends it. */
const textOf = (value: unknown): string | null => {
  if (value === null || value === undefined) return null;
  if (typeof value === "string") return value;
  if (Array.isArray(value)) {
    const items = value.map((item) => {
      const text = textOf(item);
      return text === null ? "NULL" : `"${text.replace(/["\\]/g, "\\$&")}"`;
    });
    return `{${items.join(",")}}`;
  }
  return typeof value === "object" ? JSON.stringify(value) : String(value);
};

const parserOf = (oid: number): ((text: string) => unknown) => {
  if (oid === 20) return Number;
  if (oid === 1184) return (text) => text;
  return pg.types.getTypeParser(oid, "text") as (text: string) => unknown;
};

/**
 * A real Postgres inside this process (PGlite): one session, each statement done before the call returns. The migrations
 * run in a schema in which `now()` and `clock_timestamp()` are the world's time.
 */
export class Engine {
  readonly #pg: PGlite;
  readonly #statements = new Map<string, Statement>();
  #prepared = 0;
  #toldMs = Number.NaN;
  #tables = "";
  statements = 0;

  private constructor(database: PGlite) {
    this.#pg = database;
  }

  static async open(): Promise<Engine> {
    const database = await PGlite.create();
    await database.exec(`
      create schema sim;
      create function sim.now() returns timestamptz language sql stable as 'select current_setting(''sim.at'')::timestamptz';
      create function sim.clock_timestamp() returns timestamptz language sql volatile as 'select current_setting(''sim.at'')::timestamptz';
      set search_path = sim, pg_catalog;
      set timezone = 'UTC';
      set datestyle = 'ISO';
      set synchronous_commit = off;
      set plan_cache_mode = force_generic_plan;
      set sim.at = '2026-11-20T10:00:00Z';`);
    for (const file of readdirSync(migrations).toSorted()) {
      await database.exec(readFileSync(new URL(file, migrations), "utf8"));
    }
    await database.exec(witnessSchema);
    const engine = new Engine(database);
    const names = engine.run("select tablename from pg_catalog.pg_tables where schemaname = 'sim'").rows;
    engine.#tables = names.map((row) => String(row["tablename"])).join(", ");
    return engine;
  }

  /** An empty database, ids from 1, and plans as if none had been made: rows without an order come in the same one. */
  reset(): void {
    this.run("rollback");
    this.run("discard plans");
    this.run("set session_replication_role = replica");
    this.run(`truncate ${this.#tables} restart identity cascade`);
    this.run("insert into ledger_log default values");
    this.run("set session_replication_role = origin");
  }

  tellTime(nowMs: number): void {
    if (nowMs === this.#toldMs) return;
    this.#toldMs = nowMs;
    this.run("select set_config('sim.at', $1, false)", [new Date(nowMs).toISOString()]);
  }

  /** Errors: the server's own, with its code. */
  run(text: string, values: readonly unknown[] = []): Result {
    this.statements += 1;
    const known = this.#statements.get(text);
    const statement = known ?? { name: `s${(this.#prepared += 1)}`, columns: [] };
    const run = bindAndRun(statement.name, values.map(textOf));
    const message = known === undefined ? Buffer.concat([parseAndDescribe(statement.name, text), run]) : run;
    const { isPrepared, columns, rows, tag, failure } = readAnswer(this.#pg.execProtocolRawSync(message));
    if (columns !== undefined) statement.columns = columns.map(({ name, oid }) => ({ name, parse: parserOf(oid) }));
    if (isPrepared) this.#statements.set(text, statement);
    if (failure !== undefined) throw failure;
    const words = tag.split(" ");
    return {
      rows: rows.map((cells) => {
        const row: Record<string, unknown> = {};
        for (const [index, { name, parse }] of statement.columns.entries()) {
          const cell = cells[index] ?? null;
          row[name] = cell === null ? null : parse(cell);
        }
        return row;
      }),
      rowCount: words.length > 1 ? Number(words.at(-1)) : null,
      command: words[0] ?? "",
    };
  }
}
