/**
 * How far behind now an order list is surely complete, and how far each poll reaches back.
 * Amazon refuses an upper bound younger than 2 minutes and its list is read with 5–10 minutes of overlap.
 * eBay: up to 1 minute ago, rows move while paging, so 15–30 minutes. Shopify: ordered by update time, webhooks
 * and search lag by seconds.
 */
export const orderTiming = {
  amazon: { lagMs: 120_000, overlapMs: 600_000 },
  ebay: { lagMs: 60_000, overlapMs: 1_200_000 },
  shopify: { lagMs: 30_000, overlapMs: 600_000 },
} as const;

/** The AWS region of Amazon's documentation for each selling region, when the queue's URL does not tell. */
const awsRegions = { na: "us-east-1", eu: "eu-west-1", fe: "us-west-2" } as const;

export const awsRegionOf = (queueUrl: string, region: keyof typeof awsRegions): string =>
  /^https?:\/\/sqs\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?\//.exec(queueUrl)?.[1] ?? awsRegions[region];

/** Marketplaces by selling region; an id that is not here is passed on as it is. */
export const amazonMarketplaces: Readonly<Record<keyof typeof awsRegions, readonly string[]>> = {
  na: ["ATVPDKIKX0DER", "A2EUQ1WTGCTBG2", "A1AM78C64UM0Y8", "A2Q3Y263D00KWC"],
  eu: [
    "A1F83G8C2ARO7P",
    "A1PA6795UKMFR9",
    "A13V1IB3VIYZZH",
    "APJ6JRA9NG5V4",
    "A1RKKUPIHCS9HS",
    "A1805IZSGTT6HS",
    "A2NODRKZP88ZB9",
    "A1C3SOZRARQ6R3",
    "A33AVAJ2PDY3EV",
    "A2VIGQ35RCS4UG",
    "A17E79C6D8DWNP",
    "ARBP9OOSHTCHU",
    "A21TJRUUN4KGV",
  ],
  fe: ["A1VC38T7YXB528", "A39IBJ37TRP1C6", "A19VAU5U5O7RUS"],
};

/** eBay rewrites a listing's language to what the request says, so the site decides the default. */
const ebayLocales: Readonly<Record<string, string>> = {
  EBAY_US: "en-US",
  EBAY_MOTORS_US: "en-US",
  EBAY_CA: "en-CA",
  EBAY_GB: "en-GB",
  EBAY_IE: "en-IE",
  EBAY_AU: "en-AU",
  EBAY_DE: "de-DE",
  EBAY_AT: "de-AT",
  EBAY_CH: "de-CH",
  EBAY_FR: "fr-FR",
  EBAY_IT: "it-IT",
  EBAY_ES: "es-ES",
  EBAY_NL: "nl-NL",
  EBAY_BE: "nl-BE",
  EBAY_PL: "pl-PL",
};

export const ebayLocaleOf = (marketplaceId: string): string | undefined => ebayLocales[marketplaceId];
