import { z } from "zod";
import { type Queryable, query, sql } from "../db/sql.ts";
import { MovementRow } from "./queries.ts";

/** The last movements of these SKUs before a time, newest first, at most so many. */
export const movementsOfSkus = (
  on: Queryable,
  skus: readonly string[],
  before: string,
  rowsMax: number,
): Promise<readonly MovementRow[]> =>
  query(
    on,
    MovementRow,
    sql`
      select m.id, m.kind, m.sku, m.location_id as "locationId", m.d_on_hand as "dOnHand", m.d_reserved as "dReserved",
             m.d_incoming as "dIncoming", m.on_hand_after as "onHandAfter", m.reserved_after as "reservedAfter",
             m.incoming_after as "incomingAfter", m.level_version as "levelVersion", m.cause_type as "causeType",
             m.cause_id as "causeId", m.actor, m.reason,
             to_char(m.occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt",
             to_char(m.recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "recordedAt"
        from stock_level s
        join lateral (select * from movement
                       where sku = s.sku and location_id = s.location_id and recorded_at < ${before}::timestamptz
                       order by level_version desc limit ${rowsMax}) m on true
       where s.sku = any(${skus})
       order by m.recorded_at desc, m.id desc limit ${rowsMax}`,
  );

const OrderOfSku = z.object({
  accountId: z.string(),
  orderRef: z.string(),
  lineRef: z.string(),
  sku: z.string(),
  createdAt: z.string(),
  updatedAt: z.string(),
});
export type OrderOfSku = z.infer<typeof OrderOfSku>;

/** A delivery comes before what it does to stock: an order of a page may have moved stock only after it. */
const appliedWithin = "1 hour";
const ordersAhead = 500;

/** Order lines that drew on these SKUs before a time or within the hour after it, last changed first. */
export const ordersOfSkus = (
  on: Queryable,
  skus: readonly string[],
  before: string,
  rowsMax: number,
): Promise<readonly OrderOfSku[]> =>
  query(
    on,
    OrderOfSku,
    sql`
      select o.account_id as "accountId", o.order_ref as "orderRef", o.line_ref as "lineRef", o.sku,
             to_char(o.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(o.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
        from unnest(${skus}::text[]) as named (sku)
        join lateral (select * from order_line where sku = named.sku and created_at < ${before}::timestamptz + ${appliedWithin}::interval
                       order by updated_at desc limit ${rowsMax + ordersAhead}) o on true
       order by o.updated_at desc limit ${rowsMax + ordersAhead}`,
  );

/** The lines of orders by their number on the channel; `accountId` null: of any account. */
export const linesOfOrder = (
  on: Queryable,
  orderRef: string,
  accountId: string | null,
): Promise<readonly OrderOfSku[]> =>
  query(
    on,
    OrderOfSku,
    sql`
      select o.account_id as "accountId", o.order_ref as "orderRef", o.line_ref as "lineRef", o.sku,
             to_char(o.created_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "createdAt",
             to_char(o.updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "updatedAt"
        from account a join order_line o on o.account_id = a.id and o.order_ref = ${orderRef}
       where ${accountId}::text is null or a.id = ${accountId}
       order by o.account_id, o.line_ref, o.sku`,
  );

/** What order lines did to stock. */
export const movementsOfLines = (
  on: Queryable,
  lines: readonly Pick<OrderOfSku, "accountId" | "orderRef" | "lineRef">[],
  before: string,
  rowsMax: number,
): Promise<readonly MovementRow[]> =>
  query(
    on,
    MovementRow,
    sql`
      select id, kind, sku, location_id as "locationId", d_on_hand as "dOnHand", d_reserved as "dReserved",
             d_incoming as "dIncoming", on_hand_after as "onHandAfter", reserved_after as "reservedAfter",
             incoming_after as "incomingAfter", level_version as "levelVersion", cause_type as "causeType",
             cause_id as "causeId", actor, reason,
             to_char(occurred_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "occurredAt",
             to_char(recorded_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "recordedAt"
        from movement
       where cause_type = 'order-line' and recorded_at < ${before}::timestamptz
         and cause_id = any(${[...new Set(lines.map((line) => JSON.stringify([line.accountId, line.orderRef, line.lineRef])))]})
       order by recorded_at desc, id desc limit ${rowsMax}`,
  );
