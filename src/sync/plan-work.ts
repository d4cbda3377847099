import { z } from "zod";
import { execute, type Queryable, query, sql, type Tx } from "../db/sql.ts";
import type { PlanState } from "./plan-rows.ts";

/** False when the plan was not in one of the states: somebody else has decided meanwhile. */
export const movePlan = async (
  on: Queryable,
  change: {
    readonly planId: number;
    readonly from: readonly PlanState[];
    readonly to: PlanState;
    readonly reason: string | null;
    readonly now: string;
  },
): Promise<boolean> =>
  (await execute(
    on,
    sql`
      update plan
         set state = ${change.to}, state_reason = ${change.reason}, state_at = ${change.now}::timestamptz,
             progress_at = ${change.now}::timestamptz
       where id = ${change.planId} and state = any(${change.from})`,
  )) > 0;

/**
 * A person asks for a plan to be applied, or to go on. Another plan of the account that is under way stops. What was
 * refused or left in an earlier try is tried again, and the channel is read again first.
 */
export const askApply = async (
  tx: Tx,
  asked: {
    readonly planId: number;
    readonly accountId: string;
    readonly actor: string;
    readonly overrideReason: string | null;
    readonly canaryCount: number;
    readonly drivenBy: "command" | "job";
    readonly now: string;
  },
): Promise<void> => {
  await execute(
    tx,
    sql`
      update plan set state = 'stopped', state_reason = 'another plan was applied instead', state_at = ${asked.now}::timestamptz
       where account_id = ${asked.accountId} and id <> ${asked.planId}
         and state in ('checking', 'canary', 'applying', 'restoring')`,
  );
  await execute(
    tx,
    sql`
      update plan_line p set outcome = null, detail = null
        from plan
       where plan.id = ${asked.planId} and plan.state in ('proposed', 'stopped') and p.plan_id = plan.id and p.outcome <> 'done'`,
  );
  await execute(
    tx,
    sql`
      update plan_line p set checked_at = null, checked_units = null
        from plan
       where plan.id = ${asked.planId} and plan.state in ('proposed', 'stopped') and p.plan_id = plan.id
         and p.checked_at is not null`,
  );
  await execute(
    tx,
    sql`
      update plan
         set state = case when state in ('proposed', 'stopped') then 'checking' else state end,
             state_reason = null, state_at = ${asked.now}::timestamptz, progress_at = ${asked.now}::timestamptz,
             asked_by = ${asked.actor}, override_reason = coalesce(${asked.overrideReason}, override_reason),
             canary_count = ${asked.canaryCount}, driven_by = ${asked.drivenBy},
             apply_started_at = coalesce(apply_started_at, ${asked.now}::timestamptz)
       where id = ${asked.planId} and state in ('proposed', 'stopped', 'checking', 'canary', 'applying')`,
  );
};

/** Accounts with a plan that a job is to go on with. */
export const accountsWithPlanWork = async (on: Queryable): Promise<readonly string[]> =>
  (
    await query(
      on,
      z.object({ accountId: z.string() }),
      sql`
        select distinct account_id as "accountId" from plan
         where driven_by = 'job' and state in ('reading', 'checking', 'canary', 'applying')`,
    )
  ).map((row) => row.accountId);
