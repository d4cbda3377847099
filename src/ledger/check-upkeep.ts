import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What the ledger's jobs must keep up with, and what the log must be: true while a worker runs. */
export const upkeepChecks: readonly Invariant[] = [
  {
    name: "outbox-drains",
    promise: "no change of stock waits for five minutes to be carried to listings",
    statement: sql`
      select 'outbox ' || id || ': ' || subject as subject
        from outbox where state = 'waiting' and recorded_at < ledger_clock() - interval '5 min'`,
  },
  {
    name: "movements-are-sealed-soon",
    promise: "a movement is in the log ten minutes after it was recorded",
    statement: sql`
      select 'movement ' || m.id || ' of ' || m.sku || ' @ ' || m.location_id as subject
        from movement m
        left join (select epoch, id_after from ledger_log_epoch order by epoch desc limit 1) e on true
        left join (select epoch, last_xact, last_id from ledger_log_batch order by first_leaf desc limit 1) b on b.epoch = e.epoch
       where (m.xact, m.id) > (coalesce(b.last_xact, '0'), coalesce(b.last_id, 0))
         and m.id > coalesce(e.id_after, -9007199254740991) and m.recorded_at < ledger_clock() - interval '10 min'`,
  },
  {
    name: "log-batches-gapless",
    promise: "the log's batches follow each other without a gap",
    statement: sql`
      select 'batch of leaf ' || first_leaf as subject
        from (select first_leaf, coalesce(lag(first_leaf + movements) over (order by first_leaf), 0) as wanted
                from ledger_log_batch) b
       where first_leaf <> wanted`,
  },
  {
    name: "log-tiles-complete",
    promise: "the log has a hash for every sealed movement, and for every full tile of them",
    statement: sql`
      with size as (select coalesce(max(first_leaf + movements), 0) as leaves from ledger_log_batch)
      select 'level ' || n as subject
        from size, generate_series(0, 7) n
        left join lateral (select sum(octet_length(hashes)) / 32 as hashes from ledger_log_tile where level = n) t on true
       where coalesce(t.hashes, 0) <> div(leaves, (256::numeric) ^ n)`,
  },
  {
    name: "log-heads-never-shrink",
    promise: "signed heads only grow, and the newest is of the whole log",
    statement: sql`
      select 'head ' || id as subject
        from (select id, size, lag(size) over (order by id) as before from ledger_log_head) h where size < before
      union all
      select 'head ' || h.id || ' is not of the whole log'
        from (select id, size from ledger_log_head order by id desc limit 1) h,
             (select coalesce(max(first_leaf + movements), 0) as leaves from ledger_log_batch) b
       where h.size <> b.leaves`,
  },
];
