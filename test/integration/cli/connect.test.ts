import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeEach, expect, inject, test } from "vitest";
import { z } from "zod";
import { demoAmazonAccount as amazon } from "../../../src/simulators/amazon/account.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { demoEbayCredentials as ebay } from "../../../src/simulators/ebay/credentials.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { demoShopifyAccount as shopify } from "../../../src/simulators/shopify/account.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { startAddress } from "../../conformance/laws/control.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";

/** The command line as an operator runs it, on three simulated channels where nothing is subscribed yet. */
const verificationToken = "connect-verification-token-0123456789abcdef";
const amazonSimulator = await startAmazonSimulator({ subscribed: false });
const ebaySimulator = await startEbaySimulator();
const shopifySimulator = await startShopifySimulator();
const simulators = [amazonSimulator, ebaySimulator, shopifySimulator];
const address = await startAddress(verificationToken);
afterAll(async () => {
  for (const { close } of [...simulators, address]) await close();
});

let database: TestDatabase;
let folder: string;
beforeEach(async () => {
  database = await createTestDatabase();
  folder = mkdtempSync(join(tmpdir(), "lockstep-connect-"));
});
afterEach(() => database.drop());

const settings = (changes: { readonly ebayRefreshToken?: string } = {}) => ({
  accounts: [
    {
      id: "amazon-us",
      channel: "amazon",
      region: "na",
      seller_id: amazon.sellerId,
      marketplace_ids: [amazon.marketplaceId],
      credentials: {
        client_id: amazon.clientId,
        client_secret: amazon.clientSecret,
        refresh_token: amazon.refreshToken,
      },
      notifications: {
        queue_url: amazonSimulator.queueUrl,
        region: amazon.awsRegion,
        access_key_id: amazon.awsAccessKeyId,
        secret_access_key: amazon.awsSecretAccessKey,
      },
      expires: { "client secret": "2999-01-01" },
      endpoints: { api: amazonSimulator.url, auth: amazonSimulator.url, sqs: amazonSimulator.sqsUrl },
    },
    {
      id: "ebay-us",
      channel: "ebay",
      marketplace_id: "EBAY_US",
      credentials: {
        client_id: ebay.clientId,
        client_secret: ebay.clientSecret,
        refresh_token: changes.ebayRefreshToken ?? ebay.refreshToken,
      },
      webhooks: { verification_token: verificationToken, endpoint: address.url, alert_email: "stock@example.com" },
      endpoints: { api: ebaySimulator.url, auth: ebaySimulator.url },
    },
    {
      id: "shop",
      channel: "shopify",
      shop: shopify.shopDomain,
      credentials: { access_token: shopify.accessToken, client_secret: shopify.clientSecret },
      webhooks_address: "https://stock.example.com/webhooks/shopify/shop",
      endpoints: { api: shopifySimulator.url },
    },
  ],
});

const Answer = z.object({
  ok: z.boolean(),
  dryRun: z.boolean().optional(),
  accounts: z
    .array(
      z.object({
        account: z.string(),
        findings: z.array(
          z.object({ check: z.string(), ok: z.boolean(), detail: z.string(), fix: z.string().optional() }),
        ),
      }),
    )
    .default([]),
  missing: z
    .array(z.object({ account: z.string(), setting: z.string(), problem: z.string(), how: z.string() }))
    .default([]),
});

const lockstep = async (words: string, file: unknown = settings()) => {
  const config = join(folder, "lockstep.json");
  writeFileSync(config, JSON.stringify(file));
  const child = spawn(process.execPath, [resolve("src/main.ts"), ...words.split(" "), "--json", "--config", config], {
    cwd: folder,
    env: {
      ...process.env,
      DATABASE_URL: database.url,
      REDIS_URL: inject("redisUrl"),
      LOCKSTEP_DATA_DIR: folder,
      LOCKSTEP_SECRET_KEY: "1".repeat(64),
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise<number | null>((done) => child.once("exit", done));
  const [out, complaints, code] = [await text(child.stdout), await text(child.stderr), await ended];
  if (out === "") throw new Error(`no answer, exit code ${code}: ${complaints}`);
  return { code, ...Answer.parse(JSON.parse(out)) };
};
const failing = ({ accounts }: Awaited<ReturnType<typeof lockstep>>): readonly string[] =>
  accounts.flatMap(({ account, findings }) =>
    findings.filter(({ ok }) => !ok).map(({ check }) => `${account} ${check}`),
  );
const made = ({ accounts }: Awaited<ReturnType<typeof lockstep>>): number =>
  accounts.flatMap(({ findings }) => findings).filter(({ detail }) => /\bnow\b|has been/.test(detail)).length;

test("a dry run makes nothing and names what is missing; connecting makes it once; the check agrees; no quantity is written", async () => {
  const dry = await lockstep("connect amazon ebay shop --dry-run");
  expect([made(dry), dry.dryRun, dry.ok, dry.code]).toEqual([0, true, false, 1]);
  expect(new Set(failing(dry).map((one) => one.split(" ")[0]))).toEqual(new Set(["amazon-us", "ebay-us"]));
  const connected = await lockstep("connect amazon ebay shop");
  expect([failing(connected), connected.code]).toEqual([[], 0]);
  expect(made(connected)).toBeGreaterThan(10);
  expect(made(await lockstep("connect amazon ebay shop"))).toBe(0);
  const checked = await lockstep("check");
  expect([failing(checked), checked.code]).toEqual([[], 0]);
  expect(checked.accounts.map(({ account }) => account)).toEqual(["amazon-us", "ebay-us", "shop"]);
  for (const { channel } of simulators) {
    expect(channel.writesSince(0)).toEqual([]);
    expect(channel.violations()).toEqual([]);
  }
  const { rows } = await database.db.pool.query<{ account_id: string; name: string }>(
    "select account_id, name from account_finding where expires_at is not null order by account_id",
  );
  expect(rows).toEqual([
    { account_id: "amazon-us", name: "expiry of client secret" },
    { account_id: "shop", name: "api version" },
  ]);
}, 300_000);

test("a settings file without the account, and one with a hole in it, say where to get what", async () => {
  const nothing = await lockstep("connect ebay", {});
  expect(nothing.code).toBe(1);
  expect(nothing.missing.map(({ setting }) => setting)).toContain("credentials.refresh_token");
  const { accounts } = settings({ ebayRefreshToken: "${NO_SUCH_VARIABLE}" });
  const hole = await lockstep("connect ebay-us", { accounts });
  expect([hole.code, hole.missing]).toEqual([
    1,
    [
      {
        account: "ebay-us",
        setting: "credentials.refresh_token",
        problem: "the environment variable NO_SUCH_VARIABLE is not set",
        how: expect.stringContaining("User Tokens"),
      },
    ],
  ]);
});

test("refused credentials fail with a fix, and the other accounts are still looked at", async () => {
  const checked = await lockstep("check", settings({ ebayRefreshToken: "revoked" }));
  expect(checked.code).toBe(1);
  const wrong = failing(checked);
  expect(wrong.some((one) => one.startsWith("ebay-us"))).toBe(true);
  const others = checked.accounts.filter(({ account }) => account !== "ebay-us");
  expect(others.map((one) => one.findings.some(({ check, ok }) => check === "credentials" && ok))).toEqual([
    true,
    true,
  ]);
  const findings = checked.accounts.flatMap((account) => account.findings);
  expect(findings.filter(({ ok, fix }) => !ok && fix === undefined)).toEqual([]);
});
