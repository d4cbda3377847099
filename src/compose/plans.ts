import type { ConfiguredAccount, GuardSettings } from "../config/settings.ts";
import type { AccountPlan } from "../jobs/deps.ts";

/** How often a waiting raise may ask for orders: a small part of the regular interval, never faster than the channel forgives. */
const raisePollShare = 1 / 20;

/** What jobs need to know of an account's settings. */
export const accountPlan = (account: ConfiguredAccount, guards: GuardSettings): AccountPlan => ({
  accountId: account.id,
  locationId: account.locationId,
  policy: account.policy,
  guards,
  ordersEveryMs: account.poll.ordersMs,
  ordersEveryMsMin: Math.max(500, Math.round(account.poll.ordersMs * raisePollShare)),
  listingsEveryMs: account.poll.listingsMs,
});
