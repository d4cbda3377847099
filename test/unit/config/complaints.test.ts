import { expect, test } from "vitest";
import { complaintsJson, complaintsText } from "../../../src/config/complaint.ts";
import { nearestKey } from "../../../src/config/nearest.ts";
import { complaintsOf, loadText, settingsOf, threeAccounts, threeAccountsEnv } from "./files.ts";

const shopWith = (more: string, id = "shop"): string =>
  `  - { id: ${id}, channel: shopify, shop: ${id}.myshopify.com, credentials: { access_token: \${T}, client_secret: \${T} }, ${more} }\n`;

test("every complaint comes at once, each with its path", () => {
  const text = `accounts:
  - { id: Amazon US, channel: amazon, region: us, seller_id: A1EXAMPLE, marketplace_ids: [], credentials: { client_id: x, client_secret: \${MISSING} } }
  - { id: shop, channel: etsy }
  - { id: shop, channel: shopify, shop: "https://example.myshopify.com", credentials: { client_secret: \${T} }, location: cellar, policy: none }
servr: { port: 1 }
guards: { max_zeroed_percent: 101 }
`;
  expect(complaintsOf(loadText(text, { T: "t", PORT: "http", DATABASE_URL: "mysql://x" }))).toEqual({
    "environment.PORT": "is not a port number",
    "environment.DATABASE_URL": "is not a postgres:// or postgresql:// address",
    "accounts[0].id": "an account id must be lower-case letters, digits and dashes, at most 63",
    "accounts[0].region": "is not one of the allowed values",
    "accounts[0].marketplace_ids": "must name at least one",
    "accounts[0].credentials.client_secret": "the environment variable MISSING is not set",
    "accounts[0].credentials.refresh_token": "is missing",
    "accounts[1].channel": "has none of the allowed forms",
    "accounts[2].shop": "is no shop domain",
    "accounts[2].credentials": "has neither access_token nor client_id",
    "accounts[2].id": "is the same as accounts[1].id",
    "accounts[2].location": '"cellar" is not in locations',
    "accounts[2].policy": '"none" is not in policies',
    servr: "is not a setting",
    "guards.max_zeroed_percent": "must be at most 100",
  });
});

test("an unknown setting names the one that was probably meant", () => {
  const loaded = loadText(`accounts:\n${shopWith("locaton: main, fulfil: 1")}`, { T: "t" });
  expect(loaded.ok ? [] : loaded.complaints.map(({ path, fix }) => [path, fix.slice(0, 24)])).toEqual([
    ["accounts[0].locaton", "did you mean location?"],
    ["accounts[0].fulfil", "remove it; known here: i"],
  ]);
  expect(nearestKey("clientSecret", ["client_id", "client_secret"])).toBe("client_secret");
  expect(nearestKey("zzz", ["client_id", "client_secret"])).toBeUndefined();
});

test("an empty variable is as bad as a missing one", () => {
  const loaded = loadText(threeAccounts, { ...threeAccountsEnv, AMZ_SECRET: "" });
  expect(complaintsOf(loaded)).toEqual({
    "accounts[0].credentials.client_secret": "the environment variable AMZ_SECRET is empty",
  });
});

test("a secret in the file is refused and not repeated, unless the account stays on this machine", () => {
  const literal = threeAccounts.replace("${EBAY_SECRET}", "SBX-in-the-clear");
  const loaded = loadText(literal, threeAccountsEnv);
  expect(complaintsOf(loaded)).toEqual({ "accounts[1].credentials.client_secret": "a secret is written in the file" });
  expect(JSON.stringify(loaded)).not.toContain("in-the-clear");
  expect(JSON.stringify(loaded)).toContain("EBAY_US_CLIENT_SECRET");
  const onLoopback = threeAccounts.replace("${AMZ_SECRET}", "simulated");
  expect(settingsOf(loadText(onLoopback, threeAccountsEnv)).accounts).toHaveLength(3);
  const half = onLoopback.replace('auth: "http://127.0.0.1:4001"', "auth: https://api.amazon.com");
  expect(complaintsOf(loadText(half, threeAccountsEnv))).toHaveProperty(["accounts[0].credentials.client_secret"]);
});

test("a variable's text cannot add settings, however it looks", () => {
  const nasty = 'x }, mode: live, name: { "a": ${T} # ';
  const settings = settingsOf(loadText(`accounts:\n${shopWith("name: ${NAME}")}`, { T: "t", NAME: nasty.trim() }));
  expect(settings.accounts[0]).toMatchObject({ name: nasty.trim(), mode: "read-only" });
});

test("a reference that is not one is a complaint, not a literal", () => {
  expect(complaintsOf(loadText(`locations: [{ id: main, name: "\${my-name}" }]`))).toEqual({
    "locations[0].name": "a reference to the environment is not written as ${NAME}",
  });
});

test("broken YAML is told by line and column without quoting the file", () => {
  const loaded = loadText('users:\n  - name: a\n    password: "hunter2\n  role: [\n');
  expect(Object.keys(complaintsOf(loaded))).toEqual(["file"]);
  expect(complaintsOf(loaded)["file"]).toMatch(/^line \d+, column \d+: /);
  expect(JSON.stringify(loaded)).not.toContain("hunter2");
});

test("a secret with a line break at its end is refused before a channel refuses it", () => {
  expect(complaintsOf(loadText(threeAccounts, { ...threeAccountsEnv, SHOP_TOKEN: "shpat_1\n" }))).toEqual({
    "accounts[2].credentials.access_token": "has blanks or a line break at its start or end",
  });
});

test("two accounts of one seller on one channel are refused", () => {
  const twice = threeAccounts.replace(
    "accounts:\n",
    `accounts:\n${threeAccounts.split("\n")[1]?.replace("amazon-us", "amazon-ca")}\n`,
  );
  expect(complaintsOf(loadText(twice, threeAccountsEnv))).toEqual({
    "accounts[1]": "is the same seller on the same channel as accounts[0]",
  });
});

test("a marketplace of another region and an eBay token of the wrong form are refused", () => {
  const text = threeAccounts.replace("[ATVPDKIKX0DER]", "[ATVPDKIKX0DER, A1PA6795UKMFR9]");
  expect(complaintsOf(loadText(text, { ...threeAccountsEnv, EBAY_TOKEN: "short" }))).toEqual({
    "accounts[0].marketplace_ids[1]": "belongs to region eu, but the account's region is na",
    "accounts[1].webhooks.verification_token": "is not what eBay accepts",
  });
});

test("digits without quotes are refused where text is kept exactly", () => {
  expect(complaintsOf(loadText("locations: [{ id: main, name: 0012 }]"))).toEqual({
    "locations[0].name": "must be text",
  });
});

test("complaints read as a block for people and as JSON for programs", () => {
  const complaints = [{ path: "server.port", problem: "must be at most 65535", fix: "give a port" }];
  expect(complaintsText(complaints, "lockstep.yaml")).toBe(
    "1 problem in the settings (lockstep.yaml):\n\n  server.port\n    must be at most 65535\n    fix: give a port",
  );
  expect(JSON.parse(complaintsJson(complaints, undefined))).toEqual({ source: null, complaints });
});
