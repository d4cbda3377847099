-- The whole set of the ledger's commands: reservations, transfers, incoming, counts. Movements by month.

-- A key is unique in ledger_command already, and a level's version is only ever written under the level's row lock; so a
-- partitioned journal loses no guarantee by having the month in its unique keys. `xact` orders movements for consumers
-- that must not miss a late commit: everything below pg_snapshot_xmin() has ended.
alter table oversell_incident drop constraint oversell_incident_command_key_leg_fkey;
drop trigger movement_is_insert_only on movement;
alter table movement rename to movement_unpartitioned;
alter index movement_pkey rename to movement_unpartitioned_pkey;
drop index movement_by_cause;

create sequence movement_id_seq_2 as bigint;
create table movement (
  id             bigint not null default nextval('movement_id_seq_2'),
  xact           xid8   not null default pg_current_xact_id(),
  command_key    text   not null,
  leg            int    not null check (leg >= 0),
  kind           text   not null check (kind in ('receipt', 'adjustment', 'count', 'order', 'reservation', 'transfer', 'return',
                                                 'correction', 'incoming')),
  sku            text   not null,
  location_id    text   not null,
  d_on_hand      bigint not null,
  d_reserved     bigint not null,
  d_incoming     bigint not null,
  on_hand_after  bigint not null,
  reserved_after bigint not null,
  incoming_after bigint not null,
  level_version  bigint not null check (level_version >= 1),
  cause_type     text   not null,
  cause_id       text   not null,
  actor          text   not null,
  reason         text,
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null,
  check (d_on_hand <> 0 or d_reserved <> 0 or d_incoming <> 0),
  unique (sku, location_id, level_version, recorded_at)
) partition by range (recorded_at);
alter sequence movement_id_seq_2 owned by movement.id;
create index movement_by_cause on movement (cause_type, cause_id);
create index movement_by_xact on movement (xact, id);
-- Whatever no month was made for yet: a partition that is there before any job has run.
create table movement_default partition of movement default;

-- Makes the partition of the month of `at`, unless it is there or its rows are in movement_default already (a month that
-- began before its partition was made stays there). A statement trigger guards only the table it is named on, so each
-- partition gets its own.
create function make_movement_month(at timestamptz) returns boolean language plpgsql
  security definer set search_path from current as $$
declare
  first_day timestamptz := date_trunc('month', at, 'UTC');
  next_day  timestamptz := date_trunc('month', at, 'UTC') + interval '1 month';
  name      text        := 'movement_' || to_char(date_trunc('month', at, 'UTC') at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(name) is not null then return false; end if;
  if exists (select from movement_default where recorded_at >= first_day and recorded_at < next_day) then return false; end if;
  execute format('create table %I partition of movement for values from (%L) to (%L)', name, first_day, next_day);
  execute format('create trigger movement_is_insert_only before update or delete or truncate on %I
                    for each statement execute function refuse_change()', name);
  return true;
end $$;

-- Before anything is in movement_default: the months of what there is, this one, and the two after it.
select make_movement_month(month)
  from (select date_trunc('month', recorded_at, 'UTC') as month from movement_unpartitioned
        union select date_trunc('month', now(), 'UTC') + make_interval(months => n) from generate_series(0, 2) n) months;

insert into movement (id, command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after, reserved_after,
                      incoming_after, level_version, cause_type, cause_id, actor, reason, occurred_at, recorded_at)
select id, command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after, reserved_after,
       incoming_after, level_version, cause_type, cause_id, actor, reason, occurred_at, recorded_at
  from movement_unpartitioned order by id;
select setval('movement_id_seq_2', greatest((select coalesce(max(id), 0) from movement), 1));
drop table movement_unpartitioned;
alter sequence movement_id_seq_2 rename to movement_id_seq;

create trigger movement_is_insert_only before update or delete or truncate on movement
  for each statement execute function refuse_change();
create trigger movement_is_insert_only before update or delete or truncate on movement_default
  for each statement execute function refuse_change();

-- Units promised to a checkout for a time. What is open of a line = held - committed - released.
create table reservation (
  id         text primary key check (octet_length(id) between 1 and 255),
  state      text not null check (state in ('held', 'committed', 'released', 'expired')),
  -- The caller's own note, an order or cart number: nothing about a person.
  reference  text check (octet_length(reference) <= 255),
  actor      text not null,
  -- On the database's clock; null = until it is released.
  expires_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
create index reservation_expiring on reservation (expires_at) where state = 'held' and expires_at is not null;

create table reservation_line (
  reservation_id  text   not null,
  line            int    not null check (line >= 0),
  sku             text   not null,
  location_id     text   not null,
  units_asked     bigint not null check (units_asked >= 1),
  units_held      bigint not null check (units_held between 0 and units_asked),
  units_committed bigint not null check (units_committed >= 0),
  units_released  bigint not null check (units_released >= 0),
  primary key (reservation_id, line),
  check (units_committed + units_released <= units_held)
);
create index reservation_line_by_sku on reservation_line (sku);

-- Units on their way from one location to another, one row a SKU. What is under way = sent - received - lost - returned.
create table transfer (
  id             text   not null check (octet_length(id) between 1 and 255),
  sku            text   not null,
  from_location  text   not null,
  to_location    text   not null,
  units_sent     bigint not null check (units_sent >= 1),
  units_received bigint not null check (units_received >= 0),
  -- Sent and never arrived.
  units_lost     bigint not null check (units_lost >= 0),
  -- Back on the sender's shelf, because the transfer was called off.
  units_returned bigint not null check (units_returned >= 0),
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  primary key (id, sku),
  check (from_location <> to_location),
  check (units_received + units_lost + units_returned <= units_sent)
);
create index transfer_under_way on transfer (sku, to_location) where units_received + units_lost + units_returned < units_sent;

-- A level's row is rewritten by every batch: room in the page keeps the new version beside the old one, without a new
-- index entry.
alter table stock_level set (fillfactor = 70);

-- The ledger's time. A function of its own, so that a test may say what time it is.
create function ledger_clock() returns timestamptz language sql volatile as 'select clock_timestamp()';

-- The first of a batch's two statements: makes levels that may be made, locks all of them in one order, and only then
-- reads what the commands are decided on. One function, because each statement inside it sees what was committed while
-- it waited for the locks; one statement would not. Planner settings: every look-up is by a key, and a plan made while
-- the tables were empty must not become a scan of full ones.
create function ledger_lock(
  skus text[], locations text[], creates boolean[],
  keys text[], reservation_ids text[], transfer_ids text[], transfer_skus text[], with_transit boolean,
  line_accounts text[], line_orders text[], line_refs text[], line_skus text[], line_locations text[]
) returns json language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
declare
  found_reservations text[] := '{}';
  more_skus          text[];
  more_locations     text[];
  levels             json;
  latest             timestamptz;
  clock_at           timestamptz;
  reservations       json;
  transfers          json;
  transit            json;
  order_lines        json;
begin
  -- Where order lines, reservations and transfers are never changes, so this first look needs no lock.
  if cardinality(line_skus) > 0 then
    select array_agg(n.sku), array_agg(coalesce(o.location_id, n.location_id)) into more_skus, more_locations
      from unnest(line_accounts, line_orders, line_refs, line_skus, line_locations)
           as n (account_id, order_ref, line_ref, sku, location_id)
      left join order_line o using (account_id, order_ref, line_ref, sku);
    skus := skus || more_skus;
    locations := locations || more_locations;
    creates := creates || array_fill(true, array[cardinality(more_skus)]);
  end if;
  if cardinality(reservation_ids) > 0 then
    select array_agg(id) into found_reservations from reservation where id = any(reservation_ids);
    if found_reservations is not null then
      select array_agg(sku), array_agg(location_id) into more_skus, more_locations
        from reservation_line where reservation_id = any(found_reservations);
      skus := skus || more_skus;
      locations := locations || more_locations;
    end if;
  end if;
  if cardinality(transfer_ids) > 0 then
    select array_agg(t.sku) || array_agg(t.sku), array_agg(t.from_location) || array_agg(t.to_location)
      into more_skus, more_locations
      from unnest(transfer_ids, transfer_skus) as n (id, sku) join transfer t using (id, sku);
    skus := skus || more_skus;
    locations := locations || more_locations;
  end if;

  if true = any(creates) then
    insert into stock_level (sku, location_id, on_hand, reserved, incoming, version, updated_at)
    select distinct n.sku, n.location_id, 0, 0, 0, 0, date_trunc('milliseconds', ledger_clock())
      from unnest(skus, locations, creates) as n (sku, location_id, may_create)
      join location on location.id = n.location_id
     where n.may_create
       and not exists (select from stock_level s where s.sku = n.sku and s.location_id = n.location_id)
     order by 2, 1
    on conflict do nothing;
  end if;

  -- In one order: two batches that share levels would otherwise lock them crosswise and deadlock.
  select json_agg(json_build_array(x.sku, x.location_id, x.on_hand, x.reserved, x.incoming, x.version)), max(x.updated_at)
    into levels, latest
    from (select s.*
            from (select distinct sku, location_id from unnest(skus, locations) as n (sku, location_id)) named
            join stock_level s using (sku, location_id)
           order by s.location_id collate "C", s.sku collate "C"
             for update of s) x;
  clock_at := date_trunc('milliseconds', ledger_clock());

  -- Everything below is written only under the locks of its levels, so it is read after them and needs none of its own.
  if cardinality(found_reservations) > 0 then
    select json_agg(json_build_object('id', r.id, 'state', r.state, 'reference', r.reference, 'actor', r.actor,
                                      'expiresAt', to_char(r.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'lines',
             (select json_agg(json_build_object('sku', l.sku, 'locationId', l.location_id, 'askedUnits', l.units_asked,
                                                'heldUnits', l.units_held, 'committedUnits', l.units_committed,
                                                'releasedUnits', l.units_released) order by l.line)
                from reservation_line l where l.reservation_id = r.id)))
      into reservations from reservation r where r.id = any(found_reservations);
  end if;
  if cardinality(transfer_ids) > 0 then
    select json_agg(json_build_object('id', t.id, 'sku', t.sku, 'fromLocationId', t.from_location,
                                      'toLocationId', t.to_location, 'sentUnits', t.units_sent,
                                      'receivedUnits', t.units_received, 'lostUnits', t.units_lost,
                                      'returnedUnits', t.units_returned))
      into transfers
      from unnest(transfer_ids, transfer_skus) as n (id, sku) join transfer t using (id, sku);
  end if;
  if with_transit then
    select json_agg(json_build_array(x.sku, x.to_location, x.units)) into transit
      from (select t.sku, t.to_location, sum(t.units_sent - t.units_received - t.units_lost - t.units_returned) as units
              from (select distinct sku, location_id from unnest(skus, locations) as n (sku, location_id)) n
              join transfer t on t.sku = n.sku and t.to_location = n.location_id
             where t.units_received + t.units_lost + t.units_returned < t.units_sent
             group by t.sku, t.to_location) x;
  end if;
  if cardinality(line_skus) > 0 then
    select json_agg(json_build_object(
             'accountId', o.account_id, 'orderRef', o.order_ref, 'lineRef', o.line_ref, 'sku', o.sku,
             'locationId', o.location_id, 'holdUnits', o.hold_units, 'leftUnits', o.left_units, 'backUnits', o.back_units,
             'sourceUpdatedAt', to_char(o.source_updated_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
             'sourceObservedAt', to_char(o.source_observed_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')))
      into order_lines
      from unnest(line_accounts, line_orders, line_refs, line_skus) as n (account_id, order_ref, line_ref, sku)
      join order_line o using (account_id, order_ref, line_ref, sku);
  end if;
  return json_build_object(
    'levels', levels,
    'known', (select json_agg(json_build_array(c.key, c.fingerprint, c.answer)) from ledger_command c where c.key = any(keys)),
    'locations', (select json_agg(id) from location),
    'reservations', reservations, 'transfers', transfers, 'transit', transit, 'orderLines', order_lines,
    'clockAt', to_char(clock_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    -- What is recorded never runs backwards for a level, even when the clock does.
    'recordedAt', to_char(greatest(clock_at, latest), 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'));
end $$;

-- The second: everything the decision changes. Arrays where a batch has a row per command, JSON for what is rare (a
-- record set out of JSON costs several times an unnest). Keys first: a key that another transaction is writing at this
-- moment fails here, before the rest was done for nothing.
create function ledger_write(
  recorded timestamptz,
  keys text[], fingerprints text[], answers text[],
  level_skus text[], level_locations text[], on_hands bigint[], reserveds bigint[], incomings bigint[], versions bigint[],
  m_keys text[], m_legs int[], m_kinds text[], m_skus text[], m_locations text[], m_d_on_hands bigint[],
  m_d_reserveds bigint[], m_d_incomings bigint[], m_on_hands bigint[], m_reserveds bigint[], m_incomings bigint[],
  m_versions bigint[], m_cause_types text[], m_cause_ids text[], m_actors text[], m_reasons text[], m_occurreds timestamptz[],
  r_ids text[], r_states text[], r_references text[], r_actors text[], r_expires timestamptz[],
  l_ids text[], l_lines int[], l_skus text[], l_locations text[], l_asked bigint[], l_held bigint[], l_committed bigint[],
  l_released bigint[],
  changed_reservations json, new_transfers json, changed_transfers json, order_lines json, incidents json
) returns void language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  insert into ledger_command (key, fingerprint, answer, recorded_at)
  select k.key, k.fingerprint, k.answer, recorded from unnest(keys, fingerprints, answers) as k (key, fingerprint, answer);

  if cardinality(level_skus) > 0 then
    update stock_level s
       set on_hand = l.on_hand, reserved = l.reserved, incoming = l.incoming, version = l.version, updated_at = recorded
      from unnest(level_skus, level_locations, on_hands, reserveds, incomings, versions)
           as l (sku, location_id, on_hand, reserved, incoming, version)
     where s.sku = l.sku and s.location_id = l.location_id;
    insert into movement (command_key, leg, kind, sku, location_id, d_on_hand, d_reserved, d_incoming, on_hand_after,
                          reserved_after, incoming_after, level_version, cause_type, cause_id, actor, reason, occurred_at,
                          recorded_at)
    select m.*, recorded
      from unnest(m_keys, m_legs, m_kinds, m_skus, m_locations, m_d_on_hands, m_d_reserveds, m_d_incomings, m_on_hands,
                  m_reserveds, m_incomings, m_versions, m_cause_types, m_cause_ids, m_actors, m_reasons, m_occurreds) m;
    -- One row a SKU, not a movement: it says "look at this SKU", never what to write.
    insert into outbox (topic, subject, data, recorded_at)
    select 'stock.changed', changed.sku, '{}'::jsonb, recorded from (select distinct unnest(level_skus) as sku) changed;
  end if;

  if cardinality(r_ids) > 0 then
    insert into reservation (id, state, reference, actor, expires_at, created_at, updated_at)
    select r.*, recorded, recorded from unnest(r_ids, r_states, r_references, r_actors, r_expires) r;
    insert into reservation_line (reservation_id, line, sku, location_id, units_asked, units_held, units_committed,
                                  units_released)
    select l.* from unnest(l_ids, l_lines, l_skus, l_locations, l_asked, l_held, l_committed, l_released) l;
  end if;
  if changed_reservations is not null then
    update reservation r
       set state = c.state, expires_at = c."expiresAt", updated_at = recorded
      from json_to_recordset(changed_reservations) as c (id text, state text, "expiresAt" timestamptz)
     where r.id = c.id;
    update reservation_line l
       set units_committed = c."committedUnits", units_released = c."releasedUnits"
      from (select r.id, n.number - 1 as line, (n.line ->> 'committedUnits')::bigint as "committedUnits",
                   (n.line ->> 'releasedUnits')::bigint as "releasedUnits"
              from json_to_recordset(changed_reservations) as r (id text, lines json),
                   json_array_elements(r.lines) with ordinality as n (line, number)) c
     where l.reservation_id = c.id and l.line = c.line
       and (l.units_committed, l.units_released) is distinct from (c."committedUnits", c."releasedUnits");
  end if;

  if new_transfers is not null then
    insert into transfer (id, sku, from_location, to_location, units_sent, units_received, units_lost, units_returned,
                          created_at, updated_at)
    select t.*, recorded, recorded
      from json_to_recordset(new_transfers)
           as t (id text, sku text, "fromLocationId" text, "toLocationId" text, "sentUnits" bigint, "receivedUnits" bigint,
                 "lostUnits" bigint, "returnedUnits" bigint);
  end if;
  if changed_transfers is not null then
    update transfer t
       set units_received = c."receivedUnits", units_lost = c."lostUnits", units_returned = c."returnedUnits",
           updated_at = recorded
      from json_to_recordset(changed_transfers)
           as c (id text, sku text, "receivedUnits" bigint, "lostUnits" bigint, "returnedUnits" bigint)
     where t.id = c.id and t.sku = c.sku;
  end if;

  if order_lines is not null then
    insert into order_line as o (account_id, order_ref, line_ref, sku, location_id, hold_units, left_units, back_units,
                                 source_updated_at, source_observed_at, created_at, updated_at)
    select l.*, recorded, recorded
      from json_to_recordset(order_lines)
           as l ("accountId" text, "orderRef" text, "lineRef" text, sku text, "locationId" text, "holdUnits" bigint,
                 "leftUnits" bigint, "backUnits" bigint, "sourceUpdatedAt" timestamptz, "sourceObservedAt" timestamptz)
    on conflict (account_id, order_ref, line_ref, sku) do update
       set hold_units = excluded.hold_units, left_units = excluded.left_units, back_units = excluded.back_units,
           source_updated_at = excluded.source_updated_at, source_observed_at = excluded.source_observed_at,
           updated_at = excluded.updated_at;
  end if;
  if incidents is not null then
    insert into oversell_incident (command_key, leg, sku, location_id, account_id, order_ref, line_ref, units_short,
                                   recorded_at)
    select i.*, recorded
      from json_to_recordset(incidents)
           as i ("commandKey" text, leg int, sku text, "locationId" text, "accountId" text, "orderRef" text, "lineRef" text,
                 "unitsShort" bigint);
  end if;
end $$;
