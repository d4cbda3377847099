import { amazonQuotas, createAmazonConnector } from "../connectors/amazon/index.ts";
import { aroundConnector } from "../connectors/around.ts";
import type { createCallLog } from "../connectors/call-log.ts";
import type { Circuits } from "../connectors/circuits.ts";
import type { Connector } from "../connectors/connector.ts";
import type { ConnectorDeps } from "../connectors/deps.ts";
import { createEbayConnector, ebayQuotas } from "../connectors/ebay/index.ts";
import type { AccountSettings } from "../connectors/settings.ts";
import { createShopifyConnector, shopifyQuotas } from "../connectors/shopify/index.ts";
import { assertNever } from "../core/failure.ts";
import { createAppBudgets, type MakeBudget, type Quotas } from "./app-budgets.ts";

/**
 * Whose quotas they are: Amazon counts an application's calls for a seller, Shopify for a shop, eBay all of an
 * application's, whichever of its sellers they are for. A simulator is another channel.
 */
const quotaOwner = (account: AccountSettings): string => {
  const { channel, endpoints } = account;
  const at = `${channel} ${endpoints.api ?? ""}`;
  switch (account.channel) {
    case "amazon":
      return `${at} ${account.region} ${account.sellerId} ${account.credentials.clientId}`;
    case "ebay":
      return `${at} ${account.credentials.clientId}`;
    case "shopify":
      return `${at} ${account.shop} ${account.credentials.clientId ?? account.id}`;
    default:
      return assertNever(account);
  }
};

const defaultQuotas: Readonly<Record<AccountSettings["channel"], Quotas>> = {
  amazon: amazonQuotas,
  ebay: ebayQuotas,
  shopify: shopifyQuotas,
};

/** The connectors of all accounts, by account id. The only place that knows which channels there are. */
export const createConnectors = (
  accounts: readonly AccountSettings[],
  {
    makeBudget,
    circuits,
    callLog,
    ...base
  }: Omit<ConnectorDeps, "budget" | "calls"> & {
    readonly makeBudget: MakeBudget;
    readonly circuits: Circuits;
    readonly callLog: ReturnType<typeof createCallLog>;
  },
): ReadonlyMap<string, Connector> => {
  const owners = accounts.map((account) => ({ key: quotaOwner(account), quotas: account.quotas }));
  const budgets = {
    amazon: createAppBudgets(owners, defaultQuotas.amazon, makeBudget),
    ebay: createAppBudgets(owners, defaultQuotas.ebay, makeBudget),
    shopify: createAppBudgets(owners, defaultQuotas.shopify, makeBudget),
  };
  const connectorOf = (account: AccountSettings): Connector => {
    const full = { ...base, calls: callLog.calls, budget: budgets[account.channel](quotaOwner(account)) };
    switch (account.channel) {
      case "amazon":
        return createAmazonConnector(account, full);
      case "ebay":
        return createEbayConnector(account, full);
      case "shopify":
        return createShopifyConnector(account, full);
      default:
        return assertNever(account);
    }
  };
  /** Outermost the circuit: a call that is turned away is none. */
  const wrapped = (account: AccountSettings): Connector => ({
    ...aroundConnector(aroundConnector(connectorOf(account), callLog.around), circuits.around),
    waitMs: (callClass) => circuits.waitMs(account.id, callClass),
  });
  return new Map(accounts.map((account) => [account.id, wrapped(account)]));
};
