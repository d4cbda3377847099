-- The ledger's two functions keep one plan a statement. Every look-up of theirs is by a key and no other way of reading is
-- open to them, so a plan made for the values of one batch is the plan of all; making it anew for each was a quarter of what
-- a small batch cost.
do $$
declare
  f regprocedure;
begin
  for f in select oid::regprocedure from pg_proc
            where proname in ('ledger_lock', 'ledger_write') and pronamespace = current_schema()::regnamespace loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', f);
  end loop;
end $$;
