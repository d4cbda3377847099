-- The state of synchronisation. Written by src/sync/ and, for listings and their links, by src/mapping/.

create table account (
  id           text primary key,
  channel      text not null check (channel in ('amazon', 'ebay', 'shopify')),
  state        text not null check (state in ('read-only', 'shadow', 'live', 'paused', 'needs-attention')),
  state_reason text,
  state_since  timestamptz not null,
  -- The state to go back to when a pause or a problem ends.
  resume_state text check (resume_state in ('read-only', 'shadow', 'live')),
  -- A person looked and lets larger runs pass until then.
  guards_off_until timestamptz,
  created_at   timestamptz not null
);

-- Where a poll goes on, and the time up to which we have certainly seen the stream.
create table account_cursor (
  account_id text not null references account,
  stream     text not null,
  cursor     text,
  watermark  timestamptz,
  polled_at  timestamptz,
  tried_at   timestamptz,
  primary key (account_id, stream)
);

-- One planner an account: a lease on the database's clock with a fencing number that only rises.
create table account_lease (
  account_id text not null references account,
  purpose    text not null,
  holder     text not null,
  fence      bigint not null,
  expires_at timestamptz not null,
  primary key (account_id, purpose)
);

create table listing (
  id           bigint generated always as identity primary key,
  account_id   text not null references account,
  ref          text not null,
  channel_sku  text,
  title        text,
  fulfilled_by text not null check (fulfilled_by in ('merchant', 'channel')),
  status       text not null check (status in ('active', 'inactive', 'ended')),
  -- What the connector noted at import, opaque to everybody else.
  details      jsonb,
  first_seen_at timestamptz not null,
  last_seen_at  timestamptz not null,
  unique (account_id, ref)
);
create index listing_by_channel_sku on listing (channel_sku);

create table listing_alias (
  account_id text   not null,
  alias      text   not null,
  listing_id bigint not null references listing on delete cascade,
  primary key (account_id, alias)
);
create index listing_alias_by_listing on listing_alias (listing_id);

-- A listing sells `units` of each SKU: one row for a plain listing or a multipack, several for a kit.
create table listing_link (
  listing_id bigint not null references listing on delete cascade,
  sku        text   not null check (octet_length(sku) between 1 and 255),
  units      bigint not null check (units between 1 and 1000000),
  linked_by  text   not null,
  linked_at  timestamptz not null,
  primary key (listing_id, sku)
);
create index listing_link_by_sku on listing_link (sku);

-- Every inbound delivery, kept once, reduced to an allow-listed projection: no personal data.
create table inbox (
  id          bigint generated always as identity primary key,
  account_id  text not null references account,
  delivery_id text not null,
  door        text not null check (door in ('webhook', 'poll', 'queue', 'read')),
  topic       text not null,
  -- Null when nothing of the message could be kept (authentic but malformed).
  payload     jsonb,
  body_digest text,
  source_at   timestamptz,
  received_at timestamptz not null,
  state       text not null check (state in ('received', 'applied', 'ignored', 'parked', 'dead')),
  reason      text,
  attempts    int not null default 0,
  not_before  timestamptz,
  settled_at  timestamptz,
  unique (account_id, delivery_id),
  check (state not in ('dead', 'parked') or reason is not null)
);
create index inbox_open on inbox (account_id, id) where state = 'received';
create index inbox_parked on inbox (account_id, id) where state = 'parked';
create index inbox_dead on inbox (account_id, id) where state = 'dead';

-- What a parked delivery waits for: the names by which an order line called a listing that nobody has linked yet.
create table inbox_unmapped (
  inbox_id   bigint not null references inbox on delete cascade,
  account_id text   not null,
  name       text   not null,
  channel_sku text,
  order_ref  text   not null,
  line_ref   text   not null,
  primary key (inbox_id, line_ref, name)
);
create index inbox_unmapped_by_name on inbox_unmapped (account_id, name);

-- A listing's wanted quantity as a version: it owes a push while wanted_version > settled_version.
create table push_target (
  listing_id      bigint primary key references listing on delete cascade,
  account_id      text   not null references account,
  wanted_version  bigint not null default 1,
  settled_version bigint not null default 0,
  -- What was wanted when it was last computed, and what the channel last showed.
  wanted_units    bigint check (wanted_units >= 0),
  shown_units     bigint,
  shown_at        timestamptz,
  -- Since when every reading has shown shown_units: the observation a raise would start from.
  shown_since     timestamptz,
  owed_since      timestamptz not null,
  not_before      timestamptz,
  -- A refusal that needs a person; lifted when the wanted version rises or somebody retries.
  blocked_reason  text,
  failures        int not null default 0,
  check (settled_version <= wanted_version)
);
create index push_target_owed on push_target (account_id, owed_since) where wanted_version > settled_version;

create table push_attempt (
  id           bigint generated always as identity primary key,
  listing_id   bigint not null references listing on delete cascade,
  account_id   text   not null,
  attempt_key  text   not null,
  fence        bigint not null,
  version      bigint not null,
  units        bigint not null check (units >= 0),
  units_before bigint,
  reason       text   not null check (reason in ('lower', 'raise', 'first')),
  state        text   not null check (state in ('sent', 'accepted', 'applied', 'refused', 'unknown', 'lost')),
  started_at   timestamptz not null,
  -- Until then the channel may still act on it.
  effect_until timestamptz not null,
  answered_at  timestamptz,
  applied_at   timestamptz,
  receipt      text,
  detail       text,
  reads        int not null default 0,
  next_read_at timestamptz not null,
  terms        jsonb not null
);
create index push_attempt_by_listing on push_attempt (listing_id, id);
create index push_attempt_open on push_attempt (account_id, next_read_at) where state in ('sent', 'accepted', 'unknown');

-- What the channel showed, when, read how.
create table observation (
  id          bigint generated always as identity primary key,
  listing_id  bigint not null references listing on delete cascade,
  units       bigint,
  read_how    text not null check (read_how in ('import', 'before-push', 'read-back', 'audit', 'webhook')),
  observed_at timestamptz not null
);
create index observation_by_listing on observation (listing_id, id desc);
