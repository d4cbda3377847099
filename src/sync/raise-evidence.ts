import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

/** What is known of the orders of an account that sells a SKU of the listing, its own account among them. */
export const Evidence = z.object({
  listingId: z.number(),
  accountId: z.string(),
  isOwn: z.boolean(),
  /** Its orders are not certainly known up to the observation that a raise of the listing would start from. */
  isUnseen: z.boolean(),
  /** When its orders were read to their end last, and when that was tried last. */
  polledAtMs: z.number().nullable(),
  triedAtMs: z.number().nullable(),
});
export type Evidence = z.infer<typeof Evidence>;

/**
 * What a raise of these listings would rest on: every account that sells one of the same SKUs counts, for a unit sold
 * anywhere must not come back anywhere. An account's orders are known when its watermark has passed the observation and
 * nothing that came in before its last poll ended is still unapplied. Accounts whose credentials failed cannot be asked and
 * are alerted instead.
 */
export const raiseEvidence = (on: Queryable, listingIds: readonly number[]): Promise<readonly Evidence[]> =>
  query(
    on,
    Evidence,
    sql`
      with sharing as (
        select distinct t.listing_id, t.shown_since, t.account_id = l.account_id as is_own, l.account_id
          from push_target t
          join listing_link k on k.listing_id = t.listing_id
          join listing_link other on other.sku = k.sku
          join listing l on l.id = other.listing_id
         where t.listing_id = any(${listingIds})
      ), known as materialized (
        -- Once an account, not once a listing: a flood of deliveries makes the look into the inbox long.
        select a.id as account_id, c.watermark, c.polled_at, c.tried_at,
               exists (select 1 from inbox i where i.account_id = a.id and i.state = 'received' and i.received_at <= c.polled_at) as behind
          from account a
          left join account_cursor c on c.account_id = a.id and c.stream = 'orders'
         where a.state <> 'needs-attention' and a.id in (select account_id from sharing)
      )
      select s.listing_id as "listingId", s.account_id as "accountId", s.is_own as "isOwn",
             n.behind or n.watermark is null or s.shown_since is null or n.watermark < s.shown_since as "isUnseen",
             (extract(epoch from n.polled_at) * 1000)::float8 as "polledAtMs",
             (extract(epoch from n.tried_at) * 1000)::float8 as "triedAtMs"
        from sharing s join known n on n.account_id = s.account_id`,
  );

/** The accounts among them whose orders are not known far enough for a raise. */
export const unseenOrders = async (on: Queryable, listingIds: readonly number[]): Promise<readonly Evidence[]> =>
  (await raiseEvidence(on, listingIds)).filter(({ isUnseen }) => isUnseen);

/** Of two looks at the same listings the worse for each account: what either misses is missing. Pure. */
export const bothEvidence = (before: readonly Evidence[], after: readonly Evidence[]): readonly Evidence[] => {
  const nameOf = ({ listingId, accountId }: Evidence): string => `${listingId} ${accountId}`;
  const rows = new Map(before.map((row) => [nameOf(row), row]));
  for (const row of after) {
    const isUnseen = row.isUnseen || rows.get(nameOf(row))?.isUnseen === true;
    rows.set(nameOf(row), { ...row, isUnseen });
  }
  return [...rows.values()];
};

/** The pace at which an account's orders may be read. */
export type OrderPace = { readonly ordersEveryMs: number; readonly ordersEveryMsMin: number };

/** Reads that fail for so many regular intervals: the account is away, and waiting for it would stop all raises. */
const awayIntervals = 2;
/** A read so young is as good as a new one. */
const freshMsMin = 500;

/**
 * Whether another account's orders must be read once more before a raise: a unit that it sold since its last poll would be
 * put back on sale. Not when they were read as lately as may be, and not when the account has been away for long: then
 * the watermark alone must do. Pure.
 */
export const needsLook = (evidence: Evidence, pace: OrderPace | undefined, nowMs: number): boolean => {
  const { isOwn, polledAtMs, triedAtMs } = evidence;
  // Its own sales show in the number that is read. One that nobody here may read is not waited for.
  if (isOwn || pace === undefined) return false;
  if (polledAtMs === null) return true;
  const ageMs = nowMs - polledAtMs;
  const isAway = ageMs > awayIntervals * pace.ordersEveryMs && (triedAtMs ?? 0) > polledAtMs;
  return !isAway && ageMs > Math.max(freshMsMin, pace.ordersEveryMsMin);
};
