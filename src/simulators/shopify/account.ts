/** A shop and the one app installed on it, as the simulator pretends them. All made up. */
export type ShopifyAccount = {
  readonly shopDomain: string;
  readonly shopName: string;
  readonly currencyCode: string;
  readonly ianaTimezone: string;
  /** Shop time is rendered with this offset in webhook payloads. */
  readonly utcOffsetMinutes: number;
  readonly clientId: string;
  /** Signs webhooks and buys tokens by the client-credentials grant. */
  readonly clientSecret: string;
  /** A token of an admin-made app: it never expires (channel document §1). */
  readonly accessToken: string;
  readonly scopes: readonly string[];
  /** Names; the first one holds what is seeded. */
  readonly locations: readonly string[];
  /** Cost points a second: 100 Standard, 200 Advanced, 1000 Plus, 2000 Enterprise. The bucket is 20 times as big. */
  readonly restoreRate: number;
};

export const demoShopifyAccount: ShopifyAccount = {
  shopDomain: "lockstep-demo.myshopify.com",
  shopName: "Lockstep Demo",
  currencyCode: "USD",
  ianaTimezone: "America/New_York",
  utcOffsetMinutes: -300,
  clientId: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  clientSecret: "shpss_demo-secret-of-the-simulated-shop",
  accessToken: "shpat_demo-token-of-the-simulated-shop",
  scopes: [
    "read_inventory",
    "write_inventory",
    "read_products",
    "read_locations",
    "read_orders",
    "read_returns",
    "read_fulfillments",
  ],
  locations: ["Main warehouse"],
  restoreRate: 100,
};
