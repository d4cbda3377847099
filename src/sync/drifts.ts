import { z } from "zod";
import { toIso } from "../core/clock.ts";
import { execute, type Queryable, queryOne, sql, type Tx } from "../db/sql.ts";
import type { DriftCause, DriftEvidence } from "./drift-cause.ts";
import type { Found } from "./drift-find.ts";
import type { DriftPolicy } from "./drift-policy.ts";
import type { DriftState } from "./read-drifts.ts";

/** Writes down what a reading found; a listing that drifts already is left as it is. Returns how many are new. */
export const noteDrifts = async (
  tx: Tx,
  accountId: string,
  found: readonly Found[],
  given: { readonly foundHow: "rolling" | "full"; readonly observedAt: string },
): Promise<number> => {
  if (found.length === 0) return 0;
  const rows = found.map(({ rightAtMs, ...one }) => ({
    ...one,
    rightAt: rightAtMs === null ? null : toIso(rightAtMs),
  }));
  return execute(
    tx,
    sql`
      insert into drift (listing_id, account_id, found_how, expected_units, observed_units, right_at, observed_at, was_owed,
                         state, state_since)
      select "listingId", ${accountId}, ${given.foundHow}, "expectedUnits", "observedUnits", "rightAt",
             ${given.observedAt}::timestamptz, "wasOwed", 'suspected', ${given.observedAt}::timestamptz
        from json_to_recordset(${JSON.stringify(rows)}::json)
             as f ("listingId" bigint, "expectedUnits" bigint, "observedUnits" bigint, "rightAt" timestamptz, "wasOwed" boolean)
       order by "listingId"
      on conflict (listing_id) where state in ('suspected', 'open', 'healing') do nothing`,
  );
};

export type Judgement = {
  readonly id: number;
  /** Both null: it was none. */
  readonly cause: DriftCause | null;
  readonly policy: DriftPolicy | null;
  /** `isOlder`: the number was one of ours from before its last push. */
  readonly evidence: DriftEvidence & { readonly isOlder: boolean };
  readonly state: DriftState;
  readonly reason: string | null;
};

/** Keeps causes and what was done about them. */
export const recordJudgements = async (on: Queryable, judged: readonly Judgement[], now: string): Promise<void> => {
  await execute(
    on,
    sql`
      update drift d
         set cause = j.cause, policy = j.policy, evidence = j.evidence, reason = j.reason, state = j.state,
             state_since = case when d.state = j.state then d.state_since else ${now}::timestamptz end,
             decided_by = case when j.state = 'accepted' then 'policy' end
        from json_to_recordset(${JSON.stringify(judged)}::json)
             as j (id bigint, cause text, policy text, evidence jsonb, state text, reason text)
       where d.id = j.id and d.state in ('suspected', 'open')`,
  );
};

/** Drifts that are over, seen in the light of later ones: only the cause changes. */
export const recordLaterCauses = async (
  on: Queryable,
  causes: readonly { readonly id: number; readonly cause: DriftCause; readonly evidence: DriftEvidence }[],
): Promise<void> => {
  if (causes.length === 0) return;
  await execute(
    on,
    sql`
      update drift d set cause = c.cause, evidence = c.evidence
        from json_to_recordset(${JSON.stringify(causes)}::json) as c (id bigint, cause text, evidence jsonb)
       where d.id = c.id`,
  );
};

/** The listings owe a push again: what they should show is computed, read and decided anew, like everything that is owed. */
export const oweAgain = async (tx: Tx, listingIds: readonly number[], now: string): Promise<void> => {
  if (listingIds.length === 0) return;
  await execute(
    tx,
    sql`
      with locked as (select listing_id from push_target where listing_id = any(${listingIds}) order by listing_id for update)
      update push_target t
         set wanted_version = t.wanted_version + 1, blocked_reason = null, failures = 0, not_before = null,
             owed_since = case when t.settled_version = t.wanted_version then ${now}::timestamptz else t.owed_since end
        from locked where t.listing_id = locked.listing_id`,
  );
};

/**
 * Drifts whose listing was seen right again since, with nothing owed or under way. What came back soon and without a write
 * of ours was no hand's doing: the channel told a wrong number for a while. Returns how many ended.
 */
export const closeHealedDrifts = (
  on: Queryable,
  accountId: string,
  given: { readonly now: string; readonly soonMs: number },
): Promise<number> =>
  execute(
    on,
    sql`
      with ended as (
        select d.id, d.state = 'open' and d.cause in ('hand-edit', 'other-app')
                     and t.shown_since < d.observed_at + ${given.soonMs} * interval '1 millisecond'
                     and not exists (select 1 from push_attempt a where a.listing_id = d.listing_id and a.state <> 'refused'
                                                                    and a.started_at > d.observed_at) as by_itself
          from drift d join push_target t on t.listing_id = d.listing_id
         where d.account_id = ${accountId} and d.state in ('open', 'healing')
           and t.wanted_version = t.settled_version and t.shown_units = t.wanted_units and t.shown_at > d.state_since
           and not exists (select 1 from push_attempt a
                            where a.listing_id = d.listing_id and a.state in ('sent', 'accepted', 'unknown'))
      )
      update drift d
         set state = case when e.by_itself then 'gone' else 'healed' end, state_since = ${given.now}::timestamptz,
             cause = case when e.by_itself then 'channel-fault' else d.cause end
        from ended e where d.id = e.id`,
  );

/** A person's decision about an open drift. False: it is not open any more. */
export const decideDrift = async (
  on: Queryable,
  decided: {
    readonly id: number;
    readonly state: "healing" | "accepted" | "dismissed";
    readonly reason: string;
    readonly by: string;
    readonly now: string;
  },
): Promise<boolean> =>
  (await queryOne(
    on,
    z.object({ id: z.number() }),
    sql`
      update drift set state = ${decided.state}, reason = ${decided.reason}, decided_by = ${decided.by}, state_since = ${decided.now}::timestamptz
       where id = ${decided.id} and (state = 'open' or (state = 'healing' and ${decided.state} = 'dismissed'))
      returning id`,
  )) !== undefined;
