import type { ConfiguredAccount } from "./settings.ts";

export type GuideStep = {
  /** As in the settings file, under the account. */
  readonly setting: string;
  /** Where to get it, in a sentence that an operator can follow. */
  readonly how: string;
};

type Channel = ConfiguredAccount["channel"];

/** What each channel needs before it lets us in, in the order in which one gets it. */
export const accountGuide: Readonly<Record<Channel, readonly GuideStep[]>> = {
  amazon: [
    { setting: "seller_id", how: "Seller Central → Settings → Account Info → Your Merchant Token." },
    {
      setting: "region",
      how: "na for the Americas, eu for Europe, the Middle East and India, fe for Japan, Australia and Singapore: where the account sells.",
    },
    {
      setting: "marketplace_ids",
      how: "The marketplaces of that region in which the account sells, for example ATVPDKIKX0DER for amazon.com; lockstep.example.yaml lists them.",
    },
    {
      setting: "credentials.client_id",
      how: "Seller Central → Apps & Services → Develop Apps: register as a private developer, add an app with the roles Product Listing and Inventory and Order Tracking (Amazon Fulfillment too, for FBA stock), then LWA credentials → View.",
    },
    {
      setting: "credentials.client_secret",
      how: "Develop Apps → your app → LWA credentials → View; it lives 180 days, so write its end into expires.",
    },
    { setting: "credentials.refresh_token", how: "Develop Apps → your app → Authorize; it starts with Atzr|." },
  ],
  ebay: [
    { setting: "marketplace_id", how: "eBay's name of the site, for example EBAY_US." },
    {
      setting: "credentials.client_id",
      how: "developer.ebay.com → Your Account → Application Keys → Production: App ID (Client ID).",
    },
    {
      setting: "credentials.client_secret",
      how: "developer.ebay.com → Your Account → Application Keys → Production: Cert ID (Client Secret).",
    },
    {
      setting: "credentials.refresh_token",
      how: "Application Keys → User Tokens: let the seller consent to api_scope, sell.inventory, sell.fulfillment and commerce.notification.subscription; the token lasts 18 months, so write the day into credentials.consented_on.",
    },
  ],
  shopify: [
    { setting: "shop", how: "Shop admin → Settings → Domains: the one that ends in .myshopify.com." },
    {
      setting: "credentials.access_token",
      how: "An app made in the shop's admin before 2026: Settings → Apps → Develop apps → your app → API credentials → Admin API access token; newer apps have none and take client_id instead.",
    },
    {
      setting: "credentials.client_id",
      how: "dev.shopify.com → your app (in the shop's own organisation) → Settings: Client ID; grant read_inventory, write_inventory, read_products, read_locations, read_orders, read_returns and read_fulfillments, and install it.",
    },
    {
      setting: "credentials.client_secret",
      how: "The app's API secret key (admin-made app) or client secret (Dev Dashboard); it also signs the webhooks.",
    },
  ],
};

export const isGuided = (channel: string): channel is Channel => channel in accountGuide;

/** What is not set and would serve; each tells what is lost without it. */
export const unusedOptions = (account: ConfiguredAccount): readonly GuideStep[] => {
  switch (account.channel) {
    case "amazon":
      return [
        ...(account.notifications === undefined
          ? [
              {
                setting: "notifications",
                how: "Orders come by polling alone, up to minutes late. Make a standard SQS queue in your own AWS account whose policy lets 437568002678 use sqs:SendMessage and sqs:GetQueueAttributes, and name its URL in notifications.queue_url.",
              },
            ]
          : []),
        ...unknownEnd(account, "client secret", "Develop Apps → your app → LWA credentials says when the secret ends"),
      ];
    case "ebay":
      return [
        ...(account.webhooks === undefined
          ? [
              {
                setting: "webhooks",
                how: "Orders come by polling alone. Choose a verification_token of 32 to 80 letters, digits, dashes and underscores, and give server.public_url an https address that eBay can reach.",
              },
            ]
          : []),
        ...unknownEnd(account, "refresh token", "write the day of the seller's consent into credentials.consented_on"),
      ];
    case "shopify":
      return account.webhooksAddress === undefined
        ? [
            {
              setting: "webhooks_address",
              how: "Orders come by polling alone, unless the app's own configuration file subscribes. Give server.public_url an https address that Shopify can reach, or name pubsub://project:topic here.",
            },
          ]
        : [];
  }
};

const unknownEnd = ({ expires = {} }: ConfiguredAccount, what: string, how: string): readonly GuideStep[] =>
  what in expires ? [] : [{ setting: "expires", how: `Nobody will warn you before the ${what} ends: ${how}.` }];
