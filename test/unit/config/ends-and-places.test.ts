import { expect, test } from "vitest";
import { complaintsOf, loadText, settingsOf, threeAccountsEnv } from "./files.ts";

const amazon = (more: string): string =>
  `  - { id: amazon-us, channel: amazon, region: na, seller_id: A1EXAMPLE, marketplace_ids: [ATVPDKIKX0DER], credentials: { client_id: \${AMZ_ID}, client_secret: \${AMZ_SECRET}, refresh_token: \${AMZ_REFRESH} }${more} }\n`;
const ebay = (more: string): string =>
  `  - { id: ebay-us, channel: ebay, marketplace_id: EBAY_US, credentials: { client_id: \${EBAY_ID}, client_secret: \${EBAY_SECRET}, refresh_token: \${EBAY_REFRESH}${more} } }\n`;
const shop = (more: string): string =>
  `  - { id: shop, channel: shopify, shop: example.myshopify.com, credentials: { access_token: \${SHOP_TOKEN}, client_secret: \${SHOP_SECRET} }${more} }\n`;
const load = (text: string) => loadText(`accounts:\n${text}`, threeAccountsEnv);

test("an eBay consent ends 18 months later, and what the operator states is taken as it is", () => {
  const [us, seller] = settingsOf(
    load(amazon(", expires: { client secret: 2027-04-30 }") + ebay(', consented_on: "2026-05-20"')),
  ).accounts;
  expect(us?.expires).toEqual({ "client secret": "2027-04-30T00:00:00.000Z" });
  expect(seller?.expires).toEqual({ "refresh token": "2027-11-18T12:00:00.000Z" });
});

test("an end that is no date is refused with its place", () => {
  expect(complaintsOf(load(amazon(", expires: { client secret: soon }")))).toEqual({
    "accounts[0].expires.client secret": "is no date",
  });
});

test("the location of FBA stock is made by naming it, and may not be sold from", () => {
  const settings = settingsOf(load(amazon(", channel_stock_location: fba-us")));
  expect(settings.locations.map(({ id }) => id)).toEqual(["main", "fba-us"]);
  expect(settings.accounts[0]?.channelStockLocationId).toBe("fba-us");
  expect(complaintsOf(load(amazon(", channel_stock_location: main")))).toEqual({
    "accounts[0].channel_stock_location": '"main" is used by an account already',
  });
});

test.each([
  ["", undefined],
  ["server: { public_url: https://stock.example.com }\n", "https://stock.example.com/webhooks/shopify/shop"],
])("webhooks of a shop go to the public address, and nowhere without one", (server, address) => {
  const loaded = loadText(`${server}accounts:\n${shop("")}`, threeAccountsEnv);
  expect(settingsOf(loaded).accounts[0]).toMatchObject({ webhooksAddress: address });
});

test("webhooks of a shop may go to Pub/Sub, and not to plain http", () => {
  const [pubsub] = settingsOf(load(shop(', webhooks_address: "pubsub://project:topic"'))).accounts;
  expect(pubsub).toMatchObject({ webhooksAddress: "pubsub://project:topic" });
  expect(complaintsOf(load(shop(', webhooks_address: "http://stock.example.com/hook"')))).toEqual({
    "accounts[0].webhooks_address": "is no address for webhooks",
  });
});
