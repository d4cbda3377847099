import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";

export type NewAttempt = {
  readonly listingId: number;
  readonly version: number;
  readonly units: number;
  /** Wanted, but kept back for sales under way. */
  readonly withheldUnits: number;
  readonly unitsBefore: number | null;
  readonly reason: "lower" | "raise" | "first" | "restore";
  readonly terms: unknown;
};

/** Writes the attempts down before anything is sent. `effectUntil`: until then the channel may still act on them. */
export const openAttempts = async (
  tx: Tx,
  opened: {
    readonly accountId: string;
    readonly attemptKey: string;
    readonly fence: number;
    readonly startedAt: string;
    readonly effectUntil: string;
    readonly nextReadAt: string;
    readonly attempts: readonly NewAttempt[];
  },
): Promise<void> => {
  const inserted = execute(
    tx,
    sql`
      insert into push_attempt (listing_id, account_id, attempt_key, fence, version, units, units_before, reason, state,
                                started_at, effect_until, next_read_at, terms)
      select "listingId", ${opened.accountId}, ${opened.attemptKey}, ${opened.fence}, version, units, "unitsBefore", reason,
             'sent', ${opened.startedAt}::timestamptz, ${opened.effectUntil}::timestamptz, ${opened.nextReadAt}::timestamptz, terms
        from json_to_recordset(${JSON.stringify(opened.attempts)}::json)
             as a ("listingId" bigint, version bigint, units bigint, "unitsBefore" bigint, reason text, terms jsonb)`,
  );
  const noted = execute(
    tx,
    sql`
      with locked as (select listing_id from push_target
                       where listing_id = any(${opened.attempts.map((attempt) => attempt.listingId)}) order by listing_id for update)
      update push_target t set wanted_units = a.units, withheld_units = a."withheldUnits"
        from locked
        join json_to_recordset(${JSON.stringify(opened.attempts)}::json)
             as a ("listingId" bigint, units bigint, "withheldUnits" bigint)
          on a."listingId" = locked.listing_id
       where t.listing_id = locked.listing_id`,
  );
  // In one round trip.
  await Promise.all([inserted, noted]);
};

export type AttemptAnswer = {
  readonly listingId: number;
  readonly state: "accepted" | "refused" | "unknown";
  readonly receipt: string | null;
  readonly detail: string | null;
};

/** What the channel said. From now on it may still act on what it took until `effectUntil`. */
export const recordAnswers = async (
  on: Queryable,
  attemptKey: string,
  answers: readonly AttemptAnswer[],
  times: { readonly now: string; readonly effectUntil: string },
): Promise<void> => {
  await execute(
    on,
    sql`
      update push_attempt p
         set state = a.state, receipt = a.receipt, detail = a.detail, answered_at = ${times.now}::timestamptz,
               effect_until = ${times.effectUntil}::timestamptz
        from json_to_recordset(${JSON.stringify(answers)}::json) as a ("listingId" bigint, state text, receipt text, detail text)
       where p.attempt_key = ${attemptKey} and p.listing_id = a."listingId" and p.state = 'sent'`,
  );
};

/**
 * Called by a new holder of the lease, before it sends: what is still `sent` was left by a dead or frozen worker. Not so
 * what has a receipt already: that is a document which the channel works off (bulk-attempts.ts).
 */
export const disownSentAttempts = (on: Queryable, accountId: string): Promise<number> =>
  execute(
    on,
    sql`
      update push_attempt set state = 'unknown', detail = 'its worker was gone before the answer was recorded'
       where account_id = ${accountId} and state = 'sent' and receipt is null`,
  );

const OpenRow = z.object({
  id: z.number(),
  listingId: z.number(),
  units: z.number(),
  version: z.number(),
  startedAtMs: z.number(),
  effectUntilMs: z.number(),
  reads: z.number(),
});
export type OpenRow = z.infer<typeof OpenRow>;

/** Open attempts of the listings, oldest first. */
export const openAttemptsOf = (on: Queryable, listingIds: readonly number[]): Promise<readonly OpenRow[]> =>
  query(
    on,
    OpenRow,
    sql`
      select id, listing_id as "listingId", units, version, reads,
             (extract(epoch from started_at) * 1000)::float8 as "startedAtMs",
             (extract(epoch from effect_until) * 1000)::float8 as "effectUntilMs"
        from push_attempt
       where listing_id = any(${listingIds}) and state in ('sent', 'accepted', 'unknown')
       order by id`,
  );

/** Listings of the account with an attempt due to be read back, longest due first. */
export const listingsToReadBack = async (
  on: Queryable,
  accountId: string,
  rowsMax: number,
  now: string,
): Promise<readonly number[]> =>
  (
    await query(
      on,
      z.object({ listingId: z.number() }),
      sql`
        select listing_id as "listingId"
          from push_attempt
         where account_id = ${accountId} and state in ('accepted', 'unknown') and next_read_at <= ${now}::timestamptz
         group by listing_id
         order by min(next_read_at)
         limit ${rowsMax}`,
    )
  ).map((row) => row.listingId);

/** The attempt under way already carries the number that is wanted now. */
export const rideAttempts = async (
  on: Queryable,
  rides: readonly { readonly attemptId: number; readonly version: number }[],
): Promise<void> => {
  await execute(
    on,
    sql`
      update push_attempt a set version = greatest(a.version, r.version)
        from json_to_recordset(${JSON.stringify(rides)}::json) as r ("attemptId" bigint, version bigint)
       where a.id = r."attemptId"`,
  );
};

export type AttemptVerdicts = {
  readonly appliedIds: readonly number[];
  readonly lostIds: readonly number[];
  readonly waiting: readonly { readonly id: number; readonly nextReadAt: string }[];
};

export const recordVerdicts = async (on: Queryable, verdicts: AttemptVerdicts, now: string): Promise<void> => {
  await execute(
    on,
    sql`
      update push_attempt
         set state = case when id = any(${verdicts.appliedIds}) then 'applied' else 'lost' end,
             applied_at = case when id = any(${verdicts.appliedIds}) then ${now}::timestamptz end
       where (id = any(${verdicts.appliedIds}) or id = any(${verdicts.lostIds})) and state in ('sent', 'accepted', 'unknown')`,
  );
  await execute(
    on,
    sql`
      update push_attempt a set reads = a.reads + 1, next_read_at = w."nextReadAt"
        from json_to_recordset(${JSON.stringify(verdicts.waiting)}::json) as w (id bigint, "nextReadAt" timestamptz)
       where a.id = w.id`,
  );
};

/** When the account's next read-back is due, as epoch ms; undefined = nothing is open. */
export const nextReadBackMs = async (on: Queryable, accountId: string): Promise<number | undefined> =>
  (
    await query(
      on,
      z.object({ at: z.number().nullable() }),
      sql`
        select (extract(epoch from min(next_read_at)) * 1000)::float8 as at
          from push_attempt where account_id = ${accountId} and state in ('accepted', 'unknown')`,
    )
  )[0]?.at ?? undefined;
