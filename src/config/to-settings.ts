import { resolve } from "node:path";
import { Secret } from "../core/secret.ts";
import type { AccountFields, AmazonFields, EbayFields, ShopifyFields } from "./account-schema.ts";
import { awsRegionOf, ebayLocaleOf, orderTiming } from "./channel-defaults.ts";
import type { EnvironmentSettings } from "./environment.ts";
import type { FileFields } from "./file-schema.ts";
import { defaultPolicy, toPolicy } from "./policy.ts";
import type { AllocationPolicy, ConfiguredAccount, Settings } from "./settings.ts";

const defaultPort = 8080;

const secret = (text: string): Secret => new Secret(text);
const optionalSecret = (text: string | undefined): Secret | undefined =>
  text === undefined ? undefined : new Secret(text);

/** Drops the keys without a value: with `exactOptionalPropertyTypes` an absent endpoint is not an undefined one. */
const present = <Key extends string>(
  fields: Readonly<Record<Key, string | undefined>>,
): { readonly [K in Key]?: string } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    readonly [K in Key]?: string;
  };

/** Without the names that stand for nothing. */
const given = <Key extends string, Value>(
  fields: Partial<Record<Key, Value | undefined>>,
): Partial<Record<Key, Value>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<Record<Key, Value>>;

const amazon = (fields: AmazonFields) => ({
  channel: fields.channel,
  region: fields.region,
  sellerId: fields.seller_id,
  marketplaceIds: [...new Set(fields.marketplace_ids)],
  credentials: {
    clientId: fields.credentials.client_id,
    clientSecret: secret(fields.credentials.client_secret),
    oldClientSecret: optionalSecret(fields.credentials.old_client_secret),
    refreshToken: secret(fields.credentials.refresh_token),
  },
  ordersApi: fields.orders_api,
  notifications: fields.notifications && {
    queueUrl: fields.notifications.queue_url,
    region: fields.notifications.region ?? awsRegionOf(fields.notifications.queue_url, fields.region),
    accessKeyId: fields.notifications.access_key_id,
    secretAccessKey: optionalSecret(fields.notifications.secret_access_key),
  },
  endpoints: present({ api: fields.endpoints.api, auth: fields.endpoints.auth, sqs: fields.endpoints.sqs }),
});

const ebay = (fields: EbayFields, baseUrl: string) => ({
  channel: fields.channel,
  marketplaceId: fields.marketplace_id,
  locale: fields.locale ?? ebayLocaleOf(fields.marketplace_id) ?? "en-US",
  credentials: {
    clientId: fields.credentials.client_id,
    clientSecret: secret(fields.credentials.client_secret),
    refreshToken: secret(fields.credentials.refresh_token),
  },
  sellerUserId: fields.seller_user_id,
  webhooks: fields.webhooks && {
    verificationToken: secret(fields.webhooks.verification_token),
    endpoint: fields.webhooks.endpoint ?? `${baseUrl}/webhooks/ebay/${fields.id}`,
    alertEmail: fields.webhooks.alert_email,
  },
  pushBatchMax: fields.push_batch_max,
  legacyListings: fields.legacy_listings,
  returns: fields.returns,
  endpoints: present({ api: fields.endpoints.api, auth: fields.endpoints.auth }),
});

const shopify = (fields: ShopifyFields) => ({
  channel: fields.channel,
  shop: fields.shop,
  apiVersion: fields.api_version,
  credentials: {
    accessToken: optionalSecret(fields.credentials.access_token),
    clientId: fields.credentials.client_id,
    clientSecret: secret(fields.credentials.client_secret),
  },
  webhookSecrets: fields.webhook_secrets.map(secret),
  locationGid: fields.location_gid,
  activateLevels: fields.activate_levels,
  pubsubToken: optionalSecret(fields.pubsub_token),
  endpoints: present({ api: fields.endpoints.api }),
});

type Surroundings = { readonly baseUrl: string; readonly policies: Readonly<Record<string, AllocationPolicy>> };

const toAccount = (fields: AccountFields, around: Surroundings): ConfiguredAccount => {
  const timing = orderTiming[fields.channel];
  const named =
    typeof fields.policy === "string" ? around.policies[fields.policy] : fields.policy && toPolicy(fields.policy);
  const common = {
    id: fields.id,
    name: fields.name ?? fields.id,
    mode: fields.mode,
    locationId: fields.location,
    policy: named ?? defaultPolicy,
    poll: { ordersMs: fields.poll.orders_seconds, listingsMs: fields.poll.listings_seconds },
    quotas: Object.fromEntries(
      Object.entries(fields.quotas).map(([name, quota]) => [
        name,
        { ratePerSecond: quota.rate_per_second, burst: quota.burst },
      ]),
    ),
    orderLagMs: fields.orders.lag_seconds ?? timing.lagMs,
    orderOverlapMs: fields.orders.overlap_seconds ?? timing.overlapMs,
    settleMs: fields.settle_seconds,
    salesMargin: fields.sales_margin,
    audit: { everyMs: fields.audit.every_seconds, drifts: given(fields.audit.drifts) },
  };
  switch (fields.channel) {
    case "amazon":
      return { ...common, ...amazon(fields) };
    case "ebay":
      return { ...common, ...ebay(fields, around.baseUrl) };
    case "shopify":
      return { ...common, ...shopify(fields) };
  }
};

/** Joins the checked file and the checked environment. PORT wins over the file: platforms assign it. */
export const toSettings = (file: FileFields, env: EnvironmentSettings, configPath: string | undefined): Settings => {
  const port = env.port ?? file.server.port ?? defaultPort;
  const publicUrl = file.server.public_url;
  const policies = Object.fromEntries(Object.entries(file.policies).map(([name, fields]) => [name, toPolicy(fields)]));
  const baseUrl = publicUrl ?? `http://${file.server.host}:${port}`;
  return {
    configPath,
    dataDir: env.dataDir,
    databaseUrl: env.databaseUrl,
    redisUrl: env.redisUrl,
    secretKey: env.secretKey,
    logLevel: env.logLevel,
    server: { host: file.server.host, port, publicUrl },
    limits: { webhookBodyBytes: file.limits.webhook_body_bytes, apiBodyBytes: file.limits.api_body_bytes },
    locations: file.locations,
    policies,
    guards: {
      maxZeroedCount: file.guards.max_zeroed_count,
      maxZeroedPercent: file.guards.max_zeroed_percent,
      maxRaisedCount: file.guards.max_raised_count,
      maxRaisedPercent: file.guards.max_raised_percent,
    },
    ledger: { heads: file.ledger.heads.map((path) => resolve(path)) },
    users: file.users.map((user) => ({ name: user.name, password: secret(user.password), role: user.role })),
    accounts: file.accounts.map((fields) => toAccount(fields, { baseUrl, policies })),
  };
};
