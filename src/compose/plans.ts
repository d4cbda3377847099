import type { ConfiguredAccount, GuardSettings } from "../config/settings.ts";
import { defaultAuditPlan } from "../jobs/audit-plan.ts";
import type { AccountPlan } from "../jobs/deps.ts";

/** How often a waiting raise may ask for orders: a small part of the regular interval, never faster than the channel forgives. */
const raisePollShare = 1 / 20;

/** On top of the times that orders may stay unseen on both sides of a sale. */
const quietMsMin = 2_000;

/** What makes a channel tell of orders by itself, for advice. */
const messagesSettings: Readonly<Record<ConfiguredAccount["channel"], string>> = {
  amazon: "notifications.queue_url",
  ebay: "webhooks.verification_token",
  shopify: "server.public_url",
};

/** What jobs need to know of an account's settings. `orderLagMsMax`: the latest any account lists its orders. */
export const accountPlan = (account: ConfiguredAccount, guards: GuardSettings, orderLagMsMax: number): AccountPlan => ({
  accountId: account.id,
  locationId: account.locationId,
  ...(account.locationIds !== undefined && { locationIds: account.locationIds }),
  policy: account.policy,
  ...(account.overrides !== undefined && { overrides: account.overrides }),
  guards: { ...guards, ...account.guards },
  quietMs: account.salesMargin === "measured" ? quietMsMin + 2 * orderLagMsMax : 0,
  ordersEveryMs: account.poll.ordersMs,
  ordersEveryMsMin: Math.max(500, Math.round(account.poll.ordersMs * raisePollShare)),
  listingsEveryMs: account.poll.listingsMs,
  expires: account.expires ?? {},
  messagesSetting: messagesSettings[account.channel],
  channelStockLocationId: account.channelStockLocationId,
  audit: {
    ...defaultAuditPlan,
    everyMs: account.audit.everyMs,
    policies: { ...defaultAuditPlan.policies, ...account.audit.drifts },
  },
});
