-- The ledger: the only truth about stock. Written by src/ledger/ alone.

create table location (
  id         text primary key check (id ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  name       text not null,
  created_at timestamptz not null default now()
);

-- One row an effect: key, fingerprint of the body and the exact answer commit together and never expire.
create table ledger_command (
  key         text primary key check (octet_length(key) between 1 and 2048),
  fingerprint text not null,
  -- Text, not jsonb: a repeated command gets the same bytes.
  answer      text not null,
  recorded_at timestamptz not null
);

-- The running sum of movement, per SKU and location. A channel's sale may drive available below zero (it has already
-- happened), so on_hand has no lower bound; reserved and incoming never go below zero.
create table stock_level (
  sku         text   not null check (octet_length(sku) between 1 and 255),
  location_id text   not null references location,
  on_hand     bigint not null check (abs(on_hand) < 1000000000000),
  reserved    bigint not null check (reserved between 0 and 1000000000000),
  incoming    bigint not null check (incoming between 0 and 1000000000000),
  version     bigint not null check (version >= 0),
  updated_at  timestamptz not null,
  primary key (sku, location_id)
);

-- Immutable signed facts. Mistakes are mended by compensating movements, never by edits.
create table movement (
  id             bigint generated always as identity primary key,
  command_key    text   not null references ledger_command,
  leg            int    not null check (leg >= 0),
  kind           text   not null check (kind in ('receipt', 'adjustment', 'count', 'order', 'reservation', 'transfer', 'return', 'correction')),
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
  unique (command_key, leg),
  unique (sku, location_id, level_version),
  foreign key (sku, location_id) references stock_level,
  check (d_on_hand <> 0 or d_reserved <> 0 or d_incoming <> 0)
);
create index movement_by_cause on movement (cause_type, cause_id);

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is insert-only: mend mistakes with compensating rows', tg_table_name using errcode = 'insufficient_privilege';
end $$;
create trigger movement_is_insert_only before update or delete or truncate on movement
  for each statement execute function refuse_change();
create trigger ledger_command_is_insert_only before update or delete or truncate on ledger_command
  for each statement execute function refuse_change();

-- Cumulative truth about an order line, per SKU it draws on (a kit draws on several).
create table order_line (
  account_id        text   not null,
  order_ref         text   not null,
  line_ref          text   not null,
  sku               text   not null,
  location_id       text   not null,
  hold_units        bigint not null check (hold_units >= 0),
  left_units        bigint not null check (left_units >= 0),
  back_units        bigint not null check (back_units >= 0),
  source_updated_at timestamptz not null,
  source_observed_at timestamptz not null,
  created_at        timestamptz not null,
  updated_at        timestamptz not null,
  primary key (account_id, order_ref, line_ref, sku),
  foreign key (sku, location_id) references stock_level
);
create index order_line_by_sku on order_line (sku, updated_at);

-- A channel sold more than there was: recorded with the movement that did it, alerted, explained later.
create table oversell_incident (
  id             bigint generated always as identity primary key,
  command_key    text   not null,
  leg            int    not null,
  sku            text   not null,
  location_id    text   not null,
  -- Null when no order did it (an adjustment below what is reserved).
  account_id     text,
  order_ref      text,
  line_ref       text,
  units_short    bigint not null check (units_short > 0),
  recorded_at    timestamptz not null,
  foreign key (command_key, leg) references movement (command_key, leg)
);

-- Written in the same transaction as the movements; consumers claim by state, never by an id cursor.
create table outbox (
  id          bigint generated always as identity primary key,
  topic       text not null,
  subject     text not null,
  data        jsonb not null,
  recorded_at timestamptz not null,
  state       text not null default 'waiting' check (state in ('waiting', 'done')),
  done_at     timestamptz
);
create index outbox_waiting on outbox (id) where state = 'waiting';
