-- A reservation's lines move into its row: they are written and read only together with it, and a row and two index
-- entries less for each is what a reservation costs most.

alter table reservation add column lines json;
update reservation r
   set lines = (select json_agg(json_build_object('sku', l.sku, 'locationId', l.location_id, 'askedUnits', l.units_asked,
                                                  'heldUnits', l.units_held, 'committedUnits', l.units_committed,
                                                  'releasedUnits', l.units_released) order by l.line)
                  from reservation_line l where l.reservation_id = r.id);
alter table reservation alter column lines set not null;
drop table reservation_line;

-- For whoever asks by line: people, checks.
create view reservation_line as
select r.id as reservation_id, (n.number - 1)::int as line, n.row ->> 'sku' as sku, n.row ->> 'locationId' as location_id,
       (n.row ->> 'askedUnits')::bigint as units_asked, (n.row ->> 'heldUnits')::bigint as units_held,
       (n.row ->> 'committedUnits')::bigint as units_committed, (n.row ->> 'releasedUnits')::bigint as units_released
  from reservation r, json_array_elements(r.lines) with ordinality as n (row, number);

drop function ledger_write;

-- The first of a batch's two statements: makes levels that may be made, locks all of them in one order, and only then
-- reads what the commands are decided on. One function, because each statement inside it sees what was committed while
-- it waited for the locks; one statement would not. Planner settings: every look-up is by a key, and a plan made while
-- the tables were empty must not become a scan of full ones.
create or replace function ledger_lock(
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
      select array_agg(l.sku), array_agg(l."locationId") into more_skus, more_locations
        from reservation r, json_to_recordset(r.lines) as l (sku text, "locationId" text)
       where r.id = any(found_reservations);
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
                                      'expiresAt', to_char(r.expires_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 'lines', r.lines))
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
-- moment fails here, before the rest was done for nothing. JSON texts come joined by the unit separator, which stands in no
-- JSON text unescaped: as elements of an array every quote of theirs would have to be escaped.
create function ledger_write(
  recorded timestamptz,
  keys text[], fingerprints text[], answers text,
  level_skus text[], level_locations text[], on_hands bigint[], reserveds bigint[], incomings bigint[], versions bigint[],
  m_keys text[], m_legs int[], m_kinds text[], m_skus text[], m_locations text[], m_d_on_hands bigint[],
  m_d_reserveds bigint[], m_d_incomings bigint[], m_on_hands bigint[], m_reserveds bigint[], m_incomings bigint[],
  m_versions bigint[], m_cause_types text[], m_cause_ids text[], m_actors text[], m_reasons text[], m_occurreds timestamptz[],
  r_ids text[], r_states text[], r_references text[], r_actors text[], r_expires timestamptz[], r_lines text,
  changed_reservations json, new_transfers json, changed_transfers json, order_lines json, incidents json
) returns void language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  insert into ledger_command (key, fingerprint, answer, recorded_at)
  select k.key, k.fingerprint, k.answer, recorded from unnest(keys, fingerprints, string_to_array(answers, E'\x1f')) as k (key, fingerprint, answer);

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
    insert into reservation (id, state, reference, actor, expires_at, lines, created_at, updated_at)
    select r.id, r.state, r.reference, r.actor, r.expires_at, r.lines::json, recorded, recorded
      from unnest(r_ids, r_states, r_references, r_actors, r_expires, string_to_array(r_lines, E'\x1f'))
           as r (id, state, reference, actor, expires_at, lines);
  end if;
  if changed_reservations is not null then
    update reservation r
       set state = c.state, expires_at = c."expiresAt", lines = c.lines, updated_at = recorded
      from json_to_recordset(changed_reservations) as c (id text, state text, "expiresAt" timestamptz, lines json)
     where r.id = c.id;
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
