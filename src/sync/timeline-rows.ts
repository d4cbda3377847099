import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { HoldRow } from "./holds.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

type Page = { readonly before: string; readonly rowsMax: number };

export const ListingPush = z.object({
  id: z.number(),
  accountId: z.string(),
  ref: z.string(),
  units: z.number(),
  unitsBefore: z.number().nullable(),
  reason: z.string(),
  state: z.string(),
  startedAt: z.string(),
  answeredAt: z.string().nullable(),
  appliedAt: z.string().nullable(),
  receipt: z.string().nullable(),
  detail: z.string().nullable(),
});
export type ListingPush = z.infer<typeof ListingPush>;

/** The last attempts of these listings that began in a time, newest first. */
export const pushesOf = (
  on: Queryable,
  listingIds: readonly number[],
  page: Page & { readonly from: string | null },
): Promise<readonly ListingPush[]> =>
  query(
    on,
    ListingPush,
    sql`
      select a.id, l.account_id as "accountId", l.ref, a.units, a.units_before as "unitsBefore", a.reason, a.state,
             to_char(a.started_at, ${iso}) as "startedAt", to_char(a.answered_at, ${iso}) as "answeredAt",
             to_char(a.applied_at, ${iso}) as "appliedAt", a.receipt, a.detail
        from listing l
        join lateral (select * from push_attempt
                       where listing_id = l.id and started_at < ${page.before}::timestamptz
                         and (${page.from}::timestamptz is null or started_at >= ${page.from}::timestamptz)
                       order by id desc limit ${page.rowsMax}) a on true
       where l.id = any(${listingIds})
       order by a.started_at desc, a.id desc limit ${page.rowsMax}`,
  );

export const ListingSeen = z.object({
  id: z.number(),
  accountId: z.string(),
  ref: z.string(),
  units: z.number().nullable(),
  readHow: z.string(),
  observedAt: z.string(),
});
export type ListingSeen = z.infer<typeof ListingSeen>;

/** What these listings were seen to show, newest first. */
export const observationsOf = (
  on: Queryable,
  listingIds: readonly number[],
  page: Page & { readonly from: string | null },
): Promise<readonly ListingSeen[]> =>
  query(
    on,
    ListingSeen,
    sql`
      select o.id, l.account_id as "accountId", l.ref, o.units, o.read_how as "readHow",
             to_char(o.observed_at, ${iso}) as "observedAt"
        from listing l
        join lateral (select * from observation
                       where listing_id = l.id and observed_at < ${page.before}::timestamptz
                         and (${page.from}::timestamptz is null or observed_at >= ${page.from}::timestamptz)
                       order by id desc limit ${page.rowsMax}) o on true
       where l.id = any(${listingIds})
       order by o.observed_at desc, o.id desc limit ${page.rowsMax}`,
  );

export const OrderDelivery = z.object({
  id: z.number(),
  accountId: z.string(),
  orderRef: z.string(),
  deliveryId: z.string(),
  door: z.string(),
  topic: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  sourceAt: z.string().nullable(),
  receivedAt: z.string(),
  settledAt: z.string().nullable(),
});
export type OrderDelivery = z.infer<typeof OrderDelivery>;

/** The deliveries that told of these orders, newest first; parked ones too. */
export const deliveriesOf = (
  on: Queryable,
  orders: readonly { readonly accountId: string; readonly orderRef: string }[],
  page: Page,
): Promise<readonly OrderDelivery[]> =>
  query(
    on,
    OrderDelivery,
    sql`
      select i.id, t.account_id as "accountId", t.order_ref as "orderRef", i.delivery_id as "deliveryId", i.door, i.topic,
             i.state, i.reason, to_char(i.source_at, ${iso}) as "sourceAt", to_char(i.received_at, ${iso}) as "receivedAt",
             to_char(i.settled_at, ${iso}) as "settledAt"
        from (select distinct "accountId", "orderRef"
                from json_to_recordset(${JSON.stringify(orders)}::json) as o ("accountId" text, "orderRef" text)) o
        join inbox_order t on t.account_id = o."accountId" and t.order_ref = o."orderRef"
        join inbox i on i.id = t.inbox_id
       where i.received_at < ${page.before}::timestamptz
       order by i.received_at desc, i.id desc limit ${page.rowsMax}`,
  );

/** Accounts that were told of an order by this number. */
export const accountsToldOf = async (on: Queryable, orderRef: string): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ accountId: z.string() }),
      sql`
        select a.id as "accountId" from account a
         where exists (select from inbox_order t where t.account_id = a.id and t.order_ref = ${orderRef}) order by 1`,
    )
  ).map((row) => row.accountId);

/** Holds that ever braked these SKUs or listings, newest first. */
export const holdsAround = (
  on: Queryable,
  around: { readonly skus: readonly string[]; readonly listingIds: readonly number[] },
  page: Page,
): Promise<readonly HoldRow[]> =>
  query(
    on,
    HoldRow,
    sql`
      select h.id, h.kind, h.scope, h.sku, h.account_id as "accountId", l.ref as "listingRef", h.reason, h.actor,
             to_char(h.started_at, ${iso}) as "startedAt", to_char(h.expires_at, ${iso}) as "expiresAt",
             to_char(h.ended_at, ${iso}) as "endedAt", h.ended_by as "endedBy"
        from hold h left join listing l on l.id = h.listing_id
       where h.started_at < ${page.before}::timestamptz
         and (h.scope = 'everything' or h.sku = any(${around.skus}) or h.listing_id = any(${around.listingIds})
              or (h.scope = 'account'
                  and h.account_id in (select x.account_id from listing x where x.id = any(${around.listingIds}))))
       order by h.id desc limit ${page.rowsMax}`,
  );
