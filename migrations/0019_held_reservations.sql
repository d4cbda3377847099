-- One index entry less for a reservation without an end: whoever asks for the past reads all that are held in any case, and
-- reservation_by_state has them all.
drop index reservation_endless;

-- Levels of these SKUs at a moment, and what reservations held of them. As known: the balances after the last movement
-- recorded by then. As it was: the same, and what stands astride put on its right side. Whatever moved for a reservation
-- was recorded between its two times; so those are looked at that were open around the moment, or moved astride.
create or replace function stock_at(of_skus text[], moment timestamptz, as_known boolean) returns json language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
  set max_parallel_workers_per_gather = 0 set jit = off as $$
declare
  slack        interval := case when as_known then interval '0' else span_reach(0) end;
  astride      json;
  levels       json;
  ids          text[]   := '{}';
  reservations json;
begin
  if not as_known then
    select json_agg(json_build_array(a.sku, a.location_id, a.oh, a.rs, a.ic, a.n, a.ids)) into astride
      from (select sku, location_id, sum(sign * d_on_hand) as oh, sum(sign * d_reserved) as rs, sum(sign * d_incoming) as ic,
                   count(*) as n, array_agg(distinct cause_id) filter (where cause_type = 'reservation') as ids
              from movements_astride(of_skus, moment) group by 1, 2) a;
    select coalesce(array_agg(distinct i.id), '{}') into ids
      from json_array_elements(astride) a, json_array_elements_text(case when json_typeof(a -> 6) = 'array' then a -> 6 end) i (id);
  end if;
  select json_agg(json_build_object(
           'sku', k.sku, 'locationId', k.location_id, 'onHand', coalesce(k.on_hand_after, 0) + coalesce(d.oh, 0),
           'reserved', coalesce(k.reserved_after, 0) + coalesce(d.rs, 0),
           'incoming', coalesce(k.incoming_after, 0) + coalesce(d.ic, 0),
           'version', coalesce(k.level_version, 0), 'outOfTime', coalesce(d.n, 0))
           order by k.sku collate "C", k.location_id collate "C")
    into levels
    from (select l.sku, l.location_id, m.*
            from stock_level l
            left join lateral (
                   select j.on_hand_after, j.reserved_after, j.incoming_after, j.level_version
                     from movement j
                    where j.sku = l.sku and j.location_id = l.location_id and j.recorded_at <= moment
                    order by j.recorded_at desc, j.level_version desc
                    limit 1) m on true
           where l.sku = any (of_skus)) k
    left join (select a ->> 0 as sku, a ->> 1 as location_id, (a ->> 2)::bigint as oh, (a ->> 3)::bigint as rs,
                      (a ->> 4)::bigint as ic, (a ->> 5)::bigint as n
                 from json_array_elements(astride) a) d on d.sku = k.sku and d.location_id = k.location_id
   where k.level_version is not null or d.n is not null;

  for class in 0..5 loop
    ids := ids || array(
      select r.id from reservation r
       where r.state <> 'held' and span_class(r.created_at, r.updated_at) = class
         and r.updated_at > moment - slack and r.updated_at <= moment + span_reach(class) + slack
         and r.created_at <= moment + slack);
  end loop;
  ids := ids || array(select r.id from reservation r where r.state = 'held' and r.created_at <= moment + slack);
  select json_agg(json_build_object('reservationId', h.cause_id, 'sku', h.sku, 'locationId', h.location_id, 'units', h.units)
                  order by h.sku collate "C", h.location_id collate "C", h.cause_id collate "C")
    into reservations
    from (select l.reservation_id as cause_id, l.sku, l.location_id, m.units
            from (select distinct l.reservation_id, l.sku, l.location_id
                    from unnest(ids) as c (id)
                    join reservation_line l on l.reservation_id = c.id and l.sku = any (of_skus)
                  offset 0) l
            join reservation r on r.id = l.reservation_id
            cross join lateral (
                   select sum(j.d_reserved) as units
                     from movement j
                    where j.cause_type = 'reservation' and j.cause_id = l.reservation_id and j.sku = l.sku
                      and j.location_id = l.location_id and j.recorded_at >= r.created_at and j.recorded_at <= r.updated_at
                      and case when as_known then j.recorded_at else j.occurred_at end <= moment
                   offset 0) m
           where m.units > 0) h;
  return json_build_object('levels', coalesce(levels, '[]'), 'reservations', coalesce(reservations, '[]'));
end $$;
