import { simulatorCredentials as credentials } from "../../src/compose/simulators.ts";
import { demoAccounts, verificationToken } from "../../src/demo/accounts.ts";
import { speedUp } from "../../src/demo/options.ts";

/** Where the daemon finds everything: through proxies that can be struck. */
export type Addresses = {
  readonly web: string;
  readonly amazon: string;
  readonly sqs: string;
  readonly queueUrl: string;
  readonly ebay: string;
  readonly shopify: string;
};

export const webhookUrl = (web: string, channel: keyof typeof demoAccounts): string =>
  `${web}/webhooks/${channel}/${demoAccounts[channel]}`;

// Compressed time leaves the channels' bursts worth milliseconds: stay a little below the rate.
const faster = (ratePerSecond: number, burst: number) => ({ rate_per_second: ratePerSecond * speedUp * 0.8, burst });

const shared = {
  mode: "live",
  // What takes a channel minutes takes the simulators seconds.
  poll: { orders_seconds: 5, listings_seconds: 3_600 },
  orders: { lag_seconds: 1.2, overlap_seconds: 10 },
  settle_seconds: 2.5,
} as const;

/** A settings file with the three simulated accounts, as an operator would write it. */
export const settingsFile = (at: Addresses): unknown => ({
  accounts: [
    {
      ...shared,
      id: demoAccounts.amazon,
      channel: "amazon",
      region: "na",
      seller_id: credentials.amazon.sellerId,
      marketplace_ids: [credentials.amazon.marketplaceId],
      credentials: {
        client_id: credentials.amazon.clientId,
        client_secret: credentials.amazon.clientSecret,
        refresh_token: credentials.amazon.refreshToken,
      },
      notifications: {
        queue_url: at.queueUrl,
        region: credentials.amazon.awsRegion,
        access_key_id: credentials.amazon.awsAccessKeyId,
        secret_access_key: credentials.amazon.awsSecretAccessKey,
      },
      endpoints: { api: at.amazon, auth: at.amazon, sqs: at.sqs },
      quotas: {
        patchListingsItem: faster(5, 5),
        searchListingsItems: faster(5, 5),
        getListingsItem: faster(5, 10),
        searchOrders: faster(0.0056, 20),
        getOrder: faster(0.5, 30),
      },
    },
    {
      ...shared,
      id: demoAccounts.ebay,
      channel: "ebay",
      marketplace_id: "EBAY_US",
      seller_user_id: credentials.ebay.sellerUserId,
      credentials: {
        client_id: credentials.ebay.clientId,
        client_secret: credentials.ebay.clientSecret,
        refresh_token: credentials.ebay.refreshToken,
      },
      webhooks: { verification_token: verificationToken, endpoint: webhookUrl(at.web, "ebay") },
      endpoints: { api: at.ebay, auth: at.ebay },
    },
    {
      ...shared,
      id: demoAccounts.shopify,
      channel: "shopify",
      shop: credentials.shopify.shopDomain,
      credentials: {
        access_token: credentials.shopify.accessToken,
        client_secret: credentials.shopify.clientSecret,
      },
      endpoints: { api: at.shopify },
      quotas: { graphql: faster(100, 2_000) },
    },
  ],
  server: { host: "127.0.0.1", public_url: at.web },
});
