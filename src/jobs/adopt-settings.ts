import { toIso } from "../core/clock.ts";
import { inTransaction } from "../db/transaction.ts";
import { adoptPolicies } from "../mapping/policy-versions.ts";
import { markAllOwed, targetsIn } from "../sync/scope.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";

/**
 * A worker begins with these settings: their policies are put on record, and the listings of an account that is counted
 * otherwise than before owe a push. Returns the accounts that changed.
 */
export const adoptSettings = async (
  deps: Pick<JobDeps, "db" | "clock" | "wake" | "log">,
  plans: Iterable<AccountPlan>,
): Promise<readonly string[]> => {
  const changed: string[] = [];
  for (const { accountId, policy, overrides = [], locationId, locationIds = [locationId] } of plans) {
    const now = toIso(deps.clock.now());
    const listings = await inTransaction(deps.db, async (tx) => {
      if (!(await adoptPolicies(tx, { accountId, policy, overrides, locationIds }, now))) return undefined;
      const targets = await targetsIn(tx, { scope: "account", accountId });
      await markAllOwed(tx, targets, now, { released: false });
      return targets.length;
    });
    if (listings === undefined) continue;
    changed.push(accountId);
    deps.log.info({ accountId, listings }, "the account's policies changed: its listings are planned anew");
    deps.wake("push-account", { accountId });
  }
  return changed;
};
