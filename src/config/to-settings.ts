import { resolve } from "node:path";
import { toIso } from "../core/clock.ts";
import { LocationId } from "../core/ids.ts";
import { Secret } from "../core/secret.ts";
import type { AccountFields, AmazonFields, EbayFields, ShopifyFields } from "./account-schema.ts";
import { awsRegionOf, ebayLocaleOf, orderTiming } from "./channel-defaults.ts";
import type { EnvironmentSettings } from "./environment.ts";
import type { FileFields } from "./file-schema.ts";
import { defaultPolicy, policyOf, toOverrides, toPolicy } from "./policy.ts";
import type { AllocationPolicy, ConfiguredAccount, GuardSettings, Settings } from "./settings.ts";

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
  channelStockLocationId: fields.channel_stock_location,
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

const shopify = (fields: ShopifyFields, baseUrl: string) => ({
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
  // Shopify takes nothing but https: without a public address there is nothing to subscribe.
  webhooksAddress:
    fields.webhooks_address ??
    (baseUrl.startsWith("https://") ? `${baseUrl}/webhooks/shopify/${fields.id}` : undefined),
  endpoints: present({ api: fields.endpoints.api }),
});

/** 18 months, as eBay's token answer says; the refresh answers do not repeat it. */
const ebayRefreshTokenMs = 47_304_000_000;

const expiresOf = (fields: AccountFields): Readonly<Record<string, string>> => {
  const midnight = (date: string): number => Date.parse(`${date}T00:00:00.000Z`);
  const consentedOn = fields.channel === "ebay" ? fields.credentials.consented_on : undefined;
  const computed = consentedOn && { "refresh token": toIso(midnight(consentedOn) + ebayRefreshTokenMs) };
  const stated = Object.entries(fields.expires).map(([what, date]) => [what, toIso(midnight(date))]);
  return { ...computed, ...Object.fromEntries(stated) };
};

/** Only what the account states itself. */
const toGuards = (fields: AccountFields["guards"]): Partial<GuardSettings> => {
  const named = {
    maxZeroedCount: fields.max_zeroed_count,
    maxZeroedPercent: fields.max_zeroed_percent,
    maxLoweredCount: fields.max_lowered_count,
    maxLoweredPercent: fields.max_lowered_percent,
    maxRaisedCount: fields.max_raised_count,
    maxRaisedPercent: fields.max_raised_percent,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
};

type Surroundings = { readonly baseUrl: string; readonly policies: Readonly<Record<string, AllocationPolicy>> };

const toAccount = (fields: AccountFields, around: Surroundings): ConfiguredAccount => {
  const timing = orderTiming[fields.channel];
  const common = {
    id: fields.id,
    name: fields.name ?? fields.id,
    mode: fields.mode,
    locationId: fields.location ?? fields.locations?.[0] ?? "main",
    ...(fields.locations !== undefined && { locationIds: [...new Set(fields.locations)] }),
    policy: policyOf(fields.policy, around.policies) ?? defaultPolicy,
    ...(fields.overrides.length > 0 && { overrides: toOverrides(fields.overrides, around.policies) }),
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
    expires: expiresOf(fields),
    guards: toGuards(fields.guards),
    audit: { everyMs: fields.audit.every_seconds, drifts: given(fields.audit.drifts) },
  };
  switch (fields.channel) {
    case "amazon":
      return { ...common, ...amazon(fields) };
    case "ebay":
      return { ...common, ...ebay(fields, around.baseUrl) };
    case "shopify":
      return { ...common, ...shopify(fields, around.baseUrl) };
  }
};

/** A location that only stock of a channel is counted into needs no line of its own. */
const withChannelStock = ({ locations, accounts }: FileFields): FileFields["locations"] => {
  const counted = accounts.flatMap((account) =>
    "channel_stock_location" in account ? [account.channel_stock_location] : [],
  );
  const added = counted.filter((id) => id !== undefined && !locations.some((location) => location.id === id));
  return [...locations, ...added.map((id) => ({ id: LocationId.parse(id), name: String(id) }))];
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
    databaseAppRole: env.databaseAppRole,
    redisUrl: env.redisUrl,
    secretKey: env.secretKey,
    logLevel: env.logLevel,
    server: { host: file.server.host, port, publicUrl },
    limits: { webhookBodyBytes: file.limits.webhook_body_bytes, apiBodyBytes: file.limits.api_body_bytes },
    locations: withChannelStock(file),
    policies,
    guards: {
      maxZeroedCount: file.guards.max_zeroed_count,
      maxZeroedPercent: file.guards.max_zeroed_percent,
      maxLoweredCount: file.guards.max_lowered_count,
      maxLoweredPercent: file.guards.max_lowered_percent,
      maxRaisedCount: file.guards.max_raised_count,
      maxRaisedPercent: file.guards.max_raised_percent,
    },
    ledger: { heads: file.ledger.heads.map((path) => resolve(path)) },
    users: file.users.map((user) => ({ name: user.name, password: secret(user.password), role: user.role })),
    accounts: file.accounts.map((fields) => toAccount(fields, { baseUrl, policies })),
  };
};
