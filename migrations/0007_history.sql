-- Stock at any past moment by two clocks, and what the checks found last. docs/adr/0013-past-stock-from-the-journal.md.

-- The same columns and so the same guarantee as before, in the order in which the past is asked for: the last movement of a
-- level that was recorded at or before a moment is one step down the index, and costs no index more.
alter table movement drop constraint movement_sku_location_id_level_version_recorded_at_key;
alter table movement add constraint movement_by_level unique (sku, location_id, recorded_at, level_version);

-- How far apart two times are, in classes. Whoever looks for all spans of a class that hold a moment need look no further
-- from it than the class reaches.
create function span_class(one timestamptz, other timestamptz) returns int language sql immutable parallel safe
return case when greatest(other - one, one - other) <= interval '10 s' then 0
            when greatest(other - one, one - other) <= interval '15 min' then 1
            when greatest(other - one, one - other) <= interval '6 h' then 2
            when greatest(other - one, one - other) <= interval '5 days' then 3
            when greatest(other - one, one - other) <= interval '60 days' then 4
            else 5 end;
create function span_reach(class int) returns interval language sql immutable parallel safe
return (array[interval '10 s', '15 min', '6 h', '5 days', '60 days', '1000 years'])[class + 1];

-- Movements that were recorded long after (or before) they occurred: few, and found by how far apart that was. The SKU as an
-- expression, so that a plan made for an average SKU never takes the level's index instead and reads all of a hot one.
create index movement_late on movement ((sku || ''), location_id, span_class(occurred_at, recorded_at), recorded_at)
  where span_class(occurred_at, recorded_at) <> 0;
-- Reservations that are over, by how long they were open.
create index reservation_spans on reservation (span_class(created_at, updated_at), updated_at) where state <> 'held';
-- Those that are open are in reservation_expiring, but for the ones without an end.
create index reservation_endless on reservation (created_at) where state = 'held' and expires_at is null;
create index observation_by_time on observation (listing_id, observed_at desc, id desc);

-- The movements of these levels that stand on different sides of `moment` by the two clocks: `sign` +1 when they had
-- occurred and were not recorded yet, -1 the other way round. A loop, so that each class looks only as far as it reaches.
-- Fixed plans, here and below: over months of partitions planning would take longer than looking. `offset 0` keeps the
-- planner to the order that is written: levels first, then the little there is around the moment.
create function movements_astride(of_skus text[], moment timestamptz)
  returns table (sku text, location_id text, sign int, d_on_hand bigint, d_reserved bigint, d_incoming bigint,
                 cause_type text, cause_id text)
  language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan
  set max_parallel_workers_per_gather = 0 set jit = off as $$
#variable_conflict use_column
begin
  return query
  select l.sku, l.location_id, m.*
    from stock_level l
    cross join lateral (
           select case when j.recorded_at > moment then 1 else -1 end, j.d_on_hand, j.d_reserved, j.d_incoming, j.cause_type,
                  j.cause_id
             from movement j
            where j.sku = l.sku and j.location_id = l.location_id and span_class(j.occurred_at, j.recorded_at) = 0
              and j.recorded_at >= moment - span_reach(0) and j.recorded_at <= moment + span_reach(0)
              and (j.recorded_at > moment) <> (j.occurred_at > moment)
           offset 0) m
   where l.sku = any (of_skus);
  for class in 1..5 loop
    return query
    select l.sku, l.location_id, m.*
      from stock_level l
      cross join lateral (
             select case when j.recorded_at > moment then 1 else -1 end, j.d_on_hand, j.d_reserved, j.d_incoming, j.cause_type,
                    j.cause_id
               from movement j
              where j.sku || '' = l.sku and j.location_id = l.location_id and span_class(j.occurred_at, j.recorded_at) <> 0
                and span_class(j.occurred_at, j.recorded_at) = class
                and j.recorded_at >= moment - span_reach(class) and j.recorded_at <= moment + span_reach(class)
                and (j.recorded_at > moment) <> (j.occurred_at > moment)
             offset 0) m
     where l.sku = any (of_skus);
  end loop;
end $$;

-- Levels of these SKUs at a moment, and what reservations held of them. As known: the balances after the last movement
-- recorded by then. As it was: the same, and what stands astride put on its right side. Whatever moved for a reservation
-- was recorded between its two times; so those are looked at that were open around the moment, or moved astride.
create function stock_at(of_skus text[], moment timestamptz, as_known boolean) returns json language plpgsql stable
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
  ids := ids || array(select r.id from reservation r
                       where r.state = 'held' and r.expires_at is not null and r.created_at <= moment + slack)
             || array(select r.id from reservation r
                       where r.state = 'held' and r.expires_at is null and r.created_at <= moment + slack);
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

-- What each check of the invariants found when it ran last.
create table invariant_result (
  name       text primary key,
  ran_at     timestamptz not null,
  took_ms    bigint not null check (took_ms >= 0),
  -- Null: it could not be run to its end, `failure` says why.
  violations bigint check (violations >= 0),
  -- The first of what breaks it.
  subjects   text[] not null,
  failure    text,
  -- When it last ran to its end.
  completed_at timestamptz,
  check ((violations is null) = (failure is not null))
);
