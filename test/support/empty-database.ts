import { randomUUID } from "node:crypto";
import pg from "pg";
import { inject } from "vitest";
import { until } from "./until.ts";

/** A database without a single table, dropped afterwards. */
export const withEmptyDatabase = async <Result>(work: (url: string) => Promise<Result>): Promise<Result> => {
  const url = new URL(inject("postgresUrl"));
  url.pathname = "/postgres";
  const admin = new pg.Client({ connectionString: url.href });
  await admin.connect();
  const name = `empty_${randomUUID().replaceAll("-", "")}`;
  try {
    await admin.query(`create database ${name} template template0`);
    url.pathname = `/${name}`;
    return await work(url.href);
  } finally {
    // Sessions that were closed take a moment to be gone.
    await until(
      async () => (await admin.query("select from pg_stat_activity where datname = $1", [name])).rowCount === 0,
    );
    await admin.query(`drop database if exists ${name}`);
    await admin.end();
  }
};
