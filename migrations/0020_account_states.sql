-- The states that accounts were in: an oversell is explained later, when the account may be live again. Written by a trigger,
-- so that no way to change a state can forget it.
create table account_state (
  id         bigint generated always as identity primary key,
  account_id text not null references account,
  state      text not null,
  reason     text,
  since      timestamptz not null
);
create index account_state_by_time on account_state (account_id, since desc, id desc);
insert into account_state (account_id, state, reason, since)
select id, state, state_reason, state_since from account order by id;

create function note_account_state() returns trigger language plpgsql as $$
begin
  if tg_op = 'INSERT' or new.state is distinct from old.state then
    insert into account_state (account_id, state, reason, since)
    values (new.id, new.state, new.state_reason, new.state_since);
  end if;
  return null;
end $$;
create trigger account_state_is_noted after insert or update of state on account
  for each row execute function note_account_state();
