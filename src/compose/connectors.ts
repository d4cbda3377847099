import { amazonQuotas, createAmazonConnector } from "../connectors/amazon/index.ts";
import { type Budget, createBudget, type Quota } from "../connectors/budget.ts";
import type { Connector } from "../connectors/connector.ts";
import type { ConnectorDeps } from "../connectors/deps.ts";
import { createEbayConnector, ebayQuotas } from "../connectors/ebay/index.ts";
import type { AccountSettings, EbaySettings } from "../connectors/settings.ts";
import { createShopifyConnector, shopifyQuotas } from "../connectors/shopify/index.ts";
import { assertNever } from "../core/failure.ts";
import { createAppBudgets } from "./app-budgets.ts";

/** eBay counts an application's calls, whichever of its sellers they are for; a simulator is another eBay. */
const ebayApp = ({ credentials, endpoints }: EbaySettings): string => `${endpoints.api ?? ""} ${credentials.clientId}`;

/** The connectors of all accounts, by account id. The only place that knows which channels there are. */
export const createConnectors = (
  accounts: readonly AccountSettings[],
  deps: Omit<ConnectorDeps, "budget">,
): ReadonlyMap<string, Connector> => {
  const ebayAccounts = accounts.filter((account) => account.channel === "ebay");
  const ebayBudget = createAppBudgets(
    ebayAccounts.map((account) => ({ key: ebayApp(account), quotas: account.quotas })),
    ebayQuotas,
    deps.clock,
  );
  const connectorOf = (account: AccountSettings): Connector => {
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
          budget: ebayBudget(ebayApp(account)),
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
  return new Map(accounts.map((account) => [account.id, connectorOf(account)]));
};
