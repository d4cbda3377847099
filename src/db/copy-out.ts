import pg from "pg";
import { to } from "pg-copy-streams";
import type { Db } from "./pool.ts";

/**
 * A query's rows as COPY's text, streamed: columns apart by tabs, rows by newlines, special characters escaped with a
 * backslash. On a connection of its own without a time limit, closed at the end. COPY takes no parameters: `settings`
 * are put into the session and read by `current_setting('lockstep.<name>')`.
 */
export async function* copyOut(
  db: Db,
  query: string,
  settings: Readonly<Record<string, string>> = {},
): AsyncGenerator<Buffer> {
  const { connectionString } = db.pool.options;
  const client = new pg.Client({ connectionString, application_name: "lockstep copy" });
  // Between two queries nobody else listens, and an error that nobody listens for ends the process.
  client.on("error", () => undefined);
  await client.connect();
  try {
    for (const [name, value] of Object.entries(settings)) {
      await client.query("select set_config('lockstep.' || $1, $2, false)", [name, value]);
    }
    yield* client.query(to(`copy (${query}) to stdout`, { highWaterMark: 256 * 1024 })) as AsyncIterable<Buffer>;
  } finally {
    await client.end();
  }
}
