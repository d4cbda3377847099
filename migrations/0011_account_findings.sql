-- What the last look at an account has found: credentials, scopes, clock, quotas, subscriptions, and what ends when.
-- Written by src/sync/findings.ts; each look replaces the one before.
create table account_finding (
  account_id text not null references account,
  name       text not null,
  ok         boolean not null,
  detail     text not null,
  fix        text,
  -- When what was looked at ends by itself, if that is known.
  expires_at timestamptz,
  -- Since when `ok` is what it is.
  since      timestamptz not null,
  found_at   timestamptz not null,
  primary key (account_id, name)
);
