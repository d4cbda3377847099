import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LoadedSettings, loadSettings } from "../../../src/config/load.ts";
import type { Environment } from "../../../src/config/references.ts";

/** Writes `text` as lockstep.yaml (or `name`) of a new folder and loads it from there. */
export const loadText = (text: string, env: Environment = {}, name = "lockstep.yaml"): LoadedSettings => {
  const cwd = mkdtempSync(join(tmpdir(), "lockstep-config-"));
  writeFileSync(join(cwd, name), text);
  return loadSettings({ env, cwd });
};

export const settingsOf = (loaded: LoadedSettings): Extract<LoadedSettings, { ok: true }>["settings"] => {
  if (!loaded.ok) throw new Error(JSON.stringify(loaded.complaints));
  return loaded.settings;
};

/** `{ path: problem }` of a refused load. */
export const complaintsOf = (loaded: LoadedSettings): Readonly<Record<string, string>> =>
  loaded.ok ? {} : Object.fromEntries(loaded.complaints.map(({ path, problem }) => [path, problem]));

/** The three accounts in the short form that the documentation uses. */
export const threeAccounts = `accounts:
  - { id: amazon-us, channel: amazon, region: na, seller_id: A1EXAMPLE, marketplace_ids: [ATVPDKIKX0DER], credentials: { client_id: \${AMZ_ID}, client_secret: \${AMZ_SECRET}, refresh_token: \${AMZ_REFRESH} }, notifications: { queue_url: \${AMZ_SQS_URL} }, endpoints: { api: "http://127.0.0.1:4001", auth: "http://127.0.0.1:4001", sqs: "http://127.0.0.1:4002" } }
  - { id: ebay-us, channel: ebay, marketplace_id: EBAY_US, credentials: { client_id: \${EBAY_ID}, client_secret: \${EBAY_SECRET}, refresh_token: \${EBAY_REFRESH} }, webhooks: { verification_token: \${EBAY_TOKEN} } }
  - { id: shop, channel: shopify, shop: example.myshopify.com, credentials: { access_token: \${SHOP_TOKEN}, client_secret: \${SHOP_SECRET} } }
`;

export const threeAccountsEnv: Environment = {
  AMZ_ID: "amzn1.application-oa2-client.1",
  AMZ_SECRET: "amz-secret",
  AMZ_OLD_SECRET: "amz-old-secret",
  AMZ_REFRESH: "Atzr|refresh",
  AMZ_SQS_URL: "http://127.0.0.1:4002/000000000000/orders",
  EBAY_ID: "ebay-app",
  EBAY_SECRET: "ebay-secret",
  EBAY_REFRESH: "v^1.1#i^1#refresh",
  EBAY_TOKEN: "0123456789abcdef0123456789abcdef",
  SHOP_TOKEN: "shpat_1",
  SHOP_SECRET: "shpss_1",
};
