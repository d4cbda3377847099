import type pg from "pg";
import type { z } from "zod";
import type { Db } from "./pool.ts";
import { createStatementNames } from "./statement-names.ts";

/** A statement with its values apart: every `${value}` becomes a parameter, never text. */
export type Statement = { readonly text: string; readonly values: readonly unknown[] };

export const sql = (parts: TemplateStringsArray, ...values: readonly unknown[]): Statement => ({
  text: parts.reduce((text, part, index) => `${text}$${index}${part}`),
  values,
});

declare const inTransactionBrand: unique symbol;
/** A client inside a transaction: a writer that asks for it cannot be handed a pool. */
export type Tx = {
  readonly client: pg.PoolClient;
  /** Where statements may take longer than the pool allows: how long their answers are waited for. */
  readonly answerMsMax?: number;
  readonly [inTransactionBrand]: true;
};
export type Queryable = Db | Tx;

const nameOf = createStatementNames();

const run = (on: Queryable, { text, values }: Statement): Promise<pg.QueryResult<Record<string, unknown>>> => {
  const name = nameOf(text);
  const named = { text, values: [...values], ...(name !== undefined && { name }) };
  if ("pool" in on) return on.pool.query(named);
  if (on.answerMsMax === undefined) return on.client.query(named);
  const patient = { ...named, query_timeout: on.answerMsMax };
  return on.client.query(patient);
};

/** A statement that runs all the time: prepared once a connection under its name, values ready for the wire. */
export type HotStatement = Statement & { readonly name: string };

/** Rows as they come, unchecked: only for hot statements whose shape our own migrations fix. */
export const hotQuery = async <Row = unknown>(tx: Tx, statement: HotStatement): Promise<readonly Row[]> =>
  (await tx.client.query({ ...statement, values: [...statement.values] })).rows as readonly Row[];

/** Runs a statement; returns the number of rows it touched. */
export const execute = async (on: Queryable, statement: Statement): Promise<number> =>
  (await run(on, statement)).rowCount ?? 0;

/** All rows, each checked by `row`. */
export const query = async <Row extends z.ZodType>(
  on: Queryable,
  row: Row,
  statement: Statement,
): Promise<readonly z.infer<Row>[]> => {
  const result = await run(on, statement);
  return result.rows.map((raw) => row.parse(raw));
};

/** The first row, or undefined. */
export const queryOne = async <Row extends z.ZodType>(
  on: Queryable,
  row: Row,
  statement: Statement,
): Promise<z.infer<Row> | undefined> => (await query(on, row, statement))[0];
