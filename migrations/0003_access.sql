-- API keys: only a hash is kept; the key itself is shown once. Written by src/access/.
create table api_key (
  id         bigint generated always as identity primary key,
  name       text not null,
  prefix     text not null unique,
  key_hash   text not null unique,
  scopes     text[] not null,
  created_at timestamptz not null,
  revoked_at timestamptz
);

-- Who did what through console, board, API or CLI.
create table audit_entry (
  id      bigint generated always as identity primary key,
  at      timestamptz not null,
  actor   text not null,
  action  text not null,
  subject text not null,
  detail  jsonb not null
);

-- Which body an Idempotency-Key stands for, kept for ever and before any of its lines takes effect. Written by src/access/.
create table api_request (
  api_key_id      bigint not null references api_key,
  route           text   not null,
  idempotency_key text   not null check (octet_length(idempotency_key) between 1 and 255),
  fingerprint     text   not null,
  recorded_at     timestamptz not null,
  primary key (api_key_id, route, idempotency_key)
);
