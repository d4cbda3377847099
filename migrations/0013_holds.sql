-- Holds, policy versions, and which orders a delivery told of. Holds are written by src/sync/, policies by src/mapping/.

-- A brake. In force while `ended_at` is null: the sweep ends what has expired in the transaction that marks its listings
-- owed, so there is never a moment in which a hold is over and nobody knows.
create table hold (
  id          bigint generated always as identity primary key,
  kind        text not null check (kind in ('freeze', 'zero')),
  scope       text not null check (scope in ('sku', 'listing', 'account', 'everything')),
  sku         text check (octet_length(sku) between 1 and 255),
  account_id  text references account,
  listing_id  bigint references listing,
  reason      text not null check (reason <> ''),
  actor       text not null,
  -- The request that made it: sent again, it makes none.
  request_key text unique,
  started_at  timestamptz not null,
  expires_at  timestamptz check (expires_at > started_at),
  ended_at    timestamptz,
  ended_by    text,
  check ((ended_at is null) = (ended_by is null)),
  check ((scope = 'sku') = (sku is not null)),
  check ((scope in ('account', 'listing')) = (account_id is not null)),
  check ((scope = 'listing') = (listing_id is not null))
);
create index hold_in_force on hold (scope) where ended_at is null;
create index hold_by_sku on hold (sku) where sku is not null;
create index hold_by_listing on hold (listing_id) where listing_id is not null;

-- The wanted version with which a zero hold ended: until it is settled, raising the listing again is no raise that a
-- person must look at.
alter table push_target add column released_version bigint not null default 0;

-- Why the channel's number was right when it was seen and nothing had to be sent: the terms that gave the same number.
-- Null: an attempt has them, or nobody knows.
alter table observation add column terms jsonb;

-- Every distinct content of an allocation policy that was ever in force. Attempts name the version in their terms.
create table policy_version (
  version       text primary key check (version ~ '^[0-9a-f]{12}$'),
  content       jsonb not null,
  first_seen_at timestamptz not null
);

-- By which policies an account's listings are counted now. When the settings change, the account's listings owe a push.
create table policy_in_force (
  account_id  text primary key references account,
  -- Policy, overrides, locations.
  book        jsonb not null,
  versions    text[] not null,
  since       timestamptz not null
);

-- Which orders a delivery told of, as the connector read it: the way from an order to what came in about it.
create table inbox_order (
  account_id text   not null,
  order_ref  text   not null,
  inbox_id   bigint not null references inbox on delete cascade,
  primary key (account_id, order_ref, inbox_id)
);
