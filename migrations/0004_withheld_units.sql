-- Units that the last write kept back because they might have been selling unseen. Giving them back later is no raise
-- that a person must look at.
alter table push_target add column withheld_units bigint not null default 0 check (withheld_units >= 0);
