import { z } from "zod";
import { type Queryable, query, queryOne, sql } from "../db/sql.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

export const ListingState = z.object({
  listingId: z.number(),
  accountId: z.string(),
  channel: z.string(),
  accountState: z.string(),
  accountReason: z.string().nullable(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  title: z.string().nullable(),
  fulfilledBy: z.enum(["merchant", "channel"]),
  status: z.enum(["active", "inactive", "ended"]),
  hasTarget: z.boolean(),
  isOwed: z.boolean(),
  shownUnits: z.number().nullable(),
  shownAt: z.string().nullable(),
  shownSince: z.string().nullable(),
  owedSince: z.string().nullable(),
  notBefore: z.string().nullable(),
  blockedReason: z.string().nullable(),
  failures: z.number(),
});
export type ListingState = z.infer<typeof ListingState>;

/** A listing with its account and what it owes. */
export const listingState = (on: Queryable, listingId: number): Promise<ListingState | undefined> =>
  queryOne(
    on,
    ListingState,
    sql`
      select l.id as "listingId", l.account_id as "accountId", a.channel, a.state as "accountState",
             a.state_reason as "accountReason", l.ref, l.channel_sku as "channelSku", l.title,
             l.fulfilled_by as "fulfilledBy", l.status, t.listing_id is not null as "hasTarget",
             coalesce(t.wanted_version > t.settled_version, false) as "isOwed", t.shown_units as "shownUnits",
             to_char(t.shown_at, ${iso}) as "shownAt", to_char(t.shown_since, ${iso}) as "shownSince",
             to_char(t.owed_since, ${iso}) as "owedSince", to_char(t.not_before, ${iso}) as "notBefore",
             t.blocked_reason as "blockedReason", coalesce(t.failures, 0) as failures
        from listing l join account a on a.id = l.account_id left join push_target t on t.listing_id = l.id
       where l.id = ${listingId}`,
  );

export const AttemptRow = z.object({
  id: z.number(),
  listingId: z.number(),
  units: z.number(),
  unitsBefore: z.number().nullable(),
  reason: z.string(),
  state: z.string(),
  startedAt: z.string(),
  answeredAt: z.string().nullable(),
  appliedAt: z.string().nullable(),
  effectUntil: z.string(),
  receipt: z.string().nullable(),
  detail: z.string().nullable(),
  terms: z.json(),
});
export type AttemptRow = z.infer<typeof AttemptRow>;

/** The last attempts of a listing that had begun at `until` (null: now), newest first. States are those of now. */
export const lastAttempts = (
  on: Queryable,
  listingId: number,
  until: string | null,
  rowsMax: number,
): Promise<readonly AttemptRow[]> =>
  query(
    on,
    AttemptRow,
    sql`
      select id, listing_id as "listingId", units, units_before as "unitsBefore", reason, state,
             to_char(started_at, ${iso}) as "startedAt", to_char(answered_at, ${iso}) as "answeredAt",
             to_char(applied_at, ${iso}) as "appliedAt", to_char(effect_until, ${iso}) as "effectUntil", receipt, detail, terms
        from push_attempt
       where listing_id = ${listingId} and (${until}::timestamptz is null or started_at <= ${until}::timestamptz)
       order by id desc limit ${rowsMax}`,
  );

/**
 * The newest attempt that was seen to show these units during the run of equal readings that began at `since`, up to
 * `until` (null: now). An older one with the same units says nothing: the number was another in between.
 */
export const attemptThatShowed = (
  on: Queryable,
  shown: { readonly listingId: number; readonly units: number; readonly since: string; readonly until: string | null },
): Promise<AttemptRow | undefined> =>
  queryOne(
    on,
    AttemptRow,
    sql`
      select id, listing_id as "listingId", units, units_before as "unitsBefore", reason, state,
             to_char(started_at, ${iso}) as "startedAt", to_char(answered_at, ${iso}) as "answeredAt",
             to_char(applied_at, ${iso}) as "appliedAt", to_char(effect_until, ${iso}) as "effectUntil", receipt, detail, terms
        from push_attempt
       where listing_id = ${shown.listingId} and units = ${shown.units} and state = 'applied'
         and applied_at >= ${shown.since}::timestamptz
         and (${shown.until}::timestamptz is null or applied_at <= ${shown.until}::timestamptz)
       order by id desc limit 1`,
  );

export const ObservationRow = z.object({
  id: z.number(),
  listingId: z.number(),
  units: z.number().nullable(),
  readHow: z.string(),
  observedAt: z.string(),
  terms: z.json(),
});
export type ObservationRow = z.infer<typeof ObservationRow>;

/** What the channel showed at that time (null: now), as far as anybody looked. */
export const observationAt = (
  on: Queryable,
  listingId: number,
  at: string | null,
): Promise<ObservationRow | undefined> =>
  queryOne(
    on,
    ObservationRow,
    sql`
      select id, listing_id as "listingId", units, read_how as "readHow", to_char(observed_at, ${iso}) as "observedAt", terms
        from observation
       where listing_id = ${listingId} and (${at}::timestamptz is null or observed_at <= ${at}::timestamptz)
       order by id desc limit 1`,
  );

/** The last number of ours that the channel was seen to show, up to `until` (null: now), and why it was right. */
export const lastOwnNumber = (
  on: Queryable,
  listingId: number,
  until: string | null,
): Promise<{ readonly attemptId: number | null; readonly at: string; readonly terms: unknown } | undefined> =>
  queryOne(
    on,
    z.object({ attemptId: z.number().nullable(), at: z.string(), terms: z.json() }),
    sql`
      select "attemptId", to_char(at, ${iso}) as at, terms
        from ((select id as "attemptId", started_at as at, terms from push_attempt
                where listing_id = ${listingId} and state = 'applied'
                  and (${until}::timestamptz is null or applied_at <= ${until}::timestamptz)
                order by id desc limit 1)
              union all
              (select null, observed_at, terms from observation
                where listing_id = ${listingId} and terms is not null
                  and (${until}::timestamptz is null or observed_at <= ${until}::timestamptz)
                order by id desc limit 1)) own
       order by own.at desc limit 1`,
  );
