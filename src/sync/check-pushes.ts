import type { Invariant } from "../db/invariant.ts";
import { sql } from "../db/sql.ts";

/** What must hold of push targets and attempts. */
export const pushChecks: readonly Invariant[] = [
  {
    name: "settled-targets-stay-so",
    promise: "while a target is settled nothing is under way that could still change what the channel shows",
    statement: sql`
      select 'listing ' || t.listing_id || ': attempt ' || a.id || ' is ' || a.state as subject
        from push_target t join push_attempt a on a.listing_id = t.listing_id
       where t.settled_version = t.wanted_version and a.version <= t.settled_version
         and a.state in ('sent', 'accepted', 'unknown') and a.effect_until > ledger_clock()`,
  },
  {
    name: "attempts-come-to-an-end",
    promise: "an attempt of a live account is seen, refused or given up a quarter of an hour after it can act no more",
    statement: sql`
      select 'attempt ' || p.id || ' of ' || p.account_id || ' is ' || p.state as subject
        from push_attempt p join account a on a.id = p.account_id
       where p.state in ('sent', 'accepted', 'unknown') and a.state = 'live'
         and p.effect_until < ledger_clock() - interval '15 min'`,
  },
  {
    name: "attempts-have-a-lease",
    promise: "no attempt was sent under a fence that nobody was given",
    statement: sql`
      select 'attempt ' || p.id || ' of ' || p.account_id || ' has fence ' || p.fence as subject
        from push_attempt p
        left join account_lease l on l.account_id = p.account_id and l.purpose = 'push'
       where l.fence is null or p.fence > l.fence`,
  },
  {
    name: "applied-attempts-were-seen",
    promise: "an applied attempt says when it was seen, and no other does",
    statement: sql`
      select 'attempt ' || id || ' of ' || account_id || ' is ' || state as subject
        from push_attempt where (state = 'applied') <> (applied_at is not null)`,
  },
  {
    name: "linked-listings-have-targets",
    promise: "every listing of the merchant that sells something is kept in step",
    statement: sql`
      select 'listing ' || l.id || ' (' || l.ref || ' of ' || l.account_id || ')' as subject
        from listing l
       where l.fulfilled_by = 'merchant' and l.status <> 'ended'
         and exists (select from listing_link k where k.listing_id = l.id)
         and not exists (select from push_target t where t.listing_id = l.id)`,
  },
  {
    name: "no-row-crosses-accounts",
    promise: "what belongs to a listing belongs to its account",
    statement: sql`
      select 'target of listing ' || l.id as subject
        from push_target t join listing l on l.id = t.listing_id where t.account_id <> l.account_id
      union all
      select 'attempt ' || p.id from push_attempt p join listing l on l.id = p.listing_id where p.account_id <> l.account_id
      union all
      select 'alias ' || a.alias from listing_alias a join listing l on l.id = a.listing_id where a.account_id <> l.account_id
      union all
      select 'delivery ' || i.id from inbox_unmapped u join inbox i on i.id = u.inbox_id where u.account_id <> i.account_id`,
  },
];
