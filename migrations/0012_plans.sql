-- Plans: proposed writes of an account, applied by their hash, put back from the numbers they captured; and what the
-- shadow mode would have sent. Written by src/sync/.

alter table push_attempt drop constraint push_attempt_reason_check;
alter table push_attempt add constraint push_attempt_reason_check
  check (reason in ('lower', 'raise', 'first', 'restore'));

create table plan (
  id             bigint generated always as identity primary key,
  account_id     text not null references account,
  -- Null while the channel is still being read. The same content has the same hash: the newest such plan is meant.
  hash           text check (hash ~ '^[0-9a-f]{64}$'),
  state          text not null check (state in ('reading', 'proposed', 'checking', 'canary', 'applying', 'applied',
                                                'stopped', 'restoring', 'restored')),
  state_reason   text,
  state_at       timestamptz not null,
  location_id    text not null,
  policy_version text not null,
  made_by        text not null,
  started_at     timestamptz not null,
  made_at        timestamptz,
  -- Counts of the groups and the verdicts of the guards, as of made_at.
  summary        jsonb,
  -- A command drives it itself and goes on when it is given again; a job is woken by the sweep.
  driven_by      text not null check (driven_by in ('command', 'job')),
  asked_by       text,
  -- Why the guards were overridden; null = they were not.
  override_reason text,
  canary_count   int check (canary_count >= 0),
  apply_started_at   timestamptz,
  restore_started_at timestamptz,
  -- The last time a listing was seen to be done.
  progress_at    timestamptz,
  -- Which HTTP request began it: sent again, it is this plan.
  request_key    text unique,
  -- A plan that could not be read to the end stopped without a name.
  check (hash is not null or state in ('reading', 'stopped')),
  check (hash is null or (made_at is not null and summary is not null))
);
create index plan_by_hash on plan (hash text_pattern_ops);
create index plan_by_account on plan (account_id, id);
create unique index plan_read_once on plan (account_id) where state = 'reading';
create unique index plan_worked_once on plan (account_id) where state in ('checking', 'canary', 'applying', 'restoring');

create table plan_line (
  plan_id      bigint not null references plan on delete cascade,
  listing_id   bigint not null references listing,
  ref          text not null,
  channel_sku  text,
  plan_group   text check (plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger', 'unchanged', 'unreadable', 'unmapped')),
  -- The captured number: what the channel showed when the plan was made.
  shown_units  bigint check (shown_units >= 0),
  read_at      timestamptz,
  unread_reason text,
  wanted_units bigint check (wanted_units >= 0),
  terms        jsonb,
  -- What it showed when the plan was about to be applied.
  checked_units bigint,
  checked_at   timestamptz,
  canary       boolean not null default false,
  -- How applying it ended; null = not yet.
  outcome      text check (outcome in ('done', 'moved', 'refused', 'left')),
  detail       text,
  restore_outcome text check (restore_outcome in ('done', 'refused', 'differs')),
  restore_detail  text,
  primary key (plan_id, listing_id)
);
create index plan_line_open on plan_line (plan_id, listing_id)
  where outcome is null and plan_group in ('zeroing', 'lowering', 'raise', 'not-in-ledger');

-- What a shadow account would have sent last for a listing, and when the channel came to show that number without us.
create table shadow_push (
  listing_id   bigint primary key references listing on delete cascade,
  account_id   text not null references account,
  version      bigint not null,
  reason       text not null check (reason in ('lower', 'raise')),
  units        bigint not null check (units >= 0),
  -- Before anything was withheld for sales under way: the channel shows our number from units to wanted_units.
  wanted_units bigint not null check (wanted_units >= units),
  shown_units  bigint,
  terms        jsonb not null,
  decided_at   timestamptz not null,
  reads        int not null default 0,
  -- Null = not looked at any more.
  next_read_at timestamptz,
  last_shown_units bigint,
  matched_at   timestamptz
);
create index shadow_push_due on shadow_push (account_id, next_read_at) where next_read_at is not null;

create table shadow_day (
  account_id    text not null references account,
  day           date not null,
  lowered       bigint not null default 0,
  raised        bigint not null default 0,
  zeroed        bigint not null default 0,
  already_shown bigint not null default 0,
  matched       bigint not null default 0,
  superseded    bigint not null default 0,
  given_up      bigint not null default 0,
  wait_ms_sum   bigint not null default 0,
  wait_ms_max   bigint not null default 0,
  -- Matched by waiting time; the limits are in src/sync/shadow-waits.ts.
  wait_counts   bigint[] not null default '{0,0,0,0,0,0,0,0}',
  -- Units that the channel showed too many, times the seconds it did.
  over_unit_seconds double precision not null default 0,
  primary key (account_id, day)
);
