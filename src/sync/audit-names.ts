import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

/** The refs that names (refs or aliases) of an account's listings stand for; a name nobody knows is absent. */
export const refsOfNames = async (
  on: Queryable,
  accountId: string,
  names: readonly string[],
): Promise<ReadonlyMap<string, string>> =>
  new Map(
    (
      await query(
        on,
        z.object({ name: z.string(), ref: z.string() }),
        sql`
          select l.ref as name, l.ref from listing l where l.account_id = ${accountId} and l.ref = any(${names})
          union
          select a.alias, l.ref from listing_alias a join listing l on l.id = a.listing_id
           where a.account_id = ${accountId} and a.alias = any(${names})`,
      )
    ).map(({ name, ref }) => [name, ref]),
  );

/** The push targets of an account by the refs of their listings. */
export const listingIdsOfRefs = async (
  on: Queryable,
  accountId: string,
  refs: readonly string[],
): Promise<readonly number[]> =>
  (
    await query(
      on,
      z.object({ id: z.number() }),
      sql`
        select listing_id as id from push_target
         where account_id = ${accountId} and listing_ref = any(${refs}) order by listing_id`,
    )
  ).map(({ id }) => id);
