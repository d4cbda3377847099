-- Reservations of a state that few have are listed without reading all of them: most of a shop's have long ended.
create index reservation_by_state on reservation (state, id);

-- As before, but one at a time: two that made the same month at once waited for each other's lock of the default partition,
-- or found the table there already. Whoever waited looks again. The lock holds up nobody who writes movements.
create or replace function make_movement_month(at timestamptz) returns boolean language plpgsql
  security definer set search_path from current as $$
declare
  first_day timestamptz := date_trunc('month', at, 'UTC');
  next_day  timestamptz := date_trunc('month', at, 'UTC') + interval '1 month';
  name      text        := 'movement_' || to_char(date_trunc('month', at, 'UTC') at time zone 'UTC', 'YYYY_MM');
begin
  if to_regclass(name) is not null then return false; end if;
  lock table movement in share update exclusive mode;
  if to_regclass(name) is not null then return false; end if;
  if exists (select from movement_default where recorded_at >= first_day and recorded_at < next_day) then return false; end if;
  execute format('create table %I partition of movement for values from (%L) to (%L)', name, first_day, next_day);
  execute format('create trigger movement_is_insert_only before update or delete or truncate on %I
                    for each statement execute function refuse_change()', name);
  return true;
end $$;
