import { readdirSync, readFileSync } from "node:fs";
import { PGlite, protocol } from "@electric-sql/pglite";
import pg from "pg";

export type Result = {
  readonly rows: Record<string, unknown>[];
  readonly rowCount: number | null;
  readonly command: string;
};

type Field = { readonly name: string; readonly dataTypeID: number };
type Statement = { readonly name: string; fields: readonly Field[] };

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
  return typeof value === "object" ? JSON.stringify(value) : String(value as number | boolean | bigint);
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
      set sim.at = '2026-11-20T10:00:00Z';`);
    for (const file of readdirSync(migrations).toSorted()) {
      await database.exec(readFileSync(new URL(file, migrations), "utf8"));
    }
    const engine = new Engine(database);
    const names = engine.run("select tablename from pg_catalog.pg_tables where schemaname = 'sim'").rows;
    engine.#tables = names.map((row) => String(row["tablename"])).join(", ");
    return engine;
  }

  /** An empty database, ids from 1. */
  reset(): void {
    this.run("rollback");
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
    const statement = known ?? { name: `s${(this.#prepared += 1)}`, fields: [] };
    const { serialize } = protocol;
    const bind = [
      serialize.bind({ statement: statement.name, values: values.map(textOf) as string[] }),
      serialize.execute({}),
      serialize.sync(),
    ];
    const messages =
      known === undefined
        ? [serialize.parse({ name: statement.name, text }), serialize.describe({ type: "S", name: statement.name }), ...bind]
        : bind;
    const answer = this.#pg.execProtocolRawSync(Buffer.concat(messages));
    return this.#read(answer, statement, () => this.#statements.set(text, statement));
  }

  #read(answer: Uint8Array, statement: Statement, onPrepared: () => void): Result {
    const rows: Record<string, unknown>[] = [];
    let command = "";
    let rowCount: number | null = null;
    let failure: Error | undefined;
    new protocol.Parser().parse(answer, (message) => {
      if (message.name === "parseComplete") onPrepared();
      else if (message.name === "rowDescription") {
        statement.fields = (message as unknown as { fields: readonly Field[] }).fields;
      } else if (message.name === "dataRow") {
        const { fields } = message as unknown as { fields: readonly (string | null)[] };
        rows.push(
          Object.fromEntries(
            statement.fields.map(({ name, dataTypeID }, index) => {
              const cell = fields[index] ?? null;
              return [name, cell === null ? null : parserOf(dataTypeID)(cell)];
            }),
          ),
        );
      } else if (message.name === "commandComplete") {
        const words = (message as unknown as { text: string }).text.split(" ");
        command = words[0] ?? "";
        rowCount = words.length > 1 ? Number(words.at(-1)) : null;
      } else if (message.name === "error") {
        failure = message as unknown as Error;
      }
    });
    if (failure !== undefined) throw failure;
    return { rows, rowCount, command };
  }
}
