import type { ConfiguredAccount } from "../config/settings.ts";
import type { Channel } from "../connectors/connector.ts";
import { Secret } from "../core/secret.ts";

/** What the simulators' process told on its first line. */
export type SimulatorUrls = {
  readonly amazon: { readonly url: string; readonly queueUrl: string; readonly sqsUrl: string };
  readonly ebay: { readonly url: string };
  readonly shopify: { readonly url: string };
};

export const demoAccounts = { amazon: "amazon-us", ebay: "ebay-us", shopify: "shop" } as const satisfies Record<
  Channel,
  string
>;
export const verificationToken = "demo-verification-token-0123456789abcdef";

const policy = { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 };
const shared = {
  mode: "live",
  locationId: "main",
  policy,
  // Time runs faster here: what takes a channel minutes takes the simulators seconds.
  poll: { ordersMs: 3_000, listingsMs: 3_600_000 },
  orderLagMs: 1_200,
  orderOverlapMs: 10_000,
  settleMs: 2_500,
  salesMargin: "measured",
  audit: { everyMs: 10_000, drifts: {} },
} as const;

/** What opens the simulated accounts; each simulator states its own. */
export type SimulatorCredentials = {
  readonly amazon: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly refreshToken: string;
    readonly sellerId: string;
    readonly marketplaceId: string;
    readonly awsAccessKeyId: string;
    readonly awsSecretAccessKey: string;
    readonly awsRegion: string;
  };
  readonly ebay: {
    readonly clientId: string;
    readonly clientSecret: string;
    readonly refreshToken: string;
    readonly sellerUserId: string;
  };
  readonly shopify: { readonly accessToken: string; readonly clientSecret: string; readonly shopDomain: string };
};

/** The three accounts as a settings file would declare them, pointed at the simulators. */
export const demoAccountSettings = (
  urls: SimulatorUrls,
  credentials: SimulatorCredentials,
  speedUp: number,
  webUrl: string,
): readonly ConfiguredAccount[] => {
  const faster = (quota: { ratePerSecond: number; burst: number }) => ({
    // Compressed time leaves the channels' bursts worth milliseconds: stay a little below the rate.
    ratePerSecond: quota.ratePerSecond * speedUp * 0.8,
    burst: quota.burst,
  });
  return [
    {
      ...shared,
      id: demoAccounts.amazon,
      name: "Amazon US (simulated)",
      channel: "amazon",
      region: "na",
      sellerId: credentials.amazon.sellerId,
      marketplaceIds: [credentials.amazon.marketplaceId],
      credentials: {
        clientId: credentials.amazon.clientId,
        clientSecret: new Secret(credentials.amazon.clientSecret),
        refreshToken: new Secret(credentials.amazon.refreshToken),
      },
      notifications: {
        queueUrl: urls.amazon.queueUrl,
        region: credentials.amazon.awsRegion,
        accessKeyId: credentials.amazon.awsAccessKeyId,
        secretAccessKey: new Secret(credentials.amazon.awsSecretAccessKey),
      },
      endpoints: { api: urls.amazon.url, auth: urls.amazon.url, sqs: urls.amazon.sqsUrl },
      quotas: {
        patchListingsItem: faster({ ratePerSecond: 5, burst: 5 }),
        searchListingsItems: faster({ ratePerSecond: 5, burst: 5 }),
        getListingsItem: faster({ ratePerSecond: 5, burst: 10 }),
        searchOrders: faster({ ratePerSecond: 0.0056, burst: 20 }),
        getOrder: faster({ ratePerSecond: 0.5, burst: 30 }),
      },
    },
    {
      ...shared,
      id: demoAccounts.ebay,
      name: "eBay US (simulated)",
      channel: "ebay",
      marketplaceId: "EBAY_US",
      locale: "en-US",
      credentials: {
        clientId: credentials.ebay.clientId,
        clientSecret: new Secret(credentials.ebay.clientSecret),
        refreshToken: new Secret(credentials.ebay.refreshToken),
      },
      sellerUserId: credentials.ebay.sellerUserId,
      webhooks: {
        verificationToken: new Secret(verificationToken),
        endpoint: `${webUrl}/webhooks/ebay/${demoAccounts.ebay}`,
      },
      pushBatchMax: 25,
      endpoints: { api: urls.ebay.url, auth: urls.ebay.url },
      quotas: {},
    },
    {
      ...shared,
      id: demoAccounts.shopify,
      name: "Shopify (simulated)",
      channel: "shopify",
      shop: credentials.shopify.shopDomain,
      apiVersion: "2026-10",
      credentials: {
        accessToken: new Secret(credentials.shopify.accessToken),
        clientId: undefined,
        clientSecret: new Secret(credentials.shopify.clientSecret),
      },
      webhookSecrets: [],
      locationGid: undefined,
      endpoints: { api: urls.shopify.url },
      quotas: { graphql: faster({ ratePerSecond: 100, burst: 2_000 }) },
    },
  ];
};
