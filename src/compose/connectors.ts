import { amazonQuotas, createAmazonConnector } from "../connectors/amazon/index.ts";
import { type Budget, createBudget, type Quota } from "../connectors/budget.ts";
import type { Connector } from "../connectors/connector.ts";
import type { ConnectorDeps } from "../connectors/deps.ts";
import { createEbayConnector, ebayQuotas } from "../connectors/ebay/index.ts";
import type { AccountSettings } from "../connectors/settings.ts";
import { createShopifyConnector, shopifyQuotas } from "../connectors/shopify/index.ts";
import { assertNever } from "../core/failure.ts";

/** The only place that knows which channels there are. */
export const createConnector = (account: AccountSettings, deps: Omit<ConnectorDeps, "budget">): Connector => {
  const set = new Set(Object.keys(account.quotas));
  const budget = (quotas: Readonly<Record<string, Quota>>): Budget =>
    createBudget({ ...quotas, ...account.quotas }, deps.clock, set);
  switch (account.channel) {
    case "amazon":
      return createAmazonConnector(account, {
        ...deps,
        budget: budget(amazonQuotas),
      });
    case "ebay":
      return createEbayConnector(account, {
        ...deps,
        budget: budget(ebayQuotas),
      });
    case "shopify":
      return createShopifyConnector(account, {
        ...deps,
        budget: budget(shopifyQuotas),
      });
    default:
      return assertNever(account);
  }
};
