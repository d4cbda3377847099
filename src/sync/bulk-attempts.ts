import { z } from "zod";
import { execute, type Queryable, query, sql } from "../db/sql.ts";

/**
 * Attempts that went out in a bulk document stay `sent`, with the document's receipt, until the channel has worked it
 * off; `next_read_at` is when to ask. After that they are attempts like any other.
 */
export const recordReceipt = async (
  on: Queryable,
  attemptKey: string,
  sent: {
    readonly listingIds: readonly number[];
    readonly receipt: string;
    readonly effectUntil: string;
    readonly askAt: string;
  },
): Promise<void> => {
  await execute(
    on,
    sql`
      update push_attempt
         set receipt = ${sent.receipt}, effect_until = ${sent.effectUntil}::timestamptz, next_read_at = ${sent.askAt}::timestamptz
       where attempt_key = ${attemptKey} and listing_id = any(${sent.listingIds}) and state = 'sent'`,
  );
};

/** Not worked off yet: ask again then. */
export const askBulkAgain = async (on: Queryable, attemptKey: string, askAt: string): Promise<void> => {
  await execute(
    on,
    sql`
      update push_attempt set next_read_at = ${askAt}::timestamptz, reads = reads + 1
       where attempt_key = ${attemptKey} and state = 'sent' and receipt is not null`,
  );
};

const BulkRow = z.object({
  attemptKey: z.string(),
  receipt: z.string(),
  startedAtMs: z.number(),
  listingId: z.number(),
  ref: z.string(),
  failures: z.number(),
});
export type BulkRow = z.infer<typeof BulkRow>;

/** What went along in the account's documents that are due to be asked for. */
export const dueBulkRows = (on: Queryable, accountId: string, now: string): Promise<readonly BulkRow[]> =>
  query(
    on,
    BulkRow,
    sql`
      select a.attempt_key as "attemptKey", a.receipt, (extract(epoch from a.started_at) * 1000)::float8 as "startedAtMs",
             a.listing_id as "listingId", l.ref, coalesce(t.failures, 0) as failures
        from push_attempt a
        join listing l on l.id = a.listing_id
        left join push_target t on t.listing_id = a.listing_id
       where a.account_id = ${accountId} and a.state = 'sent' and a.receipt is not null and a.next_read_at <= ${now}::timestamptz
       order by a.id`,
  );

/** When the account's next document is to be asked for, epoch ms; undefined = none is under way. */
export const nextBulkAskMs = async (on: Queryable, accountId: string): Promise<number | undefined> =>
  (
    await query(
      on,
      z.object({ at: z.number().nullable() }),
      sql`
        select (extract(epoch from min(next_read_at)) * 1000)::float8 as at
          from push_attempt where account_id = ${accountId} and state = 'sent' and receipt is not null`,
    )
  )[0]?.at ?? undefined;

/** Accounts with a document that is due to be asked for. */
export const accountsWithDueBulks = async (on: Queryable, now: string): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ accountId: z.string() }),
      sql`
        select distinct account_id as "accountId"
          from push_attempt
         where state = 'sent' and receipt is not null and next_read_at <= ${now}::timestamptz
         order by account_id`,
    )
  ).map((row) => row.accountId);

const InFlight = z.object({ listingId: z.number(), door: z.enum(["single", "bulk"]) });

/** By which door something is under way; a document outweighs the rest. Listings with nothing under way are left out. */
export const doorsInFlight = async (
  on: Queryable,
  listingIds: readonly number[],
): Promise<ReadonlyMap<number, "single" | "bulk">> =>
  new Map(
    (
      await query(
        on,
        InFlight,
        sql`
          select listing_id as "listingId",
                 case when bool_or(state = 'sent' and receipt is not null) then 'bulk' else 'single' end as door
            from push_attempt
           where listing_id = any(${listingIds}) and state in ('sent', 'accepted', 'unknown')
           group by listing_id`,
      )
    ).map((row) => [row.listingId, row.door]),
  );

/** How often each listing was written since then; what the channel surely refused does not count. */
export const writesSince = async (
  on: Queryable,
  listingIds: readonly number[],
  since: string,
): Promise<ReadonlyMap<number, number>> =>
  new Map(
    (
      await query(
        on,
        z.object({ listingId: z.number(), count: z.number() }),
        sql`
          select listing_id as "listingId", count(*) as count
            from push_attempt
           where listing_id = any(${listingIds}) and started_at >= ${since}::timestamptz and state <> 'refused'
           group by listing_id`,
      )
    ).map((row) => [row.listingId, row.count]),
  );
