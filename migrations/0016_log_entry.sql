-- A movement's entry in the ledger's log, byte for byte what src/ledger/log/entry.ts writes down: sealing hashes rows where
-- they lie, and whoever verifies recomputes every entry without this function. Never change it.
create function movement_entry(m movement) returns text language sql stable as $$
  select '{"actor":' || to_json(m.actor) || ',"cause_id":' || to_json(m.cause_id) || ',"cause_type":' || to_json(m.cause_type)
      || ',"command_key":' || to_json(m.command_key) || ',"d_incoming":' || m.d_incoming || ',"d_on_hand":' || m.d_on_hand
      || ',"d_reserved":' || m.d_reserved || ',"id":' || m.id || ',"incoming_after":' || m.incoming_after
      || ',"kind":' || to_json(m.kind) || ',"leg":' || m.leg || ',"level_version":' || m.level_version
      || ',"location_id":' || to_json(m.location_id)
      || ',"occurred_at":"' || to_char(m.occurred_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || '","on_hand_after":' || m.on_hand_after || ',"reason":' || coalesce(to_json(m.reason)::text, 'null')
      || ',"recorded_at":"' || to_char(m.recorded_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
      || '","reserved_after":' || m.reserved_after || ',"sku":' || to_json(m.sku) || '}'
$$;
