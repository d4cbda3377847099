-- A batch that was decided on what its levels were assumed to be, in one statement. Under the levels' locks it holds that
-- against what they are; where anything differs, nothing is done and the caller looks for itself. That the keys and the
-- reservations it writes are new is for their unique indexes to say. docs/adr/0018-decided-ahead.md.
create function ledger_write_assumed(
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
  as_seen  bigint;
  latest   timestamptz;
  clock_at timestamptz;
begin
  -- In one order, as in ledger_lock. All four figures: a level that was rebuilt keeps its version.
  select count(*), max(x.updated_at) into as_seen, latest
    from (select s.updated_at
            from unnest(seen_skus, seen_locations, seen_on_hands, seen_reserveds, seen_incomings, seen_versions)
                 as n (sku, location_id, on_hand, reserved, incoming, version)
            join stock_level s using (sku, location_id)
           where s.version = n.version and s.on_hand = n.on_hand and s.reserved = n.reserved and s.incoming = n.incoming
           order by s.location_id collate "C", s.sku collate "C"
             for update of s) x;
  if as_seen <> cardinality(seen_skus) then
    raise exception 'a level is not what it was assumed to be' using errcode = 'serialization_failure';
  end if;
  clock_at := date_trunc('milliseconds', ledger_clock());
  if abs(extract(epoch from clock_at - assumed_clock)) * 1000 > slack_ms then
    raise exception 'the clock is not what it was assumed to be' using errcode = 'serialization_failure';
  end if;
  -- Reservations that were refused for another reason than that they are there.
  if cardinality(absent_reservations) > 0 and exists (select from reservation where id = any(absent_reservations)) then
    raise exception 'a reservation is there already' using errcode = 'serialization_failure';
  end if;
  perform ledger_write(
    greatest(clock_at, latest),
    keys, fingerprints, answers, level_skus, level_locations, on_hands, reserveds, incomings, versions, m_keys,
    m_legs, m_kinds, m_skus, m_locations, m_d_on_hands, m_d_reserveds, m_d_incomings, m_on_hands, m_reserveds,
    m_incomings, m_versions, m_cause_types, m_cause_ids, m_actors, m_reasons, m_occurreds, r_ids, r_states,
    r_references, r_actors, r_expires, r_lines, changed_reservations, new_transfers, changed_transfers, order_lines,
    incidents);
  return to_char(clock_at, 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
end $$;
