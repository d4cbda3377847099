import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { type DriftEvidence, driftCauses } from "./drift-cause.ts";

const Suspect = z.object({
  id: z.number(),
  listingId: z.number(),
  expectedUnits: z.number(),
  observedUnits: z.number(),
  rightAt: z.string().nullable(),
  observedAt: z.string(),
  observedAtMs: z.number(),
  wasOwed: z.boolean(),
  state: z.enum(["suspected", "open"]),
  cause: z.enum(driftCauses).nullable(),
});
export type Suspect = z.infer<typeof Suspect>;

/**
 * What is to be judged: suspected drifts found up to a time, and open ones of a little before, which later findings may
 * show in another light.
 */
export const suspects = (
  on: Queryable,
  accountId: string,
  given: { readonly foundUntil: string; readonly againSince: string; readonly rowsMax: number },
): Promise<readonly Suspect[]> =>
  query(
    on,
    Suspect,
    sql`
      select id, listing_id as "listingId", expected_units as "expectedUnits", observed_units as "observedUnits",
             right_at as "rightAt", observed_at as "observedAt", was_owed as "wasOwed", state, cause,
             (extract(epoch from observed_at) * 1000)::float8 as "observedAtMs"
        from drift
       where account_id = ${accountId} and observed_at <= ${given.foundUntil}::timestamptz
         and (state = 'suspected'
              or (state = 'open' and cause in ('hand-edit', 'other-app') and observed_at >= ${given.againSince}::timestamptz))
       order by id
       limit ${given.rowsMax}`,
  );

const Write = z.object({
  listingId: z.number(),
  units: z.number(),
  unitsBefore: z.number().nullable(),
  state: z.enum(["sent", "accepted", "applied", "refused", "unknown", "lost"]),
  startedAtMs: z.number(),
  answeredAtMs: z.number().nullable(),
  appliedAtMs: z.number().nullable(),
});

/** The last writes to each listing, newest first. */
export const lastWrites = (on: Queryable, listingIds: readonly number[]): Promise<readonly z.infer<typeof Write>[]> =>
  query(
    on,
    Write,
    sql`
      select named.id as "listingId", p.units, p.state,
             -- Where the write mended a drift, the number before it was none of ours.
             case when not exists (select 1 from drift d where d.listing_id = p.listing_id and d.observed_at <= p.started_at
                                                          and d.observed_at > p.started_at - interval '1 day'
                                                          and d.observed_units = p.units_before)
                  then p.units_before end as "unitsBefore",
             (extract(epoch from p.started_at) * 1000)::float8 as "startedAtMs",
             (extract(epoch from p.answered_at) * 1000)::float8 as "answeredAtMs",
             (extract(epoch from p.applied_at) * 1000)::float8 as "appliedAtMs"
        from unnest(${listingIds}::bigint[]) as named (id)
        join lateral (select * from push_attempt
                       where listing_id = named.id order by id desc limit 6) p on true
       order by named.id, p.id desc`,
  );

/** How often each of these drifts' listings left our number within a day before it, by nobody's order. */
export const earlierMoves = async (on: Queryable, driftIds: readonly number[]): Promise<ReadonlyMap<number, number>> =>
  new Map(
    (
      await query(
        on,
        z.object({ id: z.number(), moves: z.number() }),
        sql`
          select d.id, count(*) as moves
            from drift d
            join drift earlier on earlier.listing_id = d.listing_id and earlier.id < d.id
                              and earlier.cause in ('hand-edit', 'other-app', 'unknown')
                              and earlier.observed_at > d.observed_at - interval '1 day'
           where d.id = any(${driftIds})
           group by d.id`,
      )
    ).map(({ id, moves }) => [id, moves]),
  );

const Moved = z.object({
  id: z.number(),
  observedAtMs: z.number(),
  observedUnits: z.number(),
  isOlder: z.boolean(),
  state: z.string(),
  cause: z.enum(driftCauses),
  evidence: z.custom<DriftEvidence & { readonly isOlder: boolean }>(
    (value) => typeof value === "object" && value !== null,
  ),
});
export type Moved = z.infer<typeof Moved>;

/** Drifts that were judged already and that neither an order nor a push of ours explains, found in the given time. */
export const movedAlready = (
  on: Queryable,
  accountId: string,
  found: { readonly since: string; readonly until: string },
): Promise<readonly Moved[]> =>
  query(
    on,
    Moved,
    sql`
      select id, (extract(epoch from observed_at) * 1000)::float8 as "observedAtMs", observed_units as "observedUnits",
             coalesce((evidence -> 'isOlder')::boolean, false) as "isOlder", state, cause, evidence
        from drift
       where account_id = ${accountId} and state <> 'suspected'
         and cause in ('hand-edit', 'other-app', 'channel-fault', 'lost-push', 'unknown')
         and observed_at between ${found.since}::timestamptz and ${found.until}::timestamptz`,
  );

/**
 * Up to which time every order of the account is known, that is: polled, and applied. ISO; null = not known at all, or
 * something that came in is not applied yet.
 */
export const ordersKnownUntil = async (on: Queryable, accountId: string): Promise<string | null> =>
  (
    await query(
      on,
      z.object({ until: z.string().nullable() }),
      sql`
        select c.watermark as until
          from account_cursor c
         where c.account_id = ${accountId} and c.stream = 'orders'
           and not exists (select 1 from inbox i where i.account_id = c.account_id and i.state = 'received')`,
    )
  )[0]?.until ?? null;
