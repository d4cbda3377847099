-- Differences between what a channel shows and what it should show, each with a cause. Written by src/sync/.

-- The ref beside the target (a ref never changes): a full audit streams what we expect in the order of refs from one index.
alter table push_target add column listing_ref text;
update push_target t set listing_ref = l.ref from listing l where l.id = t.listing_id;
alter table push_target alter column listing_ref set not null;
create index push_target_by_ref on push_target (account_id, listing_ref collate "C") include (wanted_units);
-- The rolling audit reads what was seen longest ago.
create index push_target_by_shown on push_target (account_id, shown_at nulls first);

create table drift (
  id             bigint generated always as identity primary key,
  listing_id     bigint not null references listing on delete cascade,
  account_id     text   not null references account,
  found_how      text   not null check (found_how in ('rolling', 'full')),
  expected_units bigint not null check (expected_units >= 0),
  observed_units bigint not null,
  -- When the channel was last known to show what was expected, and when it was found not to.
  right_at       timestamptz,
  observed_at    timestamptz not null,
  -- The target owed a push for too long already.
  was_owed       boolean not null,
  -- suspected: not judged yet. open: waits for a person. healing: owed again. Then one of the ends.
  state          text   not null check (state in ('suspected', 'open', 'healing', 'healed', 'accepted', 'dismissed', 'gone')),
  state_since    timestamptz not null,
  cause          text   check (cause in ('our-lag', 'lost-push', 'unseen-order', 'hand-edit', 'other-app', 'channel-fault', 'unknown')),
  policy         text   check (policy in ('heal', 'ask', 'accept')),
  evidence       jsonb,
  reason         text,
  decided_by     text,
  check (state in ('suspected', 'gone') or (cause is not null and evidence is not null)),
  check (state not in ('accepted', 'dismissed') or (reason is not null and decided_by is not null))
);
-- A listing drifts once at a time.
create unique index drift_open on drift (listing_id) where state in ('suspected', 'open', 'healing');
create index drift_by_account on drift (account_id, observed_at);
create index drift_by_state on drift (state, id);
