import { z } from "zod";
import type { Json } from "../core/digest.ts";
import { execute, type Queryable, query, sql } from "../db/sql.ts";

/** A request to a channel (connectors/call-log.ts has the same shape; this floor does not know it). */
export type ChannelCall = {
  readonly accountId: string;
  readonly at: string;
  readonly callClass: string;
  readonly attemptKey: string | null;
  readonly method: string;
  readonly path: string;
  readonly operation: string | null;
  readonly status: number | null;
  readonly durationMs: number;
  readonly outcome: string;
  readonly channelCode: string | null;
  readonly requestId: string | null;
  readonly names: readonly string[];
  readonly facts: Json;
};

export const insertCalls = async (on: Queryable, calls: readonly ChannelCall[]): Promise<void> => {
  await execute(
    on,
    sql`
      insert into channel_call (account_id, at, call_class, attempt_key, method, path, operation, status, duration_ms, outcome,
                                channel_code, request_id, names, facts)
      select "accountId", at, "callClass", "attemptKey", method, path, operation, status, "durationMs", outcome,
             "channelCode", "requestId", array(select json_array_elements_text(names)), facts
        from json_to_recordset(${JSON.stringify(calls)}::json)
             as c ("accountId" text, at timestamptz, "callClass" text, "attemptKey" text, method text, path text, operation text,
                   status int, "durationMs" int, outcome text, "channelCode" text, "requestId" text, names json, facts jsonb)`,
  );
};

export const KeptCall = z.object({
  at: z.string(),
  accountId: z.string(),
  callClass: z.string(),
  attemptKey: z.string().nullable(),
  method: z.string(),
  path: z.string(),
  operation: z.string().nullable(),
  status: z.number().nullable(),
  durationMs: z.number(),
  outcome: z.string(),
  channelCode: z.string().nullable(),
  requestId: z.string().nullable(),
  names: z.array(z.string()),
  facts: z.json(),
});
export type KeptCall = z.infer<typeof KeptCall>;

/**
 * Newest first. `listing`: a ref or a SKU of the channel; those that name it, and those of its attempts that name
 * nothing at all (a document's upload).
 */
export const readCalls = (
  on: Queryable,
  asked: {
    readonly accountId: string | null;
    readonly listing: string | null;
    readonly attemptKey: string | null;
    readonly since: string;
    readonly rowsMax: number;
  },
): Promise<readonly KeptCall[]> =>
  query(
    on,
    KeptCall,
    sql`
      with meant as (
        select l.id, l.account_id, l.ref, l.channel_sku from listing l
         where (l.ref = ${asked.listing} or l.channel_sku = ${asked.listing})
           and (${asked.accountId}::text is null or l.account_id = ${asked.accountId})
      )
      select to_char(c.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as at, c.account_id as "accountId",
             c.call_class as "callClass", c.attempt_key as "attemptKey", c.method, c.path, c.operation, c.status,
             c.duration_ms as "durationMs", c.outcome, c.channel_code as "channelCode", c.request_id as "requestId",
             c.names, c.facts
        from channel_call c
       where c.at >= ${asked.since}::timestamptz
         and (${asked.accountId}::text is null or c.account_id = ${asked.accountId})
         and (${asked.attemptKey}::text is null or c.attempt_key = ${asked.attemptKey})
         and (${asked.listing}::text is null
              or exists (select 1 from meant m where m.account_id = c.account_id
                                                 and (m.ref = any(c.names) or m.channel_sku = any(c.names)))
              or (c.names = '{}' and exists (select 1 from meant m join push_attempt a on a.listing_id = m.id
                                              where a.attempt_key = c.attempt_key)))
       order by c.at desc, c.id desc
       limit ${asked.rowsMax}`,
  );

/** Deletes some of the rows older than that; returns how many went. */
export const dropCallsBefore = (on: Queryable, before: string, rowsMax: number): Promise<number> =>
  execute(
    on,
    sql`
      delete from channel_call
       where id in (select id from channel_call where at < ${before}::timestamptz order by at limit ${rowsMax})`,
  );

/** Is there anything older than that? */
export const hasCallsBefore = async (on: Queryable, before: string): Promise<boolean> =>
  (
    await query(
      on,
      z.object({ one: z.number() }),
      sql`select 1 as one from channel_call where at < ${before}::timestamptz limit 1`,
    )
  ).length > 0;
