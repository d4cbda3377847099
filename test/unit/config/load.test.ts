import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { loadSettings } from "../../../src/config/load.ts";
import { complaintsOf, loadText, settingsOf, threeAccounts, threeAccountsEnv } from "./files.ts";

test("without a file there are no accounts and every default stands", () => {
  const cwd = mkdtempSync(join(tmpdir(), "lockstep-config-"));
  const settings = settingsOf(loadSettings({ env: {}, cwd }));
  expect(settings).toMatchObject({
    configPath: undefined,
    accounts: [],
    locations: [{ id: "main", name: "Main" }],
    server: { host: "127.0.0.1", port: 8080, publicUrl: undefined },
    limits: { webhookBodyBytes: 1_048_576, apiBodyBytes: 262_144 },
    guards: {
      maxZeroedCount: 20,
      maxZeroedPercent: 10,
      maxLoweredCount: 1_000,
      maxLoweredPercent: 50,
      maxRaisedCount: 100,
      maxRaisedPercent: 50,
    },
    logLevel: "info",
    dataDir: join(cwd, ".lockstep"),
    databaseUrl: undefined,
    databaseAppRole: undefined,
  });
});

test("three accounts in flow style with unquoted references become typed accounts", () => {
  const [amazon, ebay, shop] = settingsOf(loadText(threeAccounts, threeAccountsEnv)).accounts;
  expect(amazon).toMatchObject({
    id: "amazon-us",
    name: "amazon-us",
    mode: "read-only",
    locationId: "main",
    channel: "amazon",
    sellerId: "A1EXAMPLE",
    marketplaceIds: ["ATVPDKIKX0DER"],
    notifications: {
      queueUrl: "http://127.0.0.1:4002/000000000000/orders",
      region: "us-east-1",
      accessKeyId: undefined,
    },
    endpoints: { api: "http://127.0.0.1:4001", auth: "http://127.0.0.1:4001", sqs: "http://127.0.0.1:4002" },
    poll: { ordersMs: 120_000, listingsMs: 21_600_000 },
    orderLagMs: 120_000,
    orderOverlapMs: 600_000,
    settleMs: undefined,
    policy: { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 },
  });
  expect(amazon?.credentials.clientSecret.reveal()).toBe("amz-secret");
  expect(ebay).toMatchObject({
    locale: "en-US",
    pushBatchMax: 25,
    legacyListings: true,
    returns: "ignore",
    webhooks: { endpoint: "http://127.0.0.1:8080/webhooks/ebay/ebay-us" },
    endpoints: {},
  });
  expect(shop).toMatchObject({ shop: "example.myshopify.com", apiVersion: "2026-10", webhookSecrets: [] });
});

test("settings that are printed or serialised show no secret", () => {
  const env = { ...threeAccountsEnv, DATABASE_URL: "postgres://u:dbpass@db/lockstep" };
  const settings = settingsOf(loadText(threeAccounts, env));
  for (const text of [inspect(settings, { depth: 9 }), JSON.stringify(settings)]) {
    expect(text).not.toMatch(/amz-secret|Atzr|shpat_1|0123456789abcdef|dbpass/);
  }
});

test("the eBay endpoint follows the public address, and without one a warning names the fix", () => {
  const local = loadText(threeAccounts, threeAccountsEnv);
  expect(local.ok && local.warnings.map((warning) => warning.path)).toEqual(["accounts[1].webhooks.endpoint"]);
  const open = loadText(`${threeAccounts}server: { public_url: "https://stock.example.com/" }\n`, threeAccountsEnv);
  expect(settingsOf(open).accounts[1]).toMatchObject({
    webhooks: { endpoint: "https://stock.example.com/webhooks/ebay/ebay-us" },
  });
  expect(open.ok && open.warnings).toEqual([]);
});

test("JSON is read as well, and PORT wins over the file", () => {
  const text =
    '{\n\t"server": { "port": 9000, "host": "0.0.0.0" },\n\t"users": [{ "name": "a", "password": "${PW}", "role": "support" }]\n}';
  const settings = settingsOf(loadText(text, { PORT: "7000", PW: "long enough pass" }, "lockstep.json"));
  expect(settings.server).toEqual({ host: "0.0.0.0", port: 7000, publicUrl: undefined });
  expect(settings.users[0]?.password.reveal()).toBe("long enough pass");
});

test("a file named by --config wins over LOCKSTEP_CONFIG, and both must exist", () => {
  const cwd = mkdtempSync(join(tmpdir(), "lockstep-config-"));
  writeFileSync(join(cwd, "a.yaml"), "server: { port: 1 }\n");
  writeFileSync(join(cwd, "b.yaml"), "server: { port: 2 }\n");
  const env = { LOCKSTEP_CONFIG: "b.yaml" };
  expect(settingsOf(loadSettings({ env, cwd })).server.port).toBe(2);
  expect(settingsOf(loadSettings({ env, cwd, configPath: "a.yaml" })).server.port).toBe(1);
  expect(complaintsOf(loadSettings({ env, cwd, configPath: "c.yaml" }))).toEqual({ file: "cannot be read (ENOENT)" });
});

test("a named policy is resolved, an inline one is filled with defaults", () => {
  const shop = (id: string, policy: string): string =>
    `  - { id: ${id}, channel: shopify, shop: ${id}.myshopify.com, credentials: { access_token: \${T}, client_secret: \${T} }, policy: ${policy} }\n`;
  const text = `policies: { half: { share_percent: 50, cap: 9 } }\naccounts:\n${shop("a", "half")}${shop("b", "{ buffer: 3 }")}`;
  const settings = settingsOf(loadText(text, { T: "t" }));
  expect(settings.accounts.map((account) => account.policy)).toEqual([
    { sharePercent: 50, bufferUnits: 0, capUnits: 9, floorUnits: 0 },
    { sharePercent: 100, bufferUnits: 3, capUnits: null, floorUnits: 0 },
  ]);
});

test("numbers may come from the environment", () => {
  expect(settingsOf(loadText("server: { port: ${P} }\n", { P: "8099" })).server.port).toBe(8099);
  expect(complaintsOf(loadText("server: { port: ${P} }\n", { P: "eighty" }))).toEqual({
    "server.port": "must be a number, but is a string",
  });
});
