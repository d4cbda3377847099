import { z } from "zod";
import { AccountId, LocationId } from "../core/ids.ts";
import { address, anyNumber, percent, say, seconds, strict, text, wholeNumber } from "./fields.ts";
import { overrideFields, policyFields } from "./policy.ts";
import { accountModes, driftCauses, driftPolicies, salesMargins } from "./settings.ts";

const daySeconds = 86_400;

/** What every account may say. Per-channel defaults live in `channel-defaults.ts`. */
const common = {
  id: AccountId,
  name: text.optional(),
  mode: z.enum(accountModes).default("read-only"),
  location: LocationId.optional(),
  locations: z.array(LocationId).min(1, "must name at least one").optional(),
  policy: z.union([text, policyFields]).optional(),
  overrides: z.array(overrideFields).default([]),
  poll: strict({
    orders_seconds: seconds(5, daySeconds).default(120_000),
    listings_seconds: seconds(60, 30 * daySeconds).default(21_600_000),
  }).prefault({}),
  quotas: z
    .record(text, strict({ rate_per_second: anyNumber(0.0001, 10_000), burst: anyNumber(1, 1_000_000) }))
    .default({}),
  orders: strict({
    lag_seconds: seconds(0, daySeconds).optional(),
    overlap_seconds: seconds(0, 7 * daySeconds).optional(),
  }).prefault({}),
  settle_seconds: seconds(1, daySeconds).optional(),
  guards: strict({
    max_zeroed_count: wholeNumber(0, 1_000_000_000).optional(),
    max_zeroed_percent: percent.optional(),
    max_lowered_count: wholeNumber(0, 1_000_000_000).optional(),
    max_lowered_percent: percent.optional(),
    max_raised_count: wholeNumber(0, 1_000_000_000).optional(),
    max_raised_percent: percent.optional(),
  }).prefault({}),
  sales_margin: z.enum(salesMargins).default("measured"),
  expires: z
    .record(text, z.iso.date(say("is no date", "write it as YYYY-MM-DD, without quotes or with them")))
    .default({}),
  audit: strict({
    every_seconds: seconds(1, daySeconds).default(10_000),
    drifts: z.partialRecord(z.enum(driftCauses), z.enum(driftPolicies)).default({}),
  }).prefault({}),
};

const AmazonAccount = strict({
  ...common,
  channel: z.literal("amazon"),
  region: z.enum(["na", "eu", "fe"]),
  seller_id: text.regex(
    /^[A-Z0-9]{5,30}$/,
    say("is no merchant token", "copy it from Seller Central: capital letters and digits"),
  ),
  marketplace_ids: z
    .array(text.regex(/^A[A-Z0-9]{8,19}$/, say("is no marketplace id", "for example ATVPDKIKX0DER")))
    .min(1, "must name at least one"),
  credentials: strict({
    client_id: text,
    client_secret: text,
    old_client_secret: text.optional(),
    refresh_token: text,
  }),
  channel_stock_location: LocationId.optional(),
  orders_api: z.enum(["2026-01-01", "v0"]).default("2026-01-01"),
  notifications: strict({
    queue_url: address,
    region: text.optional(),
    access_key_id: text.optional(),
    secret_access_key: text.optional(),
  })
    .refine((given) => (given.access_key_id === undefined) === (given.secret_access_key === undefined), {
      message: say(
        "has only one of access_key_id and secret_access_key",
        "give both, or neither to use the AWS SDK's own chain (instance role, profile, variables)",
      ),
    })
    .optional(),
  endpoints: strict({ api: address.optional(), auth: address.optional(), sqs: address.optional() }).default({}),
});

const EbayAccount = strict({
  ...common,
  channel: z.literal("ebay"),
  marketplace_id: text.regex(/^EBAY_[A-Z_]{2,20}$/, say("is no eBay marketplace", "for example EBAY_US")),
  locale: text.regex(/^[a-z]{2}-[A-Z]{2}$/, say("is no language and country", "for example en-US")).optional(),
  seller_user_id: text.optional(),
  credentials: strict({
    client_id: text,
    client_secret: text,
    refresh_token: text,
    consented_on: z.iso.date(say("is no date", "write it as YYYY-MM-DD")).optional(),
  }),
  webhooks: strict({
    verification_token: text,
    endpoint: address.optional(),
    alert_email: z.email(say("is no e-mail address", "for example stock@example.com")).optional(),
  }).optional(),
  push_batch_max: wholeNumber(1, 25).default(25),
  legacy_listings: z.boolean().default(true),
  returns: z.enum(["ignore", "restock-when-closed"]).default("ignore"),
  endpoints: strict({ api: address.optional(), auth: address.optional() }).default({}),
});

const ShopifyAccount = strict({
  ...common,
  channel: z.literal("shopify"),
  shop: text.regex(
    /^[a-z0-9][a-z0-9-]*\.myshopify\.com$/,
    say("is no shop domain", "write only the domain in lower case, for example example.myshopify.com"),
  ),
  api_version: text.regex(/^\d{4}-(01|04|07|10)$/, say("is no API version", "for example 2026-10")).default("2026-10"),
  credentials: strict({ access_token: text.optional(), client_id: text.optional(), client_secret: text }).refine(
    (given) => given.access_token !== undefined || given.client_id !== undefined,
    say("has neither access_token nor client_id", "give access_token (custom app), or client_id (Dev Dashboard app)"),
  ),
  webhook_secrets: z.array(text).default([]),
  location_gid: text
    .regex(
      /^gid:\/\/shopify\/Location\/\d+$/,
      say("is no Shopify location", "for example gid://shopify/Location/12345"),
    )
    .optional(),
  activate_levels: z.boolean().default(false),
  pubsub_token: text.min(24, say("is too short to be a secret", "take at least 24 random characters")).optional(),
  webhooks_address: text
    .regex(
      /^(https:\/\/\S+|pubsub:\/\/[^\s:]+:\S+)$/,
      say("is no address for webhooks", "write https://… or pubsub://project:topic"),
    )
    .optional(),
  endpoints: strict({ api: address.optional() }).default({}),
});

export const AccountFields = z.discriminatedUnion("channel", [AmazonAccount, EbayAccount, ShopifyAccount]);
export type AccountFields = z.infer<typeof AccountFields>;
export type AmazonFields = z.infer<typeof AmazonAccount>;
export type EbayFields = z.infer<typeof EbayAccount>;
export type ShopifyFields = z.infer<typeof ShopifyAccount>;
