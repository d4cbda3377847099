import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";

const iso = 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"';

const Told = z.object({
  inboxId: z.number(),
  accountId: z.string(),
  orderRef: z.string(),
  deliveryId: z.string(),
  door: z.enum(["webhook", "poll", "queue", "read"]),
  topic: z.string(),
  payload: z.json(),
  sourceAt: z.string().nullable(),
  receivedAtMs: z.number(),
});
export type Told = z.infer<typeof Told>;

/** The deliveries that told of these orders, with what was kept of them, in the order in which they came. */
export const toldOf = (
  on: Queryable,
  orders: readonly { readonly accountId: string; readonly orderRef: string }[],
): Promise<readonly Told[]> =>
  query(
    on,
    Told,
    sql`
      select i.id as "inboxId", t.account_id as "accountId", t.order_ref as "orderRef", i.delivery_id as "deliveryId", i.door,
             i.topic, i.payload, to_char(i.source_at, ${iso}) as "sourceAt",
             (extract(epoch from i.received_at) * 1000)::float8 as "receivedAtMs"
        from (select distinct "accountId", "orderRef"
                from json_to_recordset(${JSON.stringify(orders)}::json) as o ("accountId" text, "orderRef" text)) o
        join inbox_order t on t.account_id = o."accountId" and t.order_ref = o."orderRef"
        join inbox i on i.id = t.inbox_id
       order by i.received_at, i.id`,
  );

/** How far on either side of a delivery an account's messages are looked for, counted in deliveries of all accounts. */
const deliveriesAround = 5_000;

/** Which of these accounts got messages around the delivery named with them. */
export const messagedAccounts = async (
  on: Queryable,
  around: readonly { readonly accountId: string; readonly inboxId: number }[],
): Promise<ReadonlySet<string>> =>
  new Set(
    (
      await query(
        on,
        z.object({ accountId: z.string() }),
        sql`
          select a."accountId"
            from json_to_recordset(${JSON.stringify(around)}::json) as a ("accountId" text, "inboxId" bigint)
           where exists (select from inbox i
                          where i.id between a."inboxId" - ${deliveriesAround} and a."inboxId" + ${deliveriesAround}
                            and i.account_id = a."accountId" and i.door in ('webhook', 'queue') and i.state <> 'ignored')`,
      )
    ).map(({ accountId }) => accountId),
  );

const Seller = z.object({
  listingId: z.number(),
  accountId: z.string(),
  ref: z.string(),
  /** Under which orders may mention it: ref and aliases. */
  names: z.array(z.string()),
  unitsEach: z.number(),
  linkedAtMs: z.number(),
  blockedReason: z.string().nullable(),
});
export type Seller = z.infer<typeof Seller>;

/** The merchant's listings that sell a SKU, with what may brake them now. */
export const sellersOf = (on: Queryable, sku: string): Promise<readonly Seller[]> =>
  query(
    on,
    Seller,
    sql`
      select l.id as "listingId", l.account_id as "accountId", l.ref, k.units as "unitsEach",
             array[l.ref] || array(select n.alias from listing_alias n where n.listing_id = l.id) as names,
             (extract(epoch from k.linked_at) * 1000)::float8 as "linkedAtMs", t.blocked_reason as "blockedReason"
        from listing_link k
        join listing l on l.id = k.listing_id and l.fulfilled_by = 'merchant'
        left join push_target t on t.listing_id = l.id
       where k.sku = ${sku}
       order by l.id`,
  );

/** The state of an account at a time, unless it was live; null too where nobody knows. */
export const notLiveAt = async (on: Queryable, accountId: string, at: string): Promise<string | null> => {
  const [then] = await query(
    on,
    z.object({ state: z.string() }),
    sql`
      select state from account_state
       where account_id = ${accountId} and since <= ${at}::timestamptz
       order by since desc, id desc limit 1`,
  );
  return then === undefined || then.state === "live" ? null : then.state;
};

const Seen = z.object({ units: z.number(), observedAtMs: z.number(), terms: z.json() });

/** The last numbers that a listing was seen to show up to a time, newest first. */
export const numbersSeen = (
  on: Queryable,
  listingId: number,
  until: string,
  rowsMax: number,
): Promise<readonly z.infer<typeof Seen>[]> =>
  query(
    on,
    Seen,
    sql`
      select units, (extract(epoch from observed_at) * 1000)::float8 as "observedAtMs", terms
        from observation
       where listing_id = ${listingId} and observed_at <= ${until}::timestamptz and units is not null
       order by observed_at desc, id desc limit ${rowsMax}`,
  );

/** The cause of a listing's last judged drift that was found in a time; null = there is none. */
export const driftCauseIn = async (
  on: Queryable,
  listingId: number,
  found: { readonly from: string; readonly until: string },
): Promise<string | null> =>
  (
    await query(
      on,
      z.object({ cause: z.string() }),
      sql`
        select cause from drift
         where listing_id = ${listingId} and cause is not null
           and observed_at between ${found.from}::timestamptz and ${found.until}::timestamptz
         order by observed_at desc limit 1`,
    )
  )[0]?.cause ?? null;
