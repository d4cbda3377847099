import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

const Figures = z.object({
  listingId: z.number(),
  /** What the last push or settling left the channel at; null = we have had no say in it. */
  expectedUnits: z.number().nullable(),
  shownUnits: z.number().nullable(),
  shownAtMs: z.number().nullable(),
  lastAppliedMs: z.number().nullable(),
  /** Since when the target owes a push; null = it owes none. */
  owedSinceMs: z.number().nullable(),
  withheldUnits: z.number(),
  /** Until then the channel may still act on a write of ours; null = there was none. */
  effectUntilMs: z.number().nullable(),
  isOpen: z.boolean(),
});
export type AuditFigures = z.infer<typeof Figures>;

/** What is known of the listings just before a reading is kept. */
export const auditFigures = (on: Queryable, listingIds: readonly number[]): Promise<readonly AuditFigures[]> =>
  query(
    on,
    Figures,
    sql`
      select t.listing_id as "listingId", t.wanted_units as "expectedUnits", t.shown_units as "shownUnits",
             t.withheld_units as "withheldUnits", coalesce(a.is_open, false) as "isOpen",
             (extract(epoch from t.shown_at) * 1000)::float8 as "shownAtMs",
             (extract(epoch from a.applied_at) * 1000)::float8 as "lastAppliedMs",
             (extract(epoch from a.effect_until) * 1000)::float8 as "effectUntilMs",
             case when t.wanted_version > t.settled_version
                  then (extract(epoch from t.owed_since) * 1000)::float8 end as "owedSinceMs"
        from push_target t
        left join lateral (
          select bool_or(p.state in ('sent', 'accepted', 'unknown')) as is_open, max(p.applied_at) as applied_at,
                 max(p.effect_until) filter (where p.state in ('sent', 'accepted', 'unknown', 'lost')) as effect_until
            from (select state, applied_at, effect_until from push_attempt
                   where listing_id = t.listing_id order by id desc limit 10) p) a on true
       where t.listing_id = any(${listingIds})
       order by t.listing_id`,
  );

export type Found = {
  readonly listingId: number;
  readonly expectedUnits: number;
  readonly observedUnits: number;
  readonly rightAtMs: number | null;
  readonly wasOwed: boolean;
};

/**
 * What a reading finds wrong, if anything. A number under way, one that is not settled yet, or one that has been owed for
 * only a moment is no drift. `ledgerUnits`: what the listing should show now. Pure.
 */
export const findDrift = (
  figures: AuditFigures,
  reading: { readonly units: number | null; readonly readAtMs: number },
  ledgerUnits: number,
  lagMsMax: number,
): Found | undefined => {
  const { listingId, expectedUnits, owedSinceMs, effectUntilMs } = figures;
  if (expectedUnits === null || reading.units === null || figures.isOpen) return undefined;
  if (effectUntilMs !== null && effectUntilMs > reading.readAtMs) return undefined;
  const wasOwed = owedSinceMs !== null;
  const wrong = wasOwed
    ? reading.units !== ledgerUnits && figures.withheldUnits === 0 && reading.readAtMs - owedSinceMs > lagMsMax
    : reading.units !== expectedUnits || reading.units !== ledgerUnits;
  if (!wrong) return undefined;
  const rightAtMs = figures.shownUnits === expectedUnits ? figures.shownAtMs : figures.lastAppliedMs;
  return { listingId, expectedUnits, observedUnits: reading.units, rightAtMs, wasOwed };
};

/** Listings whose last reading is older than that, the oldest first, that nothing is under way for. */
export const longestUnread = async (
  on: Queryable,
  accountId: string,
  readBefore: string,
  rowsMax: number,
): Promise<readonly number[]> =>
  (
    await query(
      on,
      z.object({ listingId: z.number() }),
      sql`
        select t.listing_id as "listingId"
          from push_target t
         where t.account_id = ${accountId} and (t.shown_at is null or t.shown_at < ${readBefore}::timestamptz)
         order by t.shown_at nulls first
         limit ${rowsMax}`,
    )
  ).map((row) => row.listingId);

/** True while a push or a read-back of the account could go out now. */
export const pushesAreDue = async (on: Queryable, accountId: string, now: string): Promise<boolean> =>
  (
    await query(
      on,
      z.object({ due: z.boolean() }),
      sql`
        select exists (select 1 from push_target t
                        where t.account_id = ${accountId} and t.wanted_version > t.settled_version and t.blocked_reason is null
                          and (t.not_before is null or t.not_before <= ${now}::timestamptz)
                          and not exists (select 1 from push_attempt a
                                           where a.listing_id = t.listing_id and a.version >= t.wanted_version
                                             and a.state in ('sent', 'accepted', 'unknown')))
            or exists (select 1 from push_attempt
                        where account_id = ${accountId} and state in ('accepted', 'unknown')
                          and next_read_at <= ${now}::timestamptz) as due`,
    )
  )[0]?.due ?? false;

/** Targets that have owed a push since before a time, and have no drift yet, with what they showed last. */
export const laggingTargets = (on: Queryable, accountId: string, owedBefore: string, rowsMax: number) =>
  query(
    on,
    z.object({ listingId: z.number(), units: z.number().nullable() }),
    sql`
      select t.listing_id as "listingId", t.shown_units as units
        from push_target t
       where t.account_id = ${accountId} and t.wanted_version > t.settled_version
         and t.owed_since < ${owedBefore}::timestamptz and t.shown_at > t.owed_since
         and not exists (select 1 from drift d where d.listing_id = t.listing_id
                                                 and d.state in ('suspected', 'open', 'healing'))
       order by t.owed_since limit ${rowsMax}`,
  );
