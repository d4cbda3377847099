import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What must hold of levels, movements and keys. */
export const journalChecks: readonly Invariant[] = [
  {
    name: "level-equals-journal",
    promise: "a level is the sum of its movements, and no movement is without its level",
    statement: sql`
      select coalesce(s.sku, m.sku) || ' @ ' || coalesce(s.location_id, m.location_id) as subject
        from stock_level s
        full join (select sku, location_id, sum(d_on_hand) oh, sum(d_reserved) rs, sum(d_incoming) ic, count(*) n
                     from movement group by 1, 2) m using (sku, location_id)
       where (s.on_hand, s.reserved, s.incoming, s.version)
             is distinct from (coalesce(m.oh, 0), coalesce(m.rs, 0), coalesce(m.ic, 0), coalesce(m.n, 0))`,
  },
  {
    name: "balances-exact-and-gapless",
    promise: "no movement was lost or reordered, and none was recorded before the one before it",
    statement: sql`
      select 'movement ' || id || ' of ' || sku || ' @ ' || location_id as subject
        from (select id, sku, location_id, on_hand_after, reserved_after, incoming_after, level_version, recorded_at,
                     sum(d_on_hand) over w oh, sum(d_reserved) over w rs, sum(d_incoming) over w ic, row_number() over w rn,
                     lag(recorded_at) over w recorded_before
                from movement window w as (partition by sku, location_id order by level_version)) x
       where (on_hand_after, reserved_after, incoming_after, level_version) is distinct from (oh, rs, ic, rn)
          or recorded_at < recorded_before`,
  },
  {
    name: "one-effect-a-key",
    promise: "a key took effect once: no two movements are the same leg of the same key",
    statement: sql`
      select command_key || ' leg ' || leg as subject from movement group by command_key, leg having count(*) > 1`,
  },
  {
    name: "answers-have-effects",
    promise: "a key that was answered with a change has its movement, and no other has one",
    statement: sql`
      select coalesce(c.key, m.command_key) as subject
        from (select key, answer::json ->> 'status' = 'done' and (answer::json ->> 'changed')::boolean as changed
                from ledger_command) c
        full join (select distinct command_key from movement) m on m.command_key = c.key
       where c.key is null or c.changed <> (m.command_key is not null)`,
  },
  {
    name: "journal-is-guarded",
    promise:
      "nothing written for ever can be changed: every part of the journal and of the log has its trigger, switched on",
    statement: sql`
      select c.oid::regclass::text || ' lacks its trigger' as subject
        from pg_class c
       where c.oid in (select relid from pg_partition_tree('movement')
                       union select unnest(array['ledger_command', 'ledger_log_batch', 'ledger_log_head',
                                                 'ledger_log_tile']::regclass[]))
         and not exists (select from pg_trigger t
                          where t.tgrelid = c.oid and t.tgfoid in ('refuse_change'::regproc, 'refuse_shorter_tile'::regproc)
                            and t.tgenabled in ('O', 'A'))`,
  },
];
