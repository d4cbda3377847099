import { z } from "zod";
import type { Json } from "../core/digest.ts";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";

export type Door = "webhook" | "poll" | "queue" | "read";

/** What is kept of an inbound message; `dead` = authentic but not understood, with the reason. */
export type KeptDelivery = {
  readonly delivery: {
    readonly id: string;
    readonly topic: string;
    readonly payload: Json;
    readonly sourceAt: string | null;
  };
  readonly bodyDigest?: string;
  readonly dead?: string;
};

/** Keeps deliveries once each; returns how many were new. Repeats are recognised by (account, delivery id), for ever. */
export const keepDeliveries = async (
  on: Queryable,
  kept: {
    readonly accountId: string;
    readonly door: Door;
    readonly deliveries: readonly KeptDelivery[];
    readonly now: string;
  },
): Promise<number> => {
  if (kept.deliveries.length === 0) return 0;
  const rows = kept.deliveries.map(({ delivery, bodyDigest, dead }) => ({ ...delivery, bodyDigest, dead }));
  return execute(
    on,
    sql`
      insert into inbox (account_id, delivery_id, door, topic, payload, body_digest, source_at, received_at, state, reason, settled_at)
      select ${kept.accountId}, id, ${kept.door}, topic, payload, "bodyDigest", "sourceAt", ${kept.now}::timestamptz,
             case when dead is null then 'received' else 'dead' end, dead, case when dead is null then null else ${kept.now}::timestamptz end
        from json_to_recordset(${JSON.stringify(rows)}::json)
             as d (id text, topic text, payload jsonb, "bodyDigest" text, "sourceAt" timestamptz, dead text)
      on conflict (account_id, delivery_id) do nothing`,
  );
};

export const InboxRow = z.object({
  id: z.number(),
  deliveryId: z.string(),
  topic: z.string(),
  payload: z.json(),
  sourceAt: z.string().nullable(),
  attempts: z.number(),
});
export type InboxRow = z.infer<typeof InboxRow>;

/** Deliveries of an account that nobody has settled, oldest first. Not locked: applying one twice changes nothing. */
export const openDeliveries = (
  on: Queryable,
  accountId: string,
  rowsMax: number,
  now: string,
): Promise<readonly InboxRow[]> =>
  query(
    on,
    InboxRow,
    sql`
      select id, delivery_id as "deliveryId", topic, payload, to_char(source_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "sourceAt", attempts
        from inbox
       where account_id = ${accountId} and state = 'received' and (not_before is null or not_before <= ${now}::timestamptz)
       order by id
       limit ${rowsMax}`,
  );

export type Settlement = {
  readonly id: number;
  readonly state: "applied" | "ignored" | "parked" | "dead";
  readonly reason: string | null;
};

/** Closes deliveries in the transaction that applied them. */
export const settleDeliveries = async (tx: Tx, settlements: readonly Settlement[], now: string): Promise<void> => {
  await execute(
    tx,
    sql`
      update inbox i set state = s.state, reason = s.reason, settled_at = ${now}::timestamptz, not_before = null
        from json_to_recordset(${JSON.stringify(settlements)}::json) as s (id bigint, state text, reason text)
       where i.id = s.id`,
  );
};

/** A delivery whose handling failed for now; after `attemptsMax` tries it is a dead letter. */
export const deferDelivery = async (
  on: Queryable,
  deferred: {
    readonly id: number;
    readonly reason: string;
    readonly notBefore: string;
    readonly attemptsMax: number;
    readonly now: string;
  },
): Promise<void> => {
  await execute(
    on,
    sql`
      update inbox
         set attempts = attempts + 1, reason = ${deferred.reason}, not_before = ${deferred.notBefore}::timestamptz,
             state = case when attempts + 1 >= ${deferred.attemptsMax} then 'dead' else state end,
             settled_at = case when attempts + 1 >= ${deferred.attemptsMax} then ${deferred.now}::timestamptz end
       where id = ${deferred.id} and state = 'received'`,
  );
};

export type UnmappedLine = {
  readonly inboxId: number;
  readonly name: string;
  readonly channelSku: string | null;
  readonly orderRef: string;
  readonly lineRef: string;
};

/** Notes what parked deliveries wait for. */
export const noteUnmapped = async (tx: Tx, accountId: string, lines: readonly UnmappedLine[]): Promise<void> => {
  if (lines.length === 0) return;
  await execute(
    tx,
    sql`
      insert into inbox_unmapped (inbox_id, account_id, name, channel_sku, order_ref, line_ref)
      select distinct "inboxId", ${accountId}, name, "channelSku", "orderRef", "lineRef"
        from json_to_recordset(${JSON.stringify(lines)}::json)
             as u ("inboxId" bigint, name text, "channelSku" text, "orderRef" text, "lineRef" text)
      on conflict do nothing`,
  );
};

/** Names that now mean something: the deliveries that wait for them are taken up again. Returns how many. */
export const reopenParked = async (tx: Tx, accountId: string, names: readonly string[]): Promise<number> =>
  execute(
    tx,
    sql`
      with named as (
        delete from inbox_unmapped where account_id = ${accountId} and name = any(${names}) returning inbox_id
      )
      update inbox set state = 'received', reason = null, settled_at = null, attempts = 0, not_before = null
       where id in (select inbox_id from named) and state = 'parked'`,
  );

/** A person's "try again" (what was malformed cannot mean more the second time): dead letters and parked deliveries by id, or all of an account. Returns how many. */
export const replayDeliveries = (
  on: Queryable,
  chosen: { readonly accountId: string | null; readonly ids: readonly number[] | null },
): Promise<number> =>
  execute(
    on,
    sql`
      update inbox set state = 'received', attempts = 0, not_before = null, settled_at = null
       where state in ('dead', 'parked') and payload is not null and payload <> '{}'::jsonb
         and (${chosen.accountId}::text is null or account_id = ${chosen.accountId})
         and (${chosen.ids}::bigint[] is null or id = any(${chosen.ids}))`,
  );

export const StuckDelivery = z.object({
  id: z.number(),
  accountId: z.string(),
  deliveryId: z.string(),
  topic: z.string(),
  state: z.string(),
  reason: z.string().nullable(),
  receivedAt: z.string(),
});

/** Dead letters and parked deliveries, newest first: what a person must look at. */
export const stuckDeliveries = (on: Queryable, rowsMax: number): Promise<readonly z.infer<typeof StuckDelivery>[]> =>
  query(
    on,
    StuckDelivery,
    sql`
      select id, account_id as "accountId", delivery_id as "deliveryId", topic, state, reason,
             to_char(received_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as "receivedAt"
        from inbox where state in ('dead', 'parked') order by id desc limit ${rowsMax}`,
  );
