-- Stock at any past moment by two clocks, and what the checks found last. docs/adr/0013-past-stock-from-the-journal.md.

-- The same columns and so the same guarantee as before, in the order in which the past is asked for: the last movement of a
-- level that was recorded at or before a moment is one step down the index, and costs no index more.
alter table movement drop constraint movement_sku_location_id_level_version_recorded_at_key;
alter table movement add constraint movement_by_level unique (sku, location_id, recorded_at, level_version);

-- How far apart two times are, in classes; negative when the second is the earlier one. Whoever looks for all spans of a
-- class that hold a moment need look no further from it than the class reaches.
create function span_class(begins timestamptz, ends timestamptz) returns int language sql immutable parallel safe
return case
  when ends - begins between interval '-10 s' and interval '10 s' then 0
  else case when ends > begins then 1 else -1 end
       * case when greatest(ends - begins, begins - ends) <= interval '1 min' then 1
              when greatest(ends - begins, begins - ends) <= interval '10 min' then 2
              when greatest(ends - begins, begins - ends) <= interval '1 h' then 3
              when greatest(ends - begins, begins - ends) <= interval '6 h' then 4
              when greatest(ends - begins, begins - ends) <= interval '1 day' then 5
              when greatest(ends - begins, begins - ends) <= interval '5 days' then 6
              when greatest(ends - begins, begins - ends) <= interval '30 days' then 7
              when greatest(ends - begins, begins - ends) <= interval '180 days' then 8
              else 9 end
end;
create function span_reach(class int) returns interval language sql immutable parallel safe
return (array[interval '10 s', '1 min', '10 min', '1 h', '6 h', '1 day', '5 days', '30 days', '180 days', '1000 years'])[abs(class) + 1];

-- Movements that were recorded long after (or before) they occurred: few, and found by how late they were.
create index movement_late on movement (sku, location_id, span_class(occurred_at, recorded_at), recorded_at)
  where span_class(occurred_at, recorded_at) <> 0;
-- Reservations that are over, by how long they were open.
create index reservation_spans on reservation (span_class(created_at, updated_at), updated_at) where state <> 'held';
-- Those that are open are in reservation_expiring, but for the ones without an end.
create index reservation_endless on reservation (created_at) where state = 'held' and expires_at is null;
create index observation_by_time on observation (listing_id, observed_at desc, id desc);

-- The movements of these levels that stand on different sides of `moment` by the two clocks: `sign` +1 when they had
-- occurred and were not recorded yet, -1 the other way round. Functions with fixed plans, here and below: over months of
-- partitions planning would take longer than looking.
create function movements_astride(of_skus text[], moment timestamptz)
  returns table (sku text, location_id text, sign int, d_on_hand bigint, d_reserved bigint, d_incoming bigint,
                 cause_type text, cause_id text)
  language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  select m.sku, m.location_id, 1, m.d_on_hand, m.d_reserved, m.d_incoming, m.cause_type, m.cause_id
    from stock_level l
    cross join generate_series(1, 9) as c (class)
    join movement m on m.sku = l.sku and m.location_id = l.location_id
                   and span_class(m.occurred_at, m.recorded_at) = c.class and span_class(m.occurred_at, m.recorded_at) <> 0
                   and m.recorded_at > moment and m.recorded_at <= moment + span_reach(c.class)
   where l.sku = any (of_skus) and m.occurred_at <= moment
  union all
  select m.sku, m.location_id, -1, m.d_on_hand, m.d_reserved, m.d_incoming, m.cause_type, m.cause_id
    from stock_level l
    cross join generate_series(-9, -1) as c (class)
    join movement m on m.sku = l.sku and m.location_id = l.location_id
                   and span_class(m.occurred_at, m.recorded_at) = c.class and span_class(m.occurred_at, m.recorded_at) <> 0
                   and m.recorded_at <= moment and m.recorded_at > moment - span_reach(c.class)
   where l.sku = any (of_skus) and m.occurred_at > moment
  union all
  select m.sku, m.location_id, case when m.recorded_at > moment then 1 else -1 end, m.d_on_hand, m.d_reserved, m.d_incoming,
         m.cause_type, m.cause_id
    from stock_level l
    join movement m on m.sku = l.sku and m.location_id = l.location_id
                   and m.recorded_at >= moment - span_reach(0) and m.recorded_at <= moment + span_reach(0)
   where l.sku = any (of_skus) and span_class(m.occurred_at, m.recorded_at) = 0
     and (m.recorded_at > moment) <> (m.occurred_at > moment);
end $$;

-- Levels of these SKUs at a moment. As known: the balances after the last movement recorded by then. As it was: the same,
-- and what stands astride put on its right side. `movements_astride` of the answer counts those.
create function stock_levels_at(of_skus text[], moment timestamptz, as_known boolean)
  returns table (sku text, location_id text, on_hand bigint, reserved bigint, incoming bigint, version bigint, astride bigint)
  language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
begin
  return query
  with known as (
    select l.sku, l.location_id, m.*
      from stock_level l
      left join lateral (
             select j.on_hand_after, j.reserved_after, j.incoming_after, j.level_version
               from movement j
              where j.sku = l.sku and j.location_id = l.location_id and j.recorded_at <= moment
              order by j.recorded_at desc, j.level_version desc
              limit 1) m on true
     where l.sku = any (of_skus)
  ), mended as (
    select a.sku, a.location_id, sum(a.sign * a.d_on_hand) as oh, sum(a.sign * a.d_reserved) as rs,
           sum(a.sign * a.d_incoming) as ic, count(*) as n
      from movements_astride(case when as_known then '{}' else of_skus end, moment) a
     group by 1, 2
  )
  select k.sku, k.location_id, (coalesce(k.on_hand_after, 0) + coalesce(d.oh, 0))::bigint,
         (coalesce(k.reserved_after, 0) + coalesce(d.rs, 0))::bigint,
         (coalesce(k.incoming_after, 0) + coalesce(d.ic, 0))::bigint, coalesce(k.level_version, 0), coalesce(d.n, 0)
    from known k
    left join mended d on d.sku = k.sku and d.location_id = k.location_id
   where k.level_version is not null or d.n is not null;
end $$;

-- What reservations held of these SKUs at a moment: the sum of their movements by the clock asked for, of those that were
-- open around it. Whatever moved for a reservation was recorded between its two times.
create function reservations_at(of_skus text[], moment timestamptz, as_known boolean)
  returns table (reservation_id text, sku text, location_id text, units bigint)
  language plpgsql stable
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
#variable_conflict use_column
declare
  slack interval := case when as_known then '0' else span_reach(0) end;
begin
  return query
  with candidates as (
    select r.id from reservation r
     where r.state = 'held' and r.expires_at is not null and r.created_at <= moment + slack
    union
    select r.id from reservation r
     where r.state = 'held' and r.expires_at is null and r.created_at <= moment + slack
    union
    select r.id
      from generate_series(0, 9) as c (class)
      join reservation r on r.state <> 'held' and span_class(r.created_at, r.updated_at) = c.class
                        and r.updated_at > moment - slack and r.updated_at <= moment + span_reach(c.class) + slack
     where r.created_at <= moment + slack
    union
    select a.cause_id
      from movements_astride(case when as_known then '{}' else of_skus end, moment) a where a.cause_type = 'reservation'
  )
  select m.cause_id, m.sku, m.location_id, sum(m.d_reserved)::bigint
    from candidates c
    join reservation r on r.id = c.id
    join reservation_line l on l.reservation_id = r.id and l.sku = any (of_skus)
    join movement m on m.cause_type = 'reservation' and m.cause_id = r.id and m.sku = l.sku and m.location_id = l.location_id
                   and m.recorded_at >= r.created_at and m.recorded_at <= r.updated_at
   where case when as_known then m.recorded_at else m.occurred_at end <= moment
   group by 1, 2, 3
  having sum(m.d_reserved) > 0;
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
  check ((violations is null) = (failure is not null))
);
