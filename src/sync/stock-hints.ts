import { execute, sql, type Tx } from "../db/sql.ts";

/**
 * The channel says a listing's quantity moved. What we already know (our own write coming back) is swallowed; anything
 * else only makes us look again, it is never pushed from.
 */
export const noteStockHints = async (
  tx: Tx,
  accountId: string,
  hints: readonly { readonly listingRef: string; readonly units: number | null }[],
  now: string,
): Promise<void> => {
  if (hints.length === 0) return;
  await execute(
    tx,
    sql`
      with hints as (
        select * from json_to_recordset(${JSON.stringify(hints)}::json) as h ("listingRef" text, units bigint)
      ), named as (
        select l.id, h.units from hints h join listing l on l.account_id = ${accountId} and l.ref = h."listingRef"
        union
        select a.listing_id, h.units from hints h join listing_alias a on a.account_id = ${accountId} and a.alias = h."listingRef"
      ), news as (
        select t.listing_id from push_target t join named n on n.id = t.listing_id
         where n.units is null or (n.units is distinct from t.shown_units and n.units is distinct from t.wanted_units)
         order by t.listing_id
           for update of t
      )
      update push_target t
         set wanted_version = wanted_version + 1, blocked_reason = null, not_before = null,
             owed_since = case when settled_version = wanted_version then ${now}::timestamptz else owed_since end
       where t.listing_id in (select listing_id from news)`,
  );
};
