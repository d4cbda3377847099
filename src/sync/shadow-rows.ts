import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";
import { waitIndex } from "./shadow-waits.ts";
import { OwedTarget, selectOwed } from "./targets.ts";

/** Owed targets of a shadow account whose present version has not been decided yet, longest owed first. */
export const shadowOwed = (
  on: Queryable,
  accountId: string,
  rowsMax: number,
  now: string,
): Promise<readonly OwedTarget[]> =>
  query(
    on,
    OwedTarget,
    selectOwed(sql`
        from push_target t left join shadow_push s on s.listing_id = t.listing_id
       where t.account_id = ${accountId} and t.wanted_version > t.settled_version and t.blocked_reason is null
         and (s.version is null or s.version < t.wanted_version)
         and (t.not_before is null or t.not_before <= ${now}::timestamptz)
       order by t.owed_since, t.listing_id
       limit ${rowsMax}`),
  );

export type ShadowPush = {
  readonly listingId: number;
  readonly version: number;
  readonly reason: "lower" | "raise";
  readonly units: number;
  /** Before anything was withheld for sales under way. */
  readonly wantedUnits: number;
  readonly shownUnits: number | null;
  readonly terms: unknown;
};

type Counts = {
  readonly lowered?: number;
  readonly raised?: number;
  readonly zeroed?: number;
  readonly alreadyShown?: number;
  readonly superseded?: number;
  readonly givenUp?: number;
};

/** Adds to the account's counts of the day (UTC). */
const countDay = async (tx: Tx, accountId: string, counts: Counts, now: string): Promise<void> => {
  await execute(
    tx,
    sql`
      insert into shadow_day as d (account_id, day, lowered, raised, zeroed, already_shown, superseded, given_up)
      values (${accountId}, (${now}::timestamptz at time zone 'UTC')::date, ${counts.lowered ?? 0}, ${counts.raised ?? 0},
              ${counts.zeroed ?? 0}, ${counts.alreadyShown ?? 0}, ${counts.superseded ?? 0}, ${counts.givenUp ?? 0})
      on conflict (account_id, day) do update
         set lowered = d.lowered + excluded.lowered, raised = d.raised + excluded.raised, zeroed = d.zeroed + excluded.zeroed,
             already_shown = d.already_shown + excluded.already_shown, superseded = d.superseded + excluded.superseded,
             given_up = d.given_up + excluded.given_up`,
  );
};

/** What would have been sent now, the latest a listing; an older one that the channel never came to show is superseded. */
export const recordShadow = async (
  tx: Tx,
  accountId: string,
  pushes: readonly ShadowPush[],
  alreadyShown: number,
  times: { readonly now: string; readonly nextReadAt: string },
): Promise<void> => {
  const superseded = await query(
    tx,
    z.object({ open: z.boolean() }),
    sql`
      with before as (
        select listing_id from shadow_push
         where listing_id = any(${pushes.map(({ listingId }) => listingId)}) and next_read_at is not null
      ), written as (
        insert into shadow_push (listing_id, account_id, version, reason, units, wanted_units, shown_units, terms, decided_at,
                                 next_read_at)
        select "listingId", ${accountId}, version, reason, units, "wantedUnits", "shownUnits", terms, ${times.now}::timestamptz,
               ${times.nextReadAt}::timestamptz
          from json_to_recordset(${JSON.stringify(pushes)}::json)
               as p ("listingId" bigint, version bigint, reason text, units bigint, "wantedUnits" bigint, "shownUnits" bigint,
                     terms jsonb)
         order by 1
        on conflict (listing_id) do update
           set version = excluded.version, reason = excluded.reason, units = excluded.units,
               wanted_units = excluded.wanted_units, shown_units = excluded.shown_units,
               terms = excluded.terms, decided_at = excluded.decided_at, reads = 0, next_read_at = excluded.next_read_at,
               last_shown_units = null, matched_at = null
      )
      select true as open from before`,
  );
  const zeroed = pushes.filter(({ units }) => units === 0).length;
  const lowered = pushes.filter(({ reason, units }) => reason === "lower" && units > 0).length;
  const counts = {
    zeroed,
    lowered,
    raised: pushes.length - zeroed - lowered,
    alreadyShown,
    superseded: superseded.length,
  };
  if (pushes.length > 0 || alreadyShown > 0) await countDay(tx, accountId, counts, times.now);
};

const Followed = z.object({
  listingId: z.number(),
  ref: z.string(),
  details: z.json(),
  units: z.number(),
  wantedUnits: z.number(),
  shownUnits: z.number().nullable(),
  decidedAtMs: z.number(),
  reads: z.number(),
});
export type Followed = z.infer<typeof Followed>;

/** Would-be pushes whose listing is to be looked at now. */
export const followedDue = (
  on: Queryable,
  accountId: string,
  rowsMax: number,
  now: string,
): Promise<readonly Followed[]> =>
  query(
    on,
    Followed,
    sql`
      select s.listing_id as "listingId", l.ref, l.details, s.units, s.wanted_units as "wantedUnits",
             s.shown_units as "shownUnits", s.reads,
             (extract(epoch from s.decided_at) * 1000)::float8 as "decidedAtMs"
        from shadow_push s join listing l on l.id = s.listing_id
       where s.account_id = ${accountId} and s.next_read_at <= ${now}::timestamptz
       order by s.next_read_at
       limit ${rowsMax}`,
  );

/** When the next look is due, epoch ms. */
export const nextFollowedMs = async (on: Queryable, accountId: string): Promise<number | undefined> =>
  (
    await query(
      on,
      z.object({ at: z.number().nullable() }),
      sql`
        select (extract(epoch from min(next_read_at)) * 1000)::float8 as at from shadow_push
         where account_id = ${accountId} and next_read_at is not null`,
    )
  )[0]?.at ?? undefined;

export type Look = {
  readonly listingId: number;
  readonly shownUnits: number | null;
  /** The channel shows our number now, that long after we would have written it. */
  readonly waitMs: number | null;
  /** Units shown too many when we would have written. */
  readonly overUnits: number;
  /** Null = not looked at again. */
  readonly nextReadAt: string | null;
};

/** What a look has found, with the day's waiting times. */
export const recordLooks = async (tx: Tx, accountId: string, looks: readonly Look[], now: string): Promise<void> => {
  await execute(
    tx,
    sql`
      update shadow_push s
         set reads = s.reads + 1, last_shown_units = k."shownUnits", next_read_at = k."nextReadAt",
             matched_at = case when k."waitMs" is not null then ${now}::timestamptz end
        from json_to_recordset(${JSON.stringify(looks)}::json)
             as k ("listingId" bigint, "shownUnits" bigint, "waitMs" float8, "nextReadAt" timestamptz)
       where s.listing_id = k."listingId"`,
  );
  const matched = looks.flatMap(({ waitMs, overUnits }) => (waitMs === null ? [] : [{ waitMs, overUnits }]));
  const givenUp = looks.filter(({ waitMs, nextReadAt }) => waitMs === null && nextReadAt === null).length;
  if (matched.length + givenUp === 0) return;
  await countDay(tx, accountId, { givenUp }, now);
  const counts = Array.from(
    { length: 8 },
    (_, index) => matched.filter((one) => waitIndex(one.waitMs) === index).length,
  );
  const overUnitSeconds = matched.reduce((sum, { waitMs, overUnits }) => sum + (overUnits * waitMs) / 1_000, 0);
  await execute(
    tx,
    sql`
      update shadow_day d
         set matched = d.matched + ${matched.length},
             wait_ms_sum = d.wait_ms_sum + ${Math.round(matched.reduce((sum, { waitMs }) => sum + waitMs, 0))},
             wait_ms_max = greatest(d.wait_ms_max, ${Math.round(Math.max(0, ...matched.map(({ waitMs }) => waitMs)))}),
             wait_counts = array(select a + b from unnest(d.wait_counts, ${counts}::bigint[]) with ordinality as u (a, b, n) order by n),
             over_unit_seconds = d.over_unit_seconds + ${overUnitSeconds}
       where d.account_id = ${accountId} and d.day = (${now}::timestamptz at time zone 'UTC')::date`,
  );
};
