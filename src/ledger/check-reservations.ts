import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What must hold of reservations and transfers. */
export const reservationChecks: readonly Invariant[] = [
  {
    name: "reservations-never-oversell",
    promise: "no reservation of ours took available below zero",
    statement: sql`
      select 'reservation ' || cause_id || ': movement ' || id || ' of ' || sku || ' @ ' || location_id as subject
        from movement
       where kind = 'reservation' and d_on_hand - d_reserved < 0 and on_hand_after - reserved_after < 0`,
  },
  {
    name: "reservations-equal-journal",
    promise: "of every reservation line exactly the open units are reserved and the committed ones have left",
    statement: sql`
      select 'reservation ' || coalesce(l.reservation_id, m.cause_id) || ': ' || sku || ' @ ' || location_id as subject
        from (select reservation_id, sku, location_id, units_held - units_committed - units_released as open, units_committed
                from reservation_line) l
        full join (select cause_id as reservation_id, cause_id, sku, location_id, sum(d_reserved) rs, sum(d_on_hand) oh
                     from movement where cause_type = 'reservation' group by 2, 3, 4) m
             using (reservation_id, sku, location_id)
       where (l.open, -l.units_committed) is distinct from (coalesce(m.rs, 0), coalesce(m.oh, 0))`,
  },
  {
    name: "reservation-states-true",
    promise: "a reservation is held while a unit of it is open, and then says how it ended",
    statement: sql`
      select 'reservation ' || r.id || ' is ' || r.state as subject
        from reservation r
        left join (select reservation_id, sum(units_held - units_committed - units_released) as open,
                          sum(units_committed) as committed
                     from reservation_line group by 1) l on l.reservation_id = r.id
       where l.open is null or (r.state = 'held') <> (l.open > 0)
          or r.state = 'committed' and l.committed = 0 or r.state = 'released' and l.committed > 0`,
  },
  {
    name: "reservations-expire-on-time",
    promise: "no reservation is held a minute after its end",
    statement: sql`
      select 'reservation ' || id || ' ended at ' || expires_at as subject
        from reservation where state = 'held' and expires_at < ledger_clock() - interval '60 s'`,
  },
  {
    name: "transfers-net-to-zero",
    promise: "what left one location is at the other, under way, back, or stated as lost",
    statement: sql`
      select 'transfer ' || coalesce(t.id, m.cause_id) || ': ' || sku as subject
        from (select id, sku, from_location, to_location, units_received, units_returned - units_sent as sender,
                     units_sent - units_received - units_lost - units_returned as under_way
                from transfer) t
        full join (select cause_id as id, cause_id, sku from movement where cause_type = 'transfer' group by 2, 3) m using (id, sku)
        left join lateral (
               select sum(d_on_hand) filter (where location_id = t.from_location) as sender,
                      sum(d_on_hand) filter (where location_id = t.to_location) as receiver,
                      sum(d_incoming) filter (where location_id = t.to_location) as under_way,
                      sum(d_incoming) filter (where location_id = t.from_location) as astray
                 from movement j where j.cause_type = 'transfer' and j.cause_id = t.id and j.sku = t.sku) s on true
       where m.id is null
          or (t.sender, t.units_received, t.under_way, 0)
             is distinct from (coalesce(s.sender, 0), coalesce(s.receiver, 0), coalesce(s.under_way, 0), coalesce(s.astray, 0))`,
  },
];
