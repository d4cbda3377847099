import { z } from "zod";
import type { Db } from "../../src/db/pool.ts";
import { query, sql } from "../../src/db/sql.ts";
import { percentile } from "../figures.ts";

const Row = z.object({ ingestMs: z.number(), publishMs: z.number().nullable(), planMs: z.number().nullable() });

export type Stages = Readonly<
  Record<"ingestMs" | "publishMs" | "planMs", { readonly p50: number; readonly p99: number }>
>;

/**
 * Where the time goes, by the times that the product itself keeps (milliseconds, each taken when its work begins): from
 * the webhook kept to the delivery settled, from there to the outbox row claimed, from there to the attempt begun.
 */
export const stagesSince = async (
  db: Db,
  given: { readonly seller: string; readonly other: string; readonly sinceMs: number },
): Promise<Stages> => {
  const rows = await query(
    db,
    Row,
    sql`
      with told as (
        select i.payload #>> '{lines,0,sku}' as sku, i.received_at, i.settled_at
          from inbox i
         where i.account_id = ${given.seller} and i.door = 'webhook' and i.state = 'applied'
           and i.received_at >= ${new Date(given.sinceMs).toISOString()}::timestamptz
      )
      select (extract(epoch from t.settled_at - t.received_at) * 1000)::float8 as "ingestMs",
             (extract(epoch from o.done_at - t.settled_at) * 1000)::float8 as "publishMs",
             (extract(epoch from a.started_at - o.done_at) * 1000)::float8 as "planMs"
        from told t
        left join lateral (select done_at from outbox where subject = t.sku and topic = 'stock.changed' and done_at >= t.settled_at
                            order by id limit 1) o on true
        left join lateral (select p.started_at from push_attempt p join listing l on l.id = p.listing_id
                            where l.account_id = ${given.other} and l.channel_sku = t.sku and p.started_at >= o.done_at
                            order by p.id limit 1) a on true`,
  );
  const spread = (of: (row: z.infer<typeof Row>) => number | null) => {
    const values = rows.map(of).filter((value) => value !== null);
    return { p50: percentile(values, 0.5), p99: percentile(values, 0.99) };
  };
  return {
    ingestMs: spread((row) => row.ingestMs),
    publishMs: spread((row) => row.publishMs),
    planMs: spread((row) => row.planMs),
  };
};
