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
