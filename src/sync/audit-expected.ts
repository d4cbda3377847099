import { z } from "zod";
import { copyOut } from "../db/copy-out.ts";
import type { Db } from "../db/pool.ts";
import { type Queryable, queryOne, sql } from "../db/sql.ts";

/** One index holds all of it in this order, so nothing is sorted. */
const expectedInOrder = `
  select listing_ref, wanted_units from push_target
   where account_id = current_setting('lockstep.account') and wanted_units is not null
   order by listing_ref collate "C"`;

/** What an account's listings should show, `ref <tab> units` a line, sorted by ref byte for byte, streamed. */
export const expectedLines = (db: Db, accountId: string): AsyncIterable<Buffer> =>
  copyOut(db, expectedInOrder, { account: accountId });

/** How many lines that will be. */
export const expectedCount = async (on: Queryable, accountId: string): Promise<number> =>
  (
    await queryOne(
      on,
      z.object({ n: z.number() }),
      sql`select count(*) as n from push_target where account_id = ${accountId} and wanted_units is not null`,
    )
  )?.n ?? 0;
