/**
 * Looks at each push attempt in the moment it is written down: is it made under the lease that is in force, and by no one
 * whom a hold or a pause forbids it? What is found lies in a table until the end.
 */
export const witnessSchema = `
  create table sim_breach (what text not null);
  create function sim.witness_attempt() returns trigger language plpgsql as $$
  declare brake record;
  begin
    if not exists (select from account_lease l where l.account_id = new.account_id and l.purpose = 'push'
                      and l.fence = new.fence and l.expires_at > sim.now()) then
      insert into sim_breach values ('lease: ' || new.account_id || ' is planned under a fence that is not in force');
    end if;
    select bool_or(h.kind = 'zero') as is_zero, bool_or(h.kind = 'freeze') as is_frozen into brake
      from hold h join listing_link k on k.sku = h.sku where h.ended_at is null and k.listing_id = new.listing_id;
    if brake.is_zero and new.units > 0 or brake.is_frozen and not brake.is_zero then
      insert into sim_breach values ('hold: listing ' || new.listing_id || ' is sent ' || new.units || ' against a hold');
    end if;
    if new.reason = 'raise' and exists (select from push_attempt a where a.listing_id = new.listing_id
                                           and a.state in ('sent', 'accepted', 'unknown')) then
      insert into sim_breach select 'raise: listing ' || new.listing_id || ' is raised to ' || new.units || ' while ' || a.units
                                    || ' of ' || a.started_at || ' is ' || a.state
                               from push_attempt a
                              where a.listing_id = new.listing_id and a.state in ('sent', 'accepted', 'unknown');
    end if;
    -- A run that has begun goes on for twenty seconds, its last round no longer than the lease.
    if exists (select from account a where a.id = new.account_id and a.state <> 'live'
                  and a.state_since < sim.now() - interval '80 s') then
      insert into sim_breach values ('account: ' || new.account_id || ' is pushed to while it is not live');
    end if;
    return new;
  end $$;
  create trigger witness_attempt before insert on push_attempt for each row execute function sim.witness_attempt();`;
