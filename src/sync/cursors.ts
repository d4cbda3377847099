import { z } from "zod";
import { execute, type Queryable, queryOne, sql } from "../db/sql.ts";

export const Cursor = z.object({
  cursor: z.string().nullable(),
  watermark: z.string().nullable(),
  polledAt: z.string().nullable(),
  triedAt: z.string().nullable(),
});
export type Cursor = z.infer<typeof Cursor>;

export const readCursor = async (on: Queryable, accountId: string, stream: string): Promise<Cursor> =>
  (await queryOne(
    on,
    Cursor,
    sql`
      select cursor, to_char(watermark, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as watermark,
             to_char(polled_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "polledAt",
             to_char(tried_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "triedAt"
        from account_cursor where account_id = ${accountId} and stream = ${stream}`,
  )) ?? { cursor: null, watermark: null, polledAt: null, triedAt: null };

/** Stored in the transaction that keeps the page's rows. A watermark never goes back. */
export const saveCursor = async (
  on: Queryable,
  saved: {
    readonly accountId: string;
    readonly stream: string;
    readonly cursor: string | null;
    readonly watermark: string | null;
    readonly now: string;
  },
): Promise<void> => {
  await execute(
    on,
    sql`
      insert into account_cursor as c (account_id, stream, cursor, watermark, polled_at)
      values (${saved.accountId}, ${saved.stream}, ${saved.cursor}, ${saved.watermark}::timestamptz, ${saved.now}::timestamptz)
      on conflict (account_id, stream) do update
         set cursor = excluded.cursor, watermark = greatest(c.watermark, excluded.watermark), polled_at = excluded.polled_at`,
  );
};

/** A read of the stream begins: what fails is not tried again at every sweep. */
export const noteTry = async (on: Queryable, accountId: string, stream: string, now: string): Promise<void> => {
  await execute(
    on,
    sql`
      insert into account_cursor (account_id, stream, tried_at) values (${accountId}, ${stream}, ${now}::timestamptz)
      on conflict (account_id, stream) do update set tried_at = excluded.tried_at`,
  );
};
