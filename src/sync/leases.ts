import { z } from "zod";
import { execute, type Queryable, queryOne, sql } from "../db/sql.ts";

export type Lease = {
  readonly accountId: string;
  readonly purpose: string;
  readonly holder: string;
  readonly fence: number;
};

/**
 * Takes or renews a lease by the database's clock (leases must not depend on a worker's own). The fence only rises when
 * the holder changes: what an older holder wrote can be told apart. Undefined: somebody else holds it.
 */
export const takeLease = async (
  on: Queryable,
  wanted: { readonly accountId: string; readonly purpose: string; readonly holder: string; readonly lifeMs: number },
): Promise<Lease | undefined> => {
  const row = await queryOne(
    on,
    z.object({ fence: z.number() }),
    sql`
      insert into account_lease as l (account_id, purpose, holder, fence, expires_at)
      values (${wanted.accountId}, ${wanted.purpose}, ${wanted.holder}, 1, now() + ${wanted.lifeMs} * interval '1 millisecond')
      on conflict (account_id, purpose) do update
         set fence = l.fence + case when l.holder = excluded.holder and l.expires_at > now() then 0 else 1 end,
             holder = excluded.holder, expires_at = excluded.expires_at
       where l.holder = excluded.holder or l.expires_at <= now()
      returning fence`,
  );
  return row === undefined
    ? undefined
    : { accountId: wanted.accountId, purpose: wanted.purpose, holder: wanted.holder, fence: row.fence };
};

/**
 * True while the lease is still ours, which it is until somebody else takes it, even past its time; it then lives for
 * `lifeMs` from now, if that is longer. Inside a transaction it is locked until the end: nobody can take over in between.
 */
export const holdLease = async (on: Queryable, lease: Lease, lifeMs: number): Promise<boolean> =>
  (await queryOne(
    on,
    z.object({ fence: z.number() }),
    sql`
      update account_lease
         set expires_at = greatest(expires_at, now() + ${lifeMs} * interval '1 millisecond')
       where account_id = ${lease.accountId} and purpose = ${lease.purpose} and holder = ${lease.holder}
         and fence = ${lease.fence}
      returning fence`,
  )) !== undefined;

export const releaseLease = async (on: Queryable, lease: Lease): Promise<void> => {
  await execute(
    on,
    sql`
      update account_lease set expires_at = now()
       where account_id = ${lease.accountId} and purpose = ${lease.purpose} and holder = ${lease.holder} and fence = ${lease.fence}`,
  );
};
