import { execute, sql, type Tx } from "../db/sql.ts";
import type { Decision } from "./decide.ts";

/**
 * Everything a decision changes, in one statement: keys, levels, movements, order lines, incidents, outbox. The outbox
 * gets one row per SKU, not per movement: it says "look at this SKU", never what to write.
 */
export const writeDecision = async (tx: Tx, decision: Decision, now: string): Promise<void> => {
  if (decision.newKeys.length === 0 && decision.orderLines.length === 0) return;
  const keys = JSON.stringify(decision.newKeys);
  const levels = JSON.stringify(decision.levels);
  const movements = JSON.stringify(
    decision.movements.map(({ after, ...movement }) => ({
      ...movement,
      onHandAfter: after.onHand,
      reservedAfter: after.reserved,
      incomingAfter: after.incoming,
      levelVersion: after.version,
    })),
  );
  const orderLines = JSON.stringify(decision.orderLines);
  const incidents = JSON.stringify(decision.incidents);
  await execute(
    tx,
    sql`
      with keys as (
        insert into ledger_command (key, fingerprint, answer, recorded_at)
        select key, fingerprint, answer, ${now}::timestamptz
          from json_to_recordset(${keys}::json) as k (key text, fingerprint text, answer text)
      ), levels as (
        update stock_level s
           set on_hand = l."onHand", reserved = l.reserved, incoming = l.incoming, version = l.version,
               updated_at = ${now}::timestamptz
          from json_to_recordset(${levels}::json)
               as l (sku text, "locationId" text, "onHand" bigint, reserved bigint, incoming bigint, version bigint)
         where s.sku = l.sku and s.location_id = l."locationId"
        returning s.sku
      ), movements as (
        insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                              reserved_after, incoming_after, level_version, cause_type, cause_id, actor, reason,
                              occurred_at, recorded_at)
        select "commandKey", leg, kind, sku, "locationId", "dOnHand", "dReserved", "dIncoming", "onHandAfter",
               "reservedAfter", "incomingAfter", "levelVersion", "causeType", "causeId", actor, reason,
               "occurredAt", ${now}::timestamptz
          from json_to_recordset(${movements}::json)
               as m ("commandKey" text, leg int, kind text, sku text, "locationId" text, "dOnHand" bigint,
                     "dReserved" bigint, "dIncoming" bigint, "onHandAfter" bigint, "reservedAfter" bigint,
                     "incomingAfter" bigint, "levelVersion" bigint, "causeType" text, "causeId" text, actor text,
                     reason text, "occurredAt" timestamptz)
      ), lines as (
        insert into order_line as o (account_id, order_ref, line_ref, sku, location_id, hold_units, left_units, back_units,
                                     source_updated_at, source_observed_at, created_at, updated_at)
        select "accountId", "orderRef", "lineRef", sku, "locationId", "holdUnits", "leftUnits", "backUnits",
               "sourceUpdatedAt", "sourceObservedAt", ${now}::timestamptz, ${now}::timestamptz
          from json_to_recordset(${orderLines}::json)
               as l ("accountId" text, "orderRef" text, "lineRef" text, sku text, "locationId" text, "holdUnits" bigint,
                     "leftUnits" bigint, "backUnits" bigint, "sourceUpdatedAt" timestamptz, "sourceObservedAt" timestamptz)
        on conflict (account_id, order_ref, line_ref, sku) do update
           set hold_units = excluded.hold_units, left_units = excluded.left_units, back_units = excluded.back_units,
               source_updated_at = excluded.source_updated_at, source_observed_at = excluded.source_observed_at,
               updated_at = excluded.updated_at
      ), incidents as (
        insert into oversell_incident (command_key, leg, sku, location_id, account_id, order_ref, line_ref, units_short,
                                       recorded_at)
        select "commandKey", leg, sku, "locationId", "accountId", "orderRef", "lineRef", "unitsShort", ${now}::timestamptz
          from json_to_recordset(${incidents}::json)
               as i ("commandKey" text, leg int, sku text, "locationId" text, "accountId" text, "orderRef" text,
                     "lineRef" text, "unitsShort" bigint)
      )
      insert into outbox (topic, subject, data, recorded_at)
      select 'stock.changed', sku, '{}'::jsonb, ${now}::timestamptz from (select distinct sku from levels) changed`,
  );
};
