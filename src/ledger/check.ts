import { z } from "zod";
import { type Queryable, query, type Statement, sql } from "../db/sql.ts";
import { reservationChecks } from "./check-reservations.ts";

/** An invariant of the ledger as a query that must come back empty. A subject says which row breaks it. */
export type LedgerCheck = { readonly name: string; readonly promise: string; readonly statement: Statement };

const journalChecks: readonly LedgerCheck[] = [
  {
    name: "level-equals-journal",
    promise: "a level is the sum of its movements, and no movement is without its level",
    statement: sql`
      select coalesce(s.sku, m.sku) || ' @ ' || coalesce(s.location_id, m.location_id) as subject
        from stock_level s
        full join (select sku, location_id, sum(d_on_hand) oh, sum(d_reserved) rs, sum(d_incoming) ic, count(*) n
                     from movement group by 1, 2) m using (sku, location_id)
       where (s.on_hand, s.reserved, s.incoming, s.version)
             is distinct from (coalesce(m.oh, 0), coalesce(m.rs, 0), coalesce(m.ic, 0), coalesce(m.n, 0))`,
  },
  {
    name: "balances-exact-and-gapless",
    promise: "no movement was lost or reordered, and none was recorded before the one before it",
    statement: sql`
      select 'movement ' || id || ' of ' || sku || ' @ ' || location_id as subject
        from (select id, sku, location_id, on_hand_after, reserved_after, incoming_after, level_version, recorded_at,
                     sum(d_on_hand) over w oh, sum(d_reserved) over w rs, sum(d_incoming) over w ic, row_number() over w rn,
                     lag(recorded_at) over w recorded_before
                from movement window w as (partition by sku, location_id order by level_version)) x
       where (on_hand_after, reserved_after, incoming_after, level_version) is distinct from (oh, rs, ic, rn)
          or recorded_at < recorded_before`,
  },
  {
    name: "one-effect-a-key",
    promise: "a key took effect once: no two movements are the same leg of the same key",
    statement: sql`
      select command_key || ' leg ' || leg as subject from movement group by command_key, leg having count(*) > 1`,
  },
  {
    name: "answers-have-effects",
    promise: "a key that was answered with a change has its movement, and no other has one",
    statement: sql`
      select coalesce(c.key, m.command_key) as subject
        from (select key, answer::json ->> 'status' = 'done' and (answer::json ->> 'changed')::boolean as changed
                from ledger_command) c
        full join (select distinct command_key from movement) m on m.command_key = c.key
       where c.key is null or c.changed <> (m.command_key is not null)`,
  },
  {
    name: "oversells-are-on-record",
    promise: "whatever took available below zero has an incident",
    statement: sql`
      select 'movement ' || m.id || ' of ' || m.sku || ' @ ' || m.location_id as subject
        from movement m
        left join oversell_incident i on i.command_key = m.command_key and i.leg = m.leg
       where m.on_hand_after - m.reserved_after < 0 and m.d_on_hand - m.d_reserved < 0 and i.id is null`,
  },
  {
    name: "order-lines-equal-journal",
    promise: "an order line moved exactly what its latest target says, whatever the order of arrival",
    statement: sql`
      select o.account_id || ' ' || o.order_ref || ' ' || o.line_ref || ' ' || o.sku as subject
        from order_line o
        left join (select cause_id, sku, sum(d_reserved) rs, sum(d_on_hand) oh
                     from movement where cause_type = 'order-line' group by 1, 2) m
          on m.cause_id = '[' || to_json(o.account_id) || ',' || to_json(o.order_ref) || ',' || to_json(o.line_ref) || ']'
         and m.sku = o.sku
       where (o.hold_units, o.back_units - o.left_units) is distinct from (coalesce(m.rs, 0), coalesce(m.oh, 0))`,
  },
];

export const ledgerChecks: readonly LedgerCheck[] = [...journalChecks, ...reservationChecks];

/** Runs every check; a name with no subjects holds. */
export const checkLedger = async (
  on: Queryable,
): Promise<readonly { readonly name: string; readonly promise: string; readonly subjects: readonly string[] }[]> => {
  const results = [];
  for (const check of ledgerChecks) {
    const rows = await query(on, z.object({ subject: z.string() }), check.statement);
    results.push({ name: check.name, promise: check.promise, subjects: rows.map((row) => row.subject) });
  }
  return results;
};
