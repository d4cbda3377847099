import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { waitWithinMs } from "./shadow-waits.ts";

const Days = z.object({
  accountId: z.string(),
  days: z.number(),
  lowered: z.number(),
  raised: z.number(),
  zeroed: z.number(),
  alreadyShown: z.number(),
  matched: z.number(),
  superseded: z.number(),
  givenUp: z.number(),
  waitMsSum: z.number(),
  waitMsMax: z.number(),
  waitCounts: z.array(z.number()),
  overUnitSeconds: z.number(),
});

const OpenPush = z.object({
  accountId: z.string(),
  ref: z.string(),
  channelSku: z.string().nullable(),
  reason: z.enum(["lower", "raise"]),
  wouldShow: z.number(),
  shows: z.number().nullable(),
  since: z.string(),
  terms: z.json(),
});

export type ShadowReport = {
  readonly accountId: string;
  /** UTC days with anything to tell. */
  readonly days: number;
  /** What would have been sent: writes of ours that were not made. */
  readonly lowered: number;
  readonly raised: number;
  readonly zeroed: number;
  /** Nothing to send: the channel showed our number when we looked. */
  readonly alreadyShown: number;
  /** The channel came to show our number by other hands; how long that took, at most. */
  readonly matched: number;
  readonly waitMsMean: number | null;
  readonly waitMsMax: number | null;
  readonly halfWithinMs: number | null;
  readonly ninetyPercentWithinMs: number | null;
  /** Another number of ours took its place before the channel showed it; or it never came in a day. */
  readonly superseded: number;
  readonly givenUp: number;
  /** Units shown too many × the seconds they were, of what was matched. */
  readonly overUnitSeconds: number;
  /** Not matched yet, the most units too many first. */
  readonly open: readonly Omit<z.infer<typeof OpenPush>, "accountId">[];
};

const openRows = 1_000;

/** What would have been written since that day (UTC, `YYYY-MM-DD`), and how the present tool compares. */
export const shadowReport = async (
  on: Queryable,
  chosen: { readonly accountId: string | null; readonly since: string },
): Promise<readonly ShadowReport[]> => {
  const days = await query(
    on,
    Days,
    sql`
      select d.account_id as "accountId", count(*) as days, sum(lowered)::bigint as lowered, sum(raised)::bigint as raised,
             sum(zeroed)::bigint as zeroed, sum(already_shown)::bigint as "alreadyShown", sum(matched)::bigint as matched,
             sum(superseded)::bigint as superseded, sum(given_up)::bigint as "givenUp",
             sum(wait_ms_sum)::bigint as "waitMsSum", max(wait_ms_max) as "waitMsMax",
             sum(over_unit_seconds) as "overUnitSeconds",
             (select array_agg(n.total order by n.at)
                from (select u.at, sum(u.counted)::float8 as total
                        from shadow_day o, unnest(o.wait_counts) with ordinality as u (counted, at)
                       where o.account_id = d.account_id and o.day >= ${chosen.since}::date group by u.at) n) as "waitCounts"
        from shadow_day d
       where d.day >= ${chosen.since}::date and (${chosen.accountId}::text is null or d.account_id = ${chosen.accountId})
       group by d.account_id order by d.account_id`,
  );
  const open = await query(
    on,
    OpenPush,
    sql`
      select s.account_id as "accountId", l.ref, l.channel_sku as "channelSku", s.reason, s.units as "wouldShow",
             coalesce(s.last_shown_units, s.shown_units) as shows, s.terms,
             to_char(s.decided_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since
        from shadow_push s join listing l on l.id = s.listing_id
       where s.matched_at is null and (${chosen.accountId}::text is null or s.account_id = ${chosen.accountId})
       order by coalesce(s.last_shown_units, s.shown_units) - s.units desc nulls last, s.listing_id
       limit ${openRows}`,
  );
  return days.map(({ waitMsSum, waitMsMax, waitCounts, ...rest }) => ({
    ...rest,
    waitMsMean: rest.matched === 0 ? null : Math.round(waitMsSum / rest.matched),
    waitMsMax: rest.matched === 0 ? null : waitMsMax,
    halfWithinMs: waitWithinMs(waitCounts, 0.5),
    ninetyPercentWithinMs: waitWithinMs(waitCounts, 0.9),
    open: open.filter(({ accountId }) => accountId === rest.accountId).map(({ accountId: _account, ...push }) => push),
  }));
};
