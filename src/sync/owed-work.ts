import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

export const OwedWork = z.object({
  accountId: z.string(),
  openDeliveries: z.number(),
  owedTargets: z.number(),
  openAttempts: z.number(),
  dueReadBacks: z.number(),
  parked: z.number(),
  dead: z.number(),
  blocked: z.number(),
  oldestOwedMs: z.number().nullable(),
});
export type OwedWork = z.infer<typeof OwedWork>;

/** Everything that is owed, per account, from Postgres alone: what the sweep enqueues and what `health` and the demo count. */
export const owedWork = (on: Queryable, now: string): Promise<readonly OwedWork[]> =>
  query(
    on,
    OwedWork,
    sql`
      with frozen as materialized (
        -- Not late: somebody wants it so.
        select t.listing_id
          from hold h
          join push_target t on t.wanted_version > t.settled_version
           and (h.scope = 'everything' or (h.scope = 'account' and h.account_id = t.account_id)
                or (h.scope = 'listing' and h.listing_id = t.listing_id)
                or (h.scope = 'sku' and t.listing_id in (select k.listing_id from listing_link k where k.sku = h.sku)))
         where h.ended_at is null and h.kind = 'freeze'
      )
      select a.id as "accountId",
             (select count(*) from inbox i where i.account_id = a.id and i.state = 'received') as "openDeliveries",
             (select count(*) from push_target t where t.account_id = a.id and t.wanted_version > t.settled_version
                                                   and t.blocked_reason is null) as "owedTargets",
             (select count(*) from push_attempt p where p.account_id = a.id and p.state in ('sent', 'accepted', 'unknown')) as "openAttempts",
             (select count(*) from push_attempt p where p.account_id = a.id and p.state in ('accepted', 'unknown')
                                                    and p.next_read_at <= ${now}::timestamptz) as "dueReadBacks",
             (select count(*) from inbox i where i.account_id = a.id and i.state = 'parked') as parked,
             (select count(*) from inbox i where i.account_id = a.id and i.state = 'dead') as dead,
             (select count(*) from push_target t where t.account_id = a.id and t.blocked_reason is not null) as blocked,
             (select (extract(epoch from ${now}::timestamptz - min(t.owed_since)) * 1000)::float8
                from push_target t where a.state = 'live' and t.account_id = a.id and t.wanted_version > t.settled_version
                                     and t.blocked_reason is null
                                     and t.listing_id not in (select listing_id from frozen)) as "oldestOwedMs"
        from account a
       order by a.id`,
  );
