import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What must hold of deliveries and of what is known of orders. */
export const inboxChecks: readonly Invariant[] = [
  {
    name: "deliveries-come-to-an-end",
    promise:
      "a delivery is applied, ignored, parked or dead a quarter of an hour after it came, or waits for a set time",
    statement: sql`
      select 'delivery ' || i.id || ' of ' || i.account_id as subject
        from inbox i join account a on a.id = i.account_id
       where i.state = 'received' and a.state <> 'needs-attention'
         and greatest(i.received_at, i.not_before) < ledger_clock() - interval '15 min'`,
  },
  {
    name: "ends-are-told",
    promise: "every delivery that came to an end says when, and every one that did not does not",
    statement: sql`
      select 'delivery ' || id || ' of ' || account_id || ' is ' || state as subject
        from inbox where (state in ('applied', 'ignored', 'dead')) and settled_at is null
                      or state = 'received' and settled_at is not null`,
  },
  {
    name: "watermarks-are-past",
    promise: "nobody claims to have seen the future's orders",
    statement: sql`
      select account_id || ' ' || stream || ' up to ' || watermark as subject
        from account_cursor where watermark > ledger_clock() + interval '5 min'`,
  },
  {
    name: "parked-deliveries-say-what-for",
    promise: "a parked delivery names the listings it waits for",
    statement: sql`
      select 'delivery ' || i.id || ' of ' || i.account_id as subject
        from inbox i where i.state = 'parked' and not exists (select from inbox_unmapped u where u.inbox_id = i.id)`,
  },
];
