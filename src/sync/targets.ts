import { z } from "zod";
import { execute, type Queryable, query, type Statement, sql, type Tx } from "../db/sql.ts";

/** Gives every linked merchant listing among these a push target; new ones owe a push at once. Returns the accounts. */
export const ensureTargets = async (tx: Tx, listingIds: readonly number[], now: string): Promise<readonly string[]> =>
  (
    await query(
      tx,
      z.object({ accountId: z.string() }),
      sql`
        insert into push_target as t (listing_id, account_id, listing_ref, owed_since, shown_units, shown_at, shown_since)
        select l.id, l.account_id, l.ref, ${now}::timestamptz, seen.units, seen.observed_at, seen.observed_at
          from listing l
          left join lateral (select o.units, o.observed_at from observation o
                              where o.listing_id = l.id order by o.id desc limit 1) seen on true
         where l.id = any(${listingIds}) and l.fulfilled_by = 'merchant'
           and exists (select 1 from listing_link k where k.listing_id = l.id)
         order by l.id
        on conflict (listing_id) do update
           set wanted_version = t.wanted_version + 1, owed_since = ${now}::timestamptz, blocked_reason = null
        returning t.account_id as "accountId"`,
    )
  ).map((row) => row.accountId);

/**
 * The SKUs changed: every listing that sells them owes a push. Only the version rises; the quantity is computed when it
 * is sent. Returns the accounts to wake.
 */
export const markOwed = async (tx: Tx, skus: readonly string[], now: string): Promise<readonly string[]> =>
  (
    await query(
      tx,
      z.object({ accountId: z.string() }),
      sql`
        with touched as (
          select t.listing_id
            from push_target t
           where t.listing_id in (select listing_id from listing_link where sku = any(${skus}))
           -- Sorted: two batches that share listings would otherwise lock them crosswise.
           order by t.listing_id
             for update
        ), marked as (
          update push_target t
             set wanted_version = t.wanted_version + 1, blocked_reason = null, failures = 0, not_before = null,
                 owed_since = case when t.settled_version = t.wanted_version then ${now}::timestamptz else t.owed_since end
            from touched
           where t.listing_id = touched.listing_id
          returning t.account_id
        )
        select distinct account_id as "accountId" from marked`,
    )
  ).map((row) => row.accountId);

/** A person's "try again": refused listings of an account (or of all) are planned anew. Returns how many. */
export const retryBlocked = (on: Queryable, accountId: string | null): Promise<number> =>
  execute(
    on,
    sql`
      update push_target set blocked_reason = null, not_before = null, failures = 0
       where blocked_reason is not null and (${accountId}::text is null or account_id = ${accountId})`,
  );

/** Listings that are not pushed to until a person looks, with the reason. */
export const blockedTargets = (on: Queryable, rowsMax: number) =>
  query(
    on,
    z.object({ accountId: z.string(), ref: z.string(), channelSku: z.string().nullable(), reason: z.string() }),
    sql`
      select t.account_id as "accountId", l.ref, l.channel_sku as "channelSku", t.blocked_reason as reason
        from push_target t join listing l on l.id = t.listing_id
       where t.blocked_reason is not null
       order by t.account_id, l.ref limit ${rowsMax}`,
  );

export const OwedTarget = z.object({
  listingId: z.number(),
  version: z.number(),
  shownUnits: z.number().nullable(),
  withheldUnits: z.number(),
  /** Shown as 0 by a hold that is over, and not settled since. */
  released: z.boolean(),
  owedSince: z.string(),
  failures: z.number(),
});
export type OwedTarget = z.infer<typeof OwedTarget>;

const owedColumns = `
  t.listing_id as "listingId", t.wanted_version as version, t.shown_units as "shownUnits", t.failures,
  t.withheld_units as "withheldUnits", t.released_version > t.settled_version as released,
  to_char(t.owed_since, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "owedSince"`;

/** `select <an OwedTarget's columns of push_target t>` and the rest of a statement; further columns begin with a comma. */
export const selectOwed = (rest: Statement): Statement => ({
  text: `select ${owedColumns} ${rest.text}`,
  values: rest.values,
});

/** Targets of an account that owe a push and have nothing under way for their present version, longest owed first. */
export const owedTargets = (
  on: Queryable,
  accountId: string,
  rowsMax: number,
  now: string,
): Promise<readonly OwedTarget[]> =>
  query(
    on,
    OwedTarget,
    selectOwed(sql`
        from push_target t
       where t.account_id = ${accountId} and t.wanted_version > t.settled_version and t.blocked_reason is null
         and (t.not_before is null or t.not_before <= ${now}::timestamptz)
         and not exists (select 1 from push_attempt a
                          where a.listing_id = t.listing_id and a.state in ('sent', 'accepted', 'unknown')
                            and a.version >= t.wanted_version)
       order by t.owed_since, t.listing_id
       limit ${rowsMax}`),
  );

export type Reading = { readonly listingId: number; readonly units: number | null };

/**
 * Keeps what the channel showed; an observation row only when it differs from the one before. `readAt`: when the read began;
 * `answeredAt`: when its answer was there. The number is of some moment between: a raise must know the orders up to the later one.
 */
export const recordReadings = async (
  on: Queryable,
  readings: readonly Reading[],
  readHow: "before-push" | "read-back" | "import" | "audit" | "webhook",
  readAt: string,
  answeredAt: string = readAt,
): Promise<void> => {
  await execute(
    on,
    sql`
      with locked as (
        -- Sorted, here and wherever several targets change at once: jobs of one account work side by side.
        select listing_id, shown_units, shown_at, shown_since from push_target
         where listing_id = any(${readings.map((one) => one.listingId)}) order by listing_id for update
      ), readings as (
        select * from json_to_recordset(${JSON.stringify(readings)}::json) as r ("listingId" bigint, units bigint)
      ), news as (
        insert into observation (listing_id, units, read_how, observed_at)
        select r."listingId", r.units, ${readHow}, ${readAt}::timestamptz
          from readings r
          left join locked t on t.listing_id = r."listingId"
         where t.shown_at is null or t.shown_units is distinct from r.units
      )
      update push_target t
         set shown_units = r.units, shown_at = ${readAt}::timestamptz,
             shown_since = case when t.shown_units is not distinct from r.units and t.shown_since is not null
                                then t.shown_since else ${answeredAt}::timestamptz end
        from readings r join locked on locked.listing_id = r."listingId"
       where t.listing_id = locked.listing_id and (t.shown_at is null or t.shown_at <= ${readAt}::timestamptz)`,
  );
};

/**
 * What these listings show may be the same number for the second time: a push that was given up may have shown between two
 * readings, and been sold. Their run of equal readings begins anew, so that a raise waits for the orders up to here.
 */
export const beginReadingsAnew = async (
  on: Queryable,
  listingIds: readonly number[],
  answeredAt: string,
): Promise<void> => {
  if (listingIds.length === 0) return;
  await execute(
    on,
    sql`
      with locked as (select listing_id from push_target where listing_id = any(${listingIds}) order by listing_id for update)
      update push_target t set shown_since = ${answeredAt}::timestamptz
        from locked
       where t.listing_id = locked.listing_id and t.shown_since < ${answeredAt}::timestamptz`,
  );
};

export type Settled = {
  readonly listingId: number;
  readonly version: number;
  readonly units: number;
  /** Where no attempt has them: why that is the number. */
  readonly terms?: unknown;
};

/** The channel provably shows what was wanted at these versions. Returns since when each closed debt was owed, epoch ms. */
export const settleTargets = async (on: Queryable, settled: readonly Settled[]): Promise<readonly number[]> => {
  const explained = settled.filter(({ terms }) => terms !== undefined);
  return (
    await query(
      on,
      z.object({ owedSinceMs: z.number() }),
      sql`
        with locked as (select listing_id from push_target where listing_id = any(${settled.map((one) => one.listingId)})
                         order by listing_id for update),
        explained as (
          update observation o set terms = s.terms
            from json_to_recordset(${JSON.stringify(settled)}::json) as s ("listingId" bigint, units bigint, terms jsonb)
           where s.terms is not null and o.terms is null and o.units = s.units and o.listing_id = s."listingId"
             -- By ids, found first: as a join the whole of a table that only grows would be read.
             and o.id = any(array(select (select last.id from observation last where last.listing_id = told.id
                                           order by last.id desc limit 1)
                                    from unnest(${explained.map((one) => one.listingId)}::bigint[]) as told (id)))
        )
        update push_target t
           set settled_version = greatest(t.settled_version, s.version), wanted_units = s.units, failures = 0, not_before = null,
               withheld_units = case when t.wanted_version = s.version then 0 else t.withheld_units end
          from locked
          join json_to_recordset(${JSON.stringify(settled)}::json) as s ("listingId" bigint, version bigint, units bigint)
            on s."listingId" = locked.listing_id
         where t.listing_id = locked.listing_id and t.settled_version < s.version
        returning (extract(epoch from t.owed_since) * 1000)::float8 as "owedSinceMs"`,
    )
  ).map((row) => row.owedSinceMs);
};

export type Deferral = {
  readonly listingId: number;
  readonly notBefore: string;
  readonly failed: boolean;
  /** Only if nothing has come up since: a long wait must not swallow the news that would end it. */
  readonly ifVersion?: number;
};

/** Not now: looked at again after `notBefore`. `failed` counts towards the backoff. */
export const deferTargets = async (on: Queryable, deferrals: readonly Deferral[]): Promise<void> => {
  await execute(
    on,
    sql`
      with locked as (select listing_id from push_target where listing_id = any(${deferrals.map((one) => one.listingId)})
                       order by listing_id for update)
      update push_target t
         set not_before = d."notBefore", failures = t.failures + case when d.failed then 1 else 0 end
        from locked
        join json_to_recordset(${JSON.stringify(deferrals)}::json) as d ("listingId" bigint, "notBefore" timestamptz, failed boolean, "ifVersion" bigint)
          on d."listingId" = locked.listing_id
       where t.listing_id = locked.listing_id and (d."ifVersion" is null or d."ifVersion" = t.wanted_version)`,
  );
};

/** Needs a person: not tried again until its version rises or somebody asks. */
export const blockTargets = async (
  on: Queryable,
  blocked: readonly { readonly listingId: number; readonly reason: string }[],
): Promise<void> => {
  await execute(
    on,
    sql`
      with locked as (select listing_id from push_target where listing_id = any(${blocked.map((one) => one.listingId)})
                       order by listing_id for update)
      update push_target t set blocked_reason = b.reason
        from locked
        join json_to_recordset(${JSON.stringify(blocked)}::json) as b ("listingId" bigint, reason text)
          on b."listingId" = locked.listing_id
       where t.listing_id = locked.listing_id`,
  );
};

/** How many listings of the account may be pushed to at all. */
export const targetCount = async (on: Queryable, accountId: string): Promise<number> =>
  (
    await query(
      on,
      z.object({ n: z.number() }),
      sql`select count(*) as n from push_target where account_id = ${accountId}`,
    )
  )[0]?.n ?? 0;
