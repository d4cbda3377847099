-- What a batch writes may have been decided under locks, or ahead on what its levels were assumed to be: then they are locked
-- here and held against that first, and where anything differs nothing is done. That the keys and the reservations it writes
-- are new is for their unique indexes to say. docs/adr/0018-decided-ahead.md.

-- Everything a decision changes. `recorded` null: decided ahead, on `seen_…`. Arrays where a batch has a row per command, JSON
-- for what is rare (a record set out of JSON costs several times an unnest). Keys first: a key that another transaction is
-- writing at this moment fails here, before the rest was done for nothing. JSON texts come joined by the unit separator, which
-- stands in no JSON text unescaped: as elements of an array every quote of theirs would have to be escaped. Returns the time
-- by which it was decided.
drop function ledger_write;
create function ledger_write(
  recorded timestamptz,
  seen_skus text[], seen_locations text[], seen_on_hands bigint[], seen_reserveds bigint[], seen_incomings bigint[],
  seen_versions bigint[], absent_reservations text[], assumed_clock timestamptz, slack_ms int,
  keys text[], fingerprints text[], answers text,
  level_skus text[], level_locations text[], on_hands bigint[], reserveds bigint[], incomings bigint[], versions bigint[],
  m_keys text[], m_legs int[], m_kinds text[], m_skus text[], m_locations text[], m_d_on_hands bigint[],
  m_d_reserveds bigint[], m_d_incomings bigint[], m_on_hands bigint[], m_reserveds bigint[], m_incomings bigint[],
  m_versions bigint[], m_cause_types text[], m_cause_ids text[], m_actors text[], m_reasons text[], m_occurreds timestamptz[],
  r_ids text[], r_states text[], r_references text[], r_actors text[], r_expires timestamptz[], r_lines text,
  changed_reservations json, new_transfers json, changed_transfers json, order_lines json, incidents json
) returns text language plpgsql
  set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set plan_cache_mode = force_generic_plan as $$
declare
  as_seen    bigint;
  is_written boolean := false;
  clock_at   timestamptz;
begin
  if recorded is null then
    clock_at := date_trunc('milliseconds', ledger_clock());
    if abs(extract(epoch from clock_at - assumed_clock)) * 1000 > slack_ms then
      raise exception 'the clock is not what it was assumed to be' using errcode = 'serialization_failure';
    end if;
    recorded := clock_at;
    -- Levels in one order, as in ledger_lock. All four figures: a level that was rebuilt keeps its version. What is recorded
    -- never runs backwards for a level: where the clock does, ledger_lock knows what to do.
    if cardinality(seen_skus) = cardinality(level_skus) then
      -- All that were looked at change, and stand in the same order in both: locked, compared and written in one go.
      update stock_level s
         set on_hand = l.on_hand, reserved = l.reserved, incoming = l.incoming, version = l.version, updated_at = recorded
        from (select n.*
                from unnest(level_skus, level_locations, on_hands, reserveds, incomings, versions,
                            seen_on_hands, seen_reserveds, seen_incomings, seen_versions)
                     as n (sku, location_id, on_hand, reserved, incoming, version, was_on_hand, was_reserved, was_incoming,
                           was_version)
               order by n.location_id collate "C", n.sku collate "C") l
       where s.sku = l.sku and s.location_id = l.location_id and s.version = l.was_version and s.on_hand = l.was_on_hand
         and s.reserved = l.was_reserved and s.incoming = l.was_incoming and s.updated_at <= recorded;
      get diagnostics as_seen = row_count;
      is_written := true;
    else
      select count(*) into as_seen
        from (select
                from unnest(seen_skus, seen_locations, seen_on_hands, seen_reserveds, seen_incomings, seen_versions)
                     as n (sku, location_id, on_hand, reserved, incoming, version)
                join stock_level s using (sku, location_id)
               where s.version = n.version and s.on_hand = n.on_hand and s.reserved = n.reserved and s.incoming = n.incoming
                 and s.updated_at <= recorded
               order by s.location_id collate "C", s.sku collate "C"
                 for update of s) x;
    end if;
    if as_seen <> cardinality(seen_skus) then
      raise exception 'a level is not what it was assumed to be' using errcode = 'serialization_failure';
    end if;
    -- Reservations that were refused for another reason than that they are there.
    if cardinality(absent_reservations) > 0 and exists (select from reservation where id = any(absent_reservations)) then
      raise exception 'a reservation is there already' using errcode = 'serialization_failure';
    end if;
  end if;

  insert into ledger_command (key, fingerprint, answer, recorded_at)
  select k.key, k.fingerprint, k.answer, recorded from unnest(keys, fingerprints, string_to_array(answers, E'\x1f')) as k (key, fingerprint, answer);

  if cardinality(level_skus) > 0 then
    if not is_written then
      update stock_level s
         set on_hand = l.on_hand, reserved = l.reserved, incoming = l.incoming, version = l.version, updated_at = recorded
        from unnest(level_skus, level_locations, on_hands, reserveds, incomings, versions)
             as l (sku, location_id, on_hand, reserved, incoming, version)
       where s.sku = l.sku and s.location_id = l.location_id;
    end if;
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
  return to_char(clock_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end $$;
