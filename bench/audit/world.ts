import { createReadStream, createWriteStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import pg from "pg";
import { from } from "pg-copy-streams";
import { copyOut } from "../../src/db/copy-out.ts";
import type { Db } from "../../src/db/pool.ts";
import { openDb } from "../../src/db/pool.ts";

export const accountId = "audit";

export const openBenchDb = (url: string): Db =>
  openDb({ url, connectionsMax: 4, applicationName: "bench", onIdleError: () => undefined });

/** An account with so many linked, settled listings; the order of their refs has nothing to do with that of their ids. */
export const fillListings = async (url: string, listings: number): Promise<void> => {
  const client = new pg.Client(url);
  await client.connect();
  const run = (text: string, values: readonly unknown[] = []) => client.query(text, [...values]);
  try {
    await run("truncate account cascade");
    await run(
      "insert into account (id, channel, state, state_since, created_at) values ($1, 'shopify', 'live', now(), now())",
      [accountId],
    );
    await run(
      `insert into listing (account_id, ref, channel_sku, fulfilled_by, status, first_seen_at, last_seen_at)
       select $1, 'GIFT-' || substr(md5(i::text), 1, 4) || '-' || i, 'SKU-' || i, 'merchant', 'active', now(), now()
         from generate_series(1, $2::int) i`,
      [accountId, listings],
    );
    await run(
      `insert into push_target (listing_id, account_id, listing_ref, wanted_version, settled_version, wanted_units,
                                shown_units, shown_at, shown_since, owed_since)
       select id, account_id, ref, 2, 2, id % 60, id % 60, now(), now(), now() from listing`,
    );
    await run("vacuum analyze listing");
    await run("vacuum analyze push_target");
    await run("checkpoint");
  } finally {
    await client.end();
  }
};

/** What the channel tells, in no order: `ref <tab> units` lines. */
export const writeChannelFile = (db: Db, path: string): Promise<void> =>
  pipeline(
    copyOut(
      db,
      `select listing_ref || case when listing_id % 1000 = 500 then '-new' else '' end,
              wanted_units + case when listing_id % 1000 < 10 then 1 else 0 end
         from push_target where listing_id % 1000 <> 501`,
    ),
    createWriteStream(path),
  );

const withClient = async <Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> => {
  const client = new pg.Client(url);
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
};

const copyIn = async (client: pg.Client, path: string): Promise<void> => {
  await client.query("create temp table theirs (ref text, units bigint)");
  await pipeline(createReadStream(path, { highWaterMark: 256 * 1024 }), client.query(from("copy theirs from stdin")));
};

/** The ceiling: the channel's rows into a temp table, nothing else. */
export const copyInOnly = (url: string, path: string): Promise<void> =>
  withClient(url, (client) => copyIn(client, path));

/** The plain way: into a temp table, then a full join. Returns the number of differences. */
export const copyInAndJoin = (url: string, path: string): Promise<number> =>
  withClient(url, async (client) => {
    await client.query("set work_mem = '256MB'");
    await copyIn(client, path);
    await client.query("analyze theirs");
    const { rows } = await client.query<{ n: string }>(
      `select count(*) as n
         from (select listing_ref, wanted_units from push_target where account_id = $1) ours
         full join theirs on theirs.ref = ours.listing_ref
        where ours.wanted_units is distinct from theirs.units`,
      [accountId],
    );
    return Number(rows[0]?.n);
  });
