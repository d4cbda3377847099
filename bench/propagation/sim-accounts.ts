import { simulatorCredentials } from "../../src/compose/simulators.ts";
import { type SimulatorUrls, verificationToken } from "../../src/demo/accounts.ts";

export const accountIds = { amazon: "amazon", ebay: "ebay", shopify: "shopify" } as const;

type Quotas = Readonly<Record<string, { readonly rate_per_second: number; readonly burst: number }>>;
const { amazon, ebay, shopify } = simulatorCredentials;

/** The channels' own quotas with time running so much faster, a little below: what is on its way is not yet counted there. */
const faster = (quotas: Quotas, speedUp: number): Quotas =>
  Object.fromEntries(
    Object.entries(quotas).map(([name, { rate_per_second: rate, burst }]) => [
      name,
      { rate_per_second: Math.min(10_000, rate * speedUp * (speedUp === 1 ? 1 : 0.8)), burst },
    ]),
  );
const amazonQuotas: Quotas = {
  patchListingsItem: { rate_per_second: 5, burst: 5 },
  searchListingsItems: { rate_per_second: 5, burst: 5 },
  getListingsItem: { rate_per_second: 5, burst: 10 },
  searchOrders: { rate_per_second: 0.0056, burst: 20 },
  getOrder: { rate_per_second: 0.5, burst: 30 },
};

/** Accounts of a settings file on the simulated channels, whose own times run `speedUp` times as fast. */
export const simAccounts = (
  urls: SimulatorUrls,
  speedUp: number,
  webOrigin: string,
): Readonly<Record<keyof typeof accountIds, object>> => {
  const shared = {
    mode: "live",
    poll: { orders_seconds: speedUp === 1 ? 120 : 5, listings_seconds: 3_600 },
    orders: { lag_seconds: speedUp === 1 ? 120 : 2, overlap_seconds: 600 },
    ...(speedUp > 1 && { settle_seconds: 3 }),
  };
  return {
    amazon: {
      ...shared,
      id: accountIds.amazon,
      channel: "amazon",
      region: "na",
      seller_id: amazon.sellerId,
      marketplace_ids: [amazon.marketplaceId],
      credentials: {
        client_id: amazon.clientId,
        client_secret: amazon.clientSecret,
        refresh_token: amazon.refreshToken,
      },
      notifications: {
        queue_url: urls.amazon.queueUrl,
        region: amazon.awsRegion,
        access_key_id: amazon.awsAccessKeyId,
        secret_access_key: amazon.awsSecretAccessKey,
      },
      endpoints: { api: urls.amazon.url, auth: urls.amazon.url, sqs: urls.amazon.sqsUrl },
      quotas: faster(amazonQuotas, speedUp),
    },
    ebay: {
      ...shared,
      id: accountIds.ebay,
      channel: "ebay",
      marketplace_id: "EBAY_US",
      locale: "en-US",
      credentials: { client_id: ebay.clientId, client_secret: ebay.clientSecret, refresh_token: ebay.refreshToken },
      seller_user_id: ebay.sellerUserId,
      webhooks: {
        verification_token: verificationToken,
        endpoint: `${webOrigin}/webhooks/ebay/${accountIds.ebay}`,
      },
      legacy_listings: false,
      endpoints: { api: urls.ebay.url, auth: urls.ebay.url },
    },
    shopify: {
      ...shared,
      id: accountIds.shopify,
      channel: "shopify",
      shop: shopify.shopDomain,
      credentials: { access_token: shopify.accessToken, client_secret: shopify.clientSecret },
      endpoints: { api: urls.shopify.url },
      quotas: faster({ graphql: { rate_per_second: 100, burst: 2_000 } }, speedUp),
    },
  };
};
