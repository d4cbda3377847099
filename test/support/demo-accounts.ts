import type { AccountSettings } from "../../src/connectors/settings.ts";
import { Secret } from "../../src/core/secret.ts";
import { demoAmazonAccount as amazon } from "../../src/simulators/amazon/account.ts";
import { demoEbayCredentials as ebay } from "../../src/simulators/ebay/credentials.ts";
import { demoShopifyAccount as shopify } from "../../src/simulators/shopify/account.ts";

export type Channel = AccountSettings["channel"];
type Quotas = AccountSettings["quotas"];

/** The demo's accounts on simulators at these addresses; for tests that talk to real connectors in several processes. */
export const accountOn = (channel: Channel, url: string, quotas: Quotas = {}): AccountSettings => {
  const common = { id: `${channel}-1`, quotas, orderLagMs: 0, orderOverlapMs: 600_000, settleMs: undefined };
  switch (channel) {
    case "amazon":
      return {
        ...common,
        channel,
        region: "na",
        sellerId: amazon.sellerId,
        marketplaceIds: [amazon.marketplaceId],
        credentials: {
          clientId: amazon.clientId,
          clientSecret: new Secret(amazon.clientSecret),
          refreshToken: new Secret(amazon.refreshToken),
        },
        notifications: undefined,
        endpoints: { api: url, auth: url },
      };
    case "ebay":
      return {
        ...common,
        channel,
        marketplaceId: "EBAY_US",
        locale: "en-US",
        credentials: {
          clientId: ebay.clientId,
          clientSecret: new Secret(ebay.clientSecret),
          refreshToken: new Secret(ebay.refreshToken),
        },
        sellerUserId: ebay.sellerUserId,
        webhooks: undefined,
        pushBatchMax: 25,
        legacyListings: false,
        endpoints: { api: url },
      };
    case "shopify":
      return {
        ...common,
        channel,
        shop: shopify.shopDomain,
        apiVersion: "2026-10",
        credentials: {
          accessToken: undefined,
          clientId: shopify.clientId,
          clientSecret: new Secret(shopify.clientSecret),
        },
        webhookSecrets: [],
        locationGid: undefined,
        endpoints: { api: url },
      };
  }
};
