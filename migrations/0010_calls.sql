-- What was asked of the channels and what they said, one row a request. Only allow-listed parts: SKUs, ids, quantities,
-- states and error codes. No address, no token, nothing of a person. Written by src/sync/; kept for fourteen days.
create table channel_call (
  id           bigint generated always as identity primary key,
  account_id   text        not null,
  at           timestamptz not null,
  call_class   text        not null,
  -- With pushes: push_attempt.attempt_key.
  attempt_key  text,
  method       text        not null,
  -- The path with every parameter left out.
  path         text        not null,
  operation    text,
  status       int,
  duration_ms  int         not null,
  outcome      text        not null,
  channel_code text,
  request_id   text,
  -- SKUs and ids that the call names.
  names        text[]      not null,
  facts        jsonb       not null
);
create index channel_call_by_account on channel_call (account_id, at desc);
create index channel_call_by_attempt on channel_call (attempt_key) where attempt_key is not null;
create index channel_call_by_time on channel_call (at);
-- Writes of a listing on one day are counted before another is spent.
create index push_attempt_by_start on push_attempt (listing_id, started_at);
