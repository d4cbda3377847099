import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";

/** Which listings something is about. A listing is named by its id. */
export type Scope =
  | { readonly scope: "everything" }
  | { readonly scope: "account"; readonly accountId: string }
  | { readonly scope: "listing"; readonly accountId: string; readonly listingId: number }
  | { readonly scope: "sku"; readonly sku: string };

type Reached = { readonly listingId: number; readonly accountId: string };

/** The push targets in a scope. */
export const targetsIn = (on: Queryable, scope: Scope): Promise<readonly Reached[]> => {
  const accountId = scope.scope === "account" ? scope.accountId : null;
  const listingId = scope.scope === "listing" ? scope.listingId : null;
  const sku = scope.scope === "sku" ? scope.sku : null;
  return query(
    on,
    z.object({ listingId: z.number(), accountId: z.string() }),
    sql`
      select t.listing_id as "listingId", t.account_id as "accountId"
        from push_target t
       where (${accountId}::text is null or t.account_id = ${accountId})
         and (${listingId}::bigint is null or t.listing_id = ${listingId})
         and (${sku}::text is null or t.listing_id in (select k.listing_id from listing_link k where k.sku = ${sku}))`,
  );
};

export type Reach = { readonly listings: number; readonly accountIds: readonly string[] };
export const reachOf = (targets: readonly Pick<Reached, "accountId">[]): Reach => ({
  listings: targets.length,
  accountIds: [...new Set(targets.map(({ accountId }) => accountId))].toSorted(),
});

/**
 * These listings owe a push, whatever was refused before: somebody changed the rules, not the stock. `released`: they
 * were shown as 0 by a hold that is over.
 */
export const markAllOwed = async (
  tx: Tx,
  targets: readonly Pick<Reached, "listingId">[],
  now: string,
  options: { readonly released: boolean },
): Promise<void> => {
  if (targets.length === 0) return;
  await execute(
    tx,
    sql`
      with locked as (
        select listing_id from push_target where listing_id = any(${targets.map(({ listingId }) => listingId)})
         order by listing_id for update
      )
      update push_target t
         set wanted_version = t.wanted_version + 1, not_before = null, failures = 0, blocked_reason = null,
             released_version = case when ${options.released} then t.wanted_version + 1 else t.released_version end,
             owed_since = case when t.settled_version = t.wanted_version then ${now}::timestamptz else t.owed_since end
        from locked
       where t.listing_id = locked.listing_id`,
  );
};

/** How many listings are in a scope, and whose. */
export const reachOfScope = async (on: Queryable, scope: Scope): Promise<Reach> => reachOf(await targetsIn(on, scope));
