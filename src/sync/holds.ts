import { z } from "zod";
import { execute, type Queryable, query, queryOne, sql, type Tx } from "../db/sql.ts";
import { markAllOwed, type Reach, reachOf, type Scope, targetsIn } from "./scope.ts";

export const holdKinds = ["freeze", "zero"] as const;

export const HoldRow = z.object({
  id: z.number(),
  kind: z.enum(holdKinds),
  scope: z.enum(["sku", "listing", "account", "everything"]),
  sku: z.string().nullable(),
  accountId: z.string().nullable(),
  listingRef: z.string().nullable(),
  reason: z.string(),
  actor: z.string(),
  startedAt: z.string(),
  expiresAt: z.string().nullable(),
  endedAt: z.string().nullable(),
  endedBy: z.string().nullable(),
});
export type HoldRow = z.infer<typeof HoldRow>;

/** Who ends a hold whose time is over. */
export const expiredBy = "expiry";

/** One number for all processes: whoever opens attempts shares it, whoever makes a hold has it alone. */
const holdLock = 4_711_013;

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

/** Holds, newest first. `at`: those in force at that time; null with `inForce` false: all there ever were. */
export const listHolds = (
  on: Queryable,
  page: { readonly inForce: boolean; readonly beforeId: number | null; readonly rowsMax: number },
): Promise<readonly HoldRow[]> =>
  query(
    on,
    HoldRow,
    sql`
      select h.id, h.kind, h.scope, h.sku, h.account_id as "accountId", l.ref as "listingRef", h.reason, h.actor,
             to_char(h.started_at, ${iso}) as "startedAt", to_char(h.expires_at, ${iso}) as "expiresAt",
             to_char(h.ended_at, ${iso}) as "endedAt", h.ended_by as "endedBy"
        from hold h left join listing l on l.id = h.listing_id
       where (not ${page.inForce} or h.ended_at is null) and (${page.beforeId}::bigint is null or h.id < ${page.beforeId})
       order by h.id desc limit ${page.rowsMax}`,
  );

export const findHold = async (on: Queryable, id: number): Promise<HoldRow | undefined> =>
  (await listHolds(on, { inForce: false, beforeId: id + 1, rowsMax: 1 })).find((hold) => hold.id === id);

/** The hold that a request made, if it made one. */
export const holdOfRequest = async (on: Queryable, requestKey: string): Promise<HoldRow | undefined> => {
  const row = await queryOne(
    on,
    z.object({ id: z.number() }),
    sql`select id from hold where request_key = ${requestKey}`,
  );
  return row === undefined ? undefined : findHold(on, row.id);
};

export type NewHold = {
  readonly kind: (typeof holdKinds)[number];
  readonly scope: Scope;
  readonly reason: string;
  readonly actor: string;
  readonly requestKey: string | null;
  readonly now: string;
  readonly expiresAt: string | null;
};

/**
 * Puts a hold in force and marks what it brakes as owed, so that a zero goes out at once. Takes the lock alone: when this
 * has committed, no attempt is opened any more that the hold forbids.
 */
export const addHold = async (tx: Tx, hold: NewHold): Promise<{ readonly id: number; readonly reach: Reach }> => {
  await execute(tx, sql`select pg_advisory_xact_lock(${holdLock})`);
  const { scope } = hold;
  const row = await queryOne(
    tx,
    z.object({ id: z.number() }),
    sql`
      insert into hold (kind, scope, sku, account_id, listing_id, reason, actor, request_key, started_at, expires_at)
      values (${hold.kind}, ${scope.scope}, ${scope.scope === "sku" ? scope.sku : null},
              ${scope.scope === "account" || scope.scope === "listing" ? scope.accountId : null},
              ${scope.scope === "listing" ? scope.listingId : null}, ${hold.reason}, ${hold.actor}, ${hold.requestKey},
              ${hold.now}::timestamptz, ${hold.expiresAt}::timestamptz)
      returning id`,
  );
  if (row === undefined) throw new Error("a hold was inserted and has no id");
  const targets = await targetsIn(tx, scope);
  // A freeze leaves things as they are: nothing is owed because of it.
  if (hold.kind === "zero") await markAllOwed(tx, targets, hold.now, { released: false });
  return { id: row.id, reach: reachOf(targets) };
};

const Ended = z.object({
  id: z.number(),
  kind: z.enum(holdKinds),
  scope: z.enum(["sku", "listing", "account", "everything"]),
  sku: z.string().nullable(),
  accountId: z.string().nullable(),
  listingId: z.number().nullable(),
});

const scopeOf = (row: z.infer<typeof Ended>): Scope => {
  if (row.scope === "sku") return { scope: "sku", sku: row.sku ?? "" };
  if (row.scope === "account") return { scope: "account", accountId: row.accountId ?? "" };
  if (row.scope === "listing")
    return { scope: "listing", accountId: row.accountId ?? "", listingId: row.listingId ?? 0 };
  return { scope: "everything" };
};

/**
 * Ends holds: the named one, or with `id` null all whose time is over. Their listings owe a push in the same
 * transaction, and what they will show is computed from the ledger then; nothing is remembered. Other holds on the same
 * listings stay in force.
 */
export const endHolds = async (
  tx: Tx,
  ended: { readonly id: number | null; readonly by: string; readonly now: string },
): Promise<{ readonly ids: readonly number[]; readonly reach: Reach }> => {
  const rows = await query(
    tx,
    Ended,
    sql`
      update hold set ended_at = ${ended.now}::timestamptz, ended_by = ${ended.by}
       where ended_at is null
         and case when ${ended.id}::bigint is null then expires_at <= ${ended.now}::timestamptz else id = ${ended.id} end
      returning id, kind, scope, sku, account_id as "accountId", listing_id as "listingId"`,
  );
  const reached = new Map<number, string>();
  for (const row of rows) {
    const targets = await targetsIn(tx, scopeOf(row));
    for (const { listingId, accountId } of targets) reached.set(listingId, accountId);
    await markAllOwed(tx, targets, ended.now, { released: row.kind === "zero" });
  }
  const reach = reachOf([...reached].map(([, accountId]) => ({ accountId })));
  return { ids: rows.map(({ id }) => id), reach };
};

const InForce = z.object({
  listingId: z.number(),
  id: z.number(),
  kind: z.enum(holdKinds),
  scope: z.string(),
  reason: z.string(),
  expiresAt: z.string().nullable(),
});
export type HoldInForce = z.infer<typeof InForce>;

/** The holds in force on these listings, oldest first. Most of the time there is none, and this costs one look at an empty index. */
export const holdsOn = async (
  on: Queryable,
  listingIds: readonly number[],
): Promise<ReadonlyMap<number, readonly HoldInForce[]>> =>
  Map.groupBy(
    await query(
      on,
      InForce,
      sql`
        with live as materialized (select * from hold where ended_at is null),
        chosen as (select l.id, l.account_id from listing l where l.id = any(${listingIds}) and exists (select from live))
        select c.id as "listingId", h.id, h.kind, h.scope, h.reason, to_char(h.expires_at, ${iso}) as "expiresAt"
          from live h join chosen c on h.scope = 'everything' or (h.scope = 'account' and h.account_id = c.account_id)
                                    or (h.scope = 'listing' and h.listing_id = c.id)
        union all
        select c.id, h.id, h.kind, h.scope, h.reason, to_char(h.expires_at, ${iso})
          from live h join listing_link k on h.scope = 'sku' and k.sku = h.sku join chosen c on c.id = k.listing_id
         order by 2`,
    ),
    ({ listingId }) => listingId,
  );

/** The holds that were in force on a listing at a past moment; by SKU, as it is linked now. */
export const holdsAt = (on: Queryable, listingId: number, at: string): Promise<readonly HoldInForce[]> =>
  query(
    on,
    InForce,
    sql`
      select l.id as "listingId", h.id, h.kind, h.scope, h.reason, to_char(h.expires_at, ${iso}) as "expiresAt"
        from listing l
        join hold h on h.scope = 'everything' or (h.scope = 'account' and h.account_id = l.account_id)
                    or (h.scope = 'listing' and h.listing_id = l.id)
                    or (h.scope = 'sku' and h.sku in (select k.sku from listing_link k where k.listing_id = l.id))
       where l.id = ${listingId} and h.started_at <= ${at}::timestamptz
         and (h.ended_at is null or h.ended_at > ${at}::timestamptz)
       order by h.id`,
  );

/**
 * Zero beats freeze: it can only keep units from being sold twice, and where both stand a person wants no sales. A
 * listing is frozen when only freezes stand.
 */
export const brakeOf = (
  holds: readonly HoldInForce[] | undefined,
): { readonly zeroIds: readonly number[]; readonly frozenBy: HoldInForce | undefined } => {
  const zeroIds = (holds ?? []).filter(({ kind }) => kind === "zero").map(({ id }) => id);
  return { zeroIds, frozenBy: zeroIds.length > 0 ? undefined : holds?.[0] };
};

/**
 * In the transaction that opens attempts: which of these writes a hold forbids that was not there, or not seen, when
 * they were planned. Shares the lock until the attempts are committed.
 */
export const forbiddenWrites = async (
  tx: Tx,
  writes: readonly { readonly listingId: number; readonly units: number }[],
): Promise<ReadonlySet<number>> => {
  await execute(tx, sql`select pg_advisory_xact_lock_shared(${holdLock})`);
  const holds = await holdsOn(
    tx,
    writes.map(({ listingId }) => listingId),
  );
  return new Set(
    writes
      .filter(({ listingId, units }) => {
        const { zeroIds, frozenBy } = brakeOf(holds.get(listingId));
        return frozenBy !== undefined || (zeroIds.length > 0 && units > 0);
      })
      .map(({ listingId }) => listingId),
  );
};
