import { z } from "zod";
import { fingerprint } from "../core/digest.ts";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../db/sql.ts";
import { type AllocationPolicy, figureNames, type PolicyBook, policyVersion } from "./policy.ts";

const StoredPolicy = z.object({
  sharePercent: z.number(),
  bufferUnits: z.number(),
  capUnits: z.number().nullable(),
  floorUnits: z.number(),
  counts: z
    .array(
      z.object({
        figure: z.enum(figureNames),
        locationId: z.string().exactOptional(),
        sign: z.union([z.literal(1), z.literal(-1)]),
      }),
    )
    .exactOptional(),
  lastUnits: z.object({ atMostUnits: z.number(), accounts: z.array(z.string()) }).exactOptional(),
  tiers: z
    .array(
      z.object({
        upToUnits: z.number(),
        sharePercent: z.number().exactOptional(),
        bufferUnits: z.number().exactOptional(),
        capUnits: z.number().nullable().exactOptional(),
      }),
    )
    .exactOptional(),
});

const StoredBook = z.object({
  policy: StoredPolicy,
  overrides: z.array(z.object({ skus: z.array(z.string()), listings: z.array(z.string()), policy: StoredPolicy })),
  locationIds: z.array(z.string()),
});
/** All that an account's listings are counted by. */
export type AccountBook = PolicyBook & { readonly locationIds: readonly string[] };

const policiesOf = ({ policy, overrides }: PolicyBook): readonly AllocationPolicy[] => [
  policy,
  ...(overrides ?? []).map((override) => override.policy),
];

/**
 * Keeps every policy of an account under its version. True when the account was counted otherwise before: other policies,
 * overrides or locations.
 */
export const adoptPolicies = async (
  tx: Tx,
  account: AccountBook & { readonly accountId: string },
  now: string,
): Promise<boolean> => {
  const { accountId, policy, overrides = [], locationIds } = account;
  const contents = new Map(policiesOf(account).map((one) => [policyVersion(one), one]));
  const rows = [...contents].map(([version, content]) => ({ version, content }));
  await execute(
    tx,
    sql`
      insert into policy_version (version, content, first_seen_at)
      select version, content, ${now}::timestamptz
        from json_to_recordset(${JSON.stringify(rows)}::json) as p (version text, content jsonb)
      on conflict (version) do nothing`,
  );
  const book = { policy, overrides, locationIds: locationIds.toSorted() };
  const before = await queryOne(
    tx,
    z.object({ book: z.json() }),
    sql`select book from policy_in_force where account_id = ${accountId} for update`,
  );
  if (before !== undefined && fingerprint(before.book) === fingerprint(book)) return false;
  await execute(
    tx,
    sql`
      insert into policy_in_force (account_id, book, versions, since)
      values (${accountId}, ${JSON.stringify(book)}::jsonb, ${[...contents.keys()]}, ${now}::timestamptz)
      on conflict (account_id) do update set book = excluded.book, versions = excluded.versions, since = excluded.since`,
  );
  return before !== undefined;
};

export const PolicyVersionRow = z.object({
  version: z.string(),
  content: z.json(),
  firstSeenAt: z.string(),
  /** Accounts that count by it now. */
  accountIds: z.array(z.string()),
});
export type PolicyVersionRow = z.infer<typeof PolicyVersionRow>;

/** Every policy there ever was, newest first. */
export const policyVersions = (on: Queryable): Promise<readonly PolicyVersionRow[]> =>
  query(
    on,
    PolicyVersionRow,
    sql`
      select p.version, p.content, to_char(p.first_seen_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "firstSeenAt",
             array(select f.account_id from policy_in_force f where p.version = any(f.versions) order by 1) as "accountIds"
        from policy_version p order by p.first_seen_at desc, p.version`,
  );

const BookRow = z.object({ accountId: z.string(), book: StoredBook, since: z.string() });

/** By what each account is counted now: what the last worker that began was told. */
export const booksInForce = async (
  on: Queryable,
): Promise<ReadonlyMap<string, AccountBook & { readonly since: string }>> =>
  new Map(
    (
      await query(
        on,
        BookRow,
        sql`
          select account_id as "accountId", book, to_char(since, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as since
            from policy_in_force order by account_id`,
      )
    ).map(({ accountId, book, since }) => [accountId, { ...book, since }]),
  );
