import { z } from "zod";
import { query, sql, type Tx } from "../db/sql.ts";

export const OutboxRow = z.object({ id: z.number(), topic: z.string(), subject: z.string() });
export type OutboxRow = z.infer<typeof OutboxRow>;

/**
 * Claims waiting rows and marks them done in the caller's transaction: whatever the caller does with them commits with
 * the claim. By state with skip locked, never "id > last seen", which would skip rows of a late commit for ever.
 */
export const claimOutbox = (tx: Tx, rowsMax: number, now: string): Promise<readonly OutboxRow[]> =>
  query(
    tx,
    OutboxRow,
    sql`
      update outbox o
         set state = 'done', done_at = ${now}::timestamptz
        from (select id from outbox where state = 'waiting' order by id limit ${rowsMax} for update skip locked) claimed
       where o.id = claimed.id
      returning o.id, o.topic, o.subject`,
  );

export const outboxWaiting = async (on: Parameters<typeof query>[0]): Promise<number> =>
  (await query(on, z.object({ n: z.number() }), sql`select count(*) as n from outbox where state = 'waiting'`))[0]?.n ??
  0;
