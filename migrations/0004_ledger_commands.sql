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
create index movement_by_command on movement (command_key);
create index movement_by_xact on movement (xact, id);
-- Whatever no month was made for yet: a partition that is there before any job has run.
create table movement_default partition of movement default;

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

-- Units on their way from one location to another, one row a SKU.
create table transfer (
  id             text   not null check (octet_length(id) between 1 and 255),
  sku            text   not null,
  from_location  text   not null references location,
  to_location    text   not null references location,
  units_sent     bigint not null check (units_sent >= 1),
  units_received bigint not null check (units_received >= 0),
  -- Sent and never arrived: written off, or back at the sender's.
  units_lost     bigint not null check (units_lost >= 0),
  created_at     timestamptz not null,
  updated_at     timestamptz not null,
  primary key (id, sku),
  check (from_location <> to_location),
  check (units_received + units_lost <= units_sent)
);
