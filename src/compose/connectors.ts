import { amazonQuotas, createAmazonConnector } from "../connectors/amazon/index.ts";
import { createBudget } from "../connectors/budget.ts";
import type { Connector } from "../connectors/connector.ts";
import type { ConnectorDeps } from "../connectors/deps.ts";
import { createEbayConnector, ebayQuotas } from "../connectors/ebay/index.ts";
import type { AccountSettings } from "../connectors/settings.ts";
import { createShopifyConnector, shopifyQuotas } from "../connectors/shopify/index.ts";
import { assertNever } from "../core/failure.ts";

/** The only place that knows which channels there are. */
export const createConnector = (account: AccountSettings, deps: Omit<ConnectorDeps, "budget">): Connector => {
  switch (account.channel) {
    case "amazon":
      return createAmazonConnector(account, {
        ...deps,
        budget: createBudget({ ...amazonQuotas, ...account.quotas }, deps.clock),
      });
    case "ebay":
      return createEbayConnector(account, {
        ...deps,
        budget: createBudget({ ...ebayQuotas, ...account.quotas }, deps.clock),
      });
    case "shopify":
      return createShopifyConnector(account, {
        ...deps,
        budget: createBudget({ ...shopifyQuotas, ...account.quotas }, deps.clock),
      });
    default:
      return assertNever(account);
  }
};
