import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What must hold of orders and of what was sold below zero. */
export const orderChecks: readonly Invariant[] = [
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
  {
    name: "order-movements-have-lines",
    promise: "no movement was made for an order line that nobody knows",
    statement: sql`
      select distinct 'order line ' || m.cause_id || ' of ' || m.sku as subject
        from movement m
        left join order_line o
          on m.cause_id = '[' || to_json(o.account_id) || ',' || to_json(o.order_ref) || ',' || to_json(o.line_ref) || ']'
         and m.sku = o.sku
       where m.cause_type = 'order-line' and o.sku is null`,
  },
  {
    name: "incidents-have-movements",
    promise: "every incident names the movement that did it",
    statement: sql`
      select 'incident ' || i.id || ' of ' || i.sku as subject
        from oversell_incident i
        left join movement m on m.command_key = i.command_key and m.leg = i.leg
       where m.id is null`,
  },
];
