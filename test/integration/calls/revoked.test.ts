import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { compose, type Runtime } from "../../../src/compose.ts";
import type { ConfiguredAccount, Settings } from "../../../src/config/settings.ts";
import { systemClock, toIso } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoAccountSettings, demoAccounts } from "../../../src/demo/accounts.ts";
import { freePort } from "../../../src/embedded/free-port.ts";
import { startRedis } from "../../../src/embedded/redis.ts";
import { createLogger } from "../../../src/ops/logger.ts";
import { demoAmazonAccount } from "../../../src/simulators/amazon/account.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { demoEbayCredentials } from "../../../src/simulators/ebay/credentials.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import type { SimulatedChannel } from "../../../src/simulators/kit/simulator.ts";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { runCommand } from "../../support/command-line.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

/**
 * The whole of Lockstep over three simulators: one account's authorisation is withdrawn while every listing of all three
 * owes a push, and given back later. Access tokens die after two seconds, so that the withdrawal is met by a refresh.
 */
type Channel = keyof typeof demoAccounts;
const channels = ["amazon", "ebay", "shopify"] as const satisfies readonly Channel[];
/** What each simulator asks for; a test changes it as the merchant would. */
const held = {
  amazon: { ...demoAmazonAccount },
  ebay: { ...demoEbayCredentials },
  shopify: { ...demoShopifyAccount },
};
/** Shopify's client-credentials grant has no refresh token: there it is the app's secret that stops working. */
const withdraw = (channel: Channel): void => {
  if (channel === "shopify") Object.assign(held.shopify, { clientSecret: "another" });
  else Object.assign(held[channel], { refreshToken: "another" });
};
const giveBack = (channel: Channel): void => {
  if (channel === "shopify") Object.assign(held.shopify, { clientSecret: demoShopifyAccount.clientSecret });
  if (channel === "amazon") Object.assign(held.amazon, { refreshToken: demoAmazonAccount.refreshToken });
  if (channel === "ebay") Object.assign(held.ebay, { refreshToken: demoEbayCredentials.refreshToken });
};

const skus = Array.from({ length: 30 }, (_, index) => `SKU-${index}`);
/** A set-aside account is tried at this pace, and the first try that works ends it. */
const ordersMs = 6_000;
/** What was under way at the withdrawal has ended by then. */
const underWayMs = 1_500;
const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const closers: (() => Promise<unknown>)[] = [];
const simulated = new Map<Channel, SimulatedChannel>();
let database: TestDatabase;
let runtime: Runtime;
let env: Readonly<Record<string, string>>;
const onHand = new Map(skus.map((sku) => [sku, 0]));

const renewable = (account: ConfiguredAccount): ConfiguredAccount => {
  const poll = { ...account.poll, ordersMs };
  if (account.channel !== "shopify") return { ...account, poll };
  const { clientId, clientSecret } = demoShopifyAccount;
  return {
    ...account,
    poll,
    credentials: { accessToken: undefined, clientId, clientSecret: new Secret(clientSecret) },
  };
};

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-revoked-"));
  closers.push(async () => rmSync(dataDir, { recursive: true, force: true }));
  database = await createTestDatabase();
  closers.push(() => database.drop());
  let redisUrl: string | undefined;
  if (inject("redisUrl") !== "") {
    const redis = await startRedis({ dataDir, log: quiet });
    if (!("unavailable" in redis)) {
      closers.push(() => redis.stop());
      redisUrl = redis.url;
    }
  }
  const common = { faults: { ...faultPlans.none, tokenLifeMs: 2_000 }, speedUp: 60 };
  const amazon = await startAmazonSimulator({ ...common, account: held.amazon });
  const ebay = await startEbaySimulator({ ...common, credentials: held.ebay });
  const shopify = await startShopifySimulator({ ...common, account: held.shopify });
  for (const [channel, simulator] of Object.entries({ amazon, ebay, shopify }) as [Channel, typeof amazon][]) {
    closers.push(() => simulator.close());
    simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
    simulated.set(channel, simulator.channel);
  }
  const port = await freePort();
  const large = 10_000;
  const settings: Settings = {
    configPath: undefined,
    dataDir,
    databaseUrl: new Secret(database.url),
    databaseAppRole: undefined,
    redisUrl: redisUrl === undefined ? undefined : new Secret(redisUrl),
    secretKey: undefined,
    logLevel: "info",
    server: { host: "127.0.0.1", port, publicUrl: `http://127.0.0.1:${port}` },
    limits: { webhookBodyBytes: 1_000_000, apiBodyBytes: 256_000 },
    locations: [{ id: "main", name: "Main" }],
    policies: {},
    guards: {
      maxZeroedCount: large,
      maxZeroedPercent: 100,
      maxLoweredCount: large,
      maxLoweredPercent: 100,
      maxRaisedCount: large,
      maxRaisedPercent: 100,
    },
    ledger: { heads: [] },
    users: [],
    accounts: demoAccountSettings({ amazon, ebay, shopify }, held, 60, `http://127.0.0.1:${port}`).map(renewable),
  };
  runtime = await compose(settings, {
    roles: new Set(["web", "worker", "scheduler"]),
    log: createLogger({ level: "info", write: () => undefined }),
    migrate: true,
  });
  closers.push(() => runtime.stop());
  writeFileSync(join(dataDir, "lockstep.json"), JSON.stringify({ locations: settings.locations, accounts: [] }));
  env = {
    DATABASE_URL: database.url,
    LOCKSTEP_CONFIG: join(dataDir, "lockstep.json"),
    LOCKSTEP_DATA_DIR: dataDir,
    LOCKSTEP_SECRET_KEY: "5".repeat(64),
    ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
  };
  await receiveAll("first", 10);
  await until(() => channels.every(showsAll), 60_000);
}, 120_000);
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

const receiveAll = async (key: string, units: number): Promise<void> => {
  for (const sku of skus) {
    await runtime.ledger.submit({
      kind: "receive",
      key: `${key}:${sku}`,
      sku: Sku.parse(sku),
      locationId: LocationId.parse("main"),
      units,
      reason: null,
      actor: "test",
      occurredAt: toIso(systemClock.now()),
    });
    onHand.set(sku, (onHand.get(sku) ?? 0) + units);
  }
};
const wrong = (channel: Channel): readonly string[] =>
  (simulated.get(channel)?.truth().listings ?? [])
    .filter(({ sku, units }) => units !== onHand.get(sku))
    .map(({ sku, units }) => `${sku}: ${units}`);
const showsAll = (channel: Channel): boolean => wrong(channel).length === 0;

const Accounts = z.object({
  accounts: z.array(
    z.object({ id: z.string(), state: z.string(), stateReason: z.string().nullable(), owedTargets: z.number() }),
  ),
});
/** By the command that an operator would type. */
const told = async (accountId: string) => {
  const ran = await runCommand(["accounts", "--json"], env);
  if (ran.code !== 0) throw new Error(ran.err);
  const { accounts } = Accounts.parse(JSON.parse(ran.out));
  return {
    account: accounts.find(({ id }) => id === accountId),
    others: accounts.filter(({ id }) => id !== accountId).map(({ state }) => state),
  };
};
const metric = async (accountId: string, state: string): Promise<string | undefined> => {
  const text = await (await fetch(`${runtime.webUrl}/metrics`)).text();
  return text
    .split("\n")
    .find((line) => line.startsWith(`lockstep_account_state{account="${accountId}",state="${state}"}`))
    ?.split(" ")
    .at(-1);
};
const Row = z.object({ state: z.string(), since: z.coerce.date() });
const stateOf = async (accountId: string): Promise<z.infer<typeof Row>> => {
  const { rows } = await database.db.pool.query("select state, state_since as since from account where id = $1", [
    accountId,
  ]);
  return Row.parse(rows[0]);
};
const Try = z.object({ at: z.coerce.date() });
/** Requests for a token that were refused, oldest first. */
const refusedTries = async (accountId: string): Promise<readonly Date[]> => {
  const { rows } = await database.db.pool.query(
    "select at from channel_call where account_id = $1 and call_class = 'token' and outcome = 'auth' order by id",
    [accountId],
  );
  return z
    .array(Try)
    .parse(rows)
    .map(({ at }) => at);
};

test.each(channels)(
  "%s: an authorisation that is withdrawn under load sets that account aside and no other, with one try; nothing owed is lost",
  async (channel) => {
    const accountId = demoAccounts[channel];
    const pushes = (name: Channel): number => simulated.get(name)?.writesSince(0).length ?? 0;
    const before = pushes(channel);
    const writing = receiveAll(`${channel}:load`, 5);
    await until(() => pushes(channel) > before);
    withdraw(channel);
    const withdrawnMs = systemClock.now();
    await writing;
    await receiveAll(`${channel}:more`, 2);
    await until(async () => (await stateOf(accountId)).state === "needs-attention");
    // The others end up with everything, while this one still owes.
    const others = channels.filter((name) => name !== channel);
    await until(() => others.every(showsAll), 45_000);
    const { since } = await stateOf(accountId);
    const { account, others: otherStates } = await told(accountId);
    expect(account).toMatchObject({ state: "needs-attention" });
    expect(account?.stateReason).toMatch(/invalid_grant|client id and secret/);
    expect(account?.stateReason).toContain(`lockstep check ${accountId}`);
    expect(otherStates).toEqual(["live", "live"]);
    expect(await metric(accountId, "needs-attention")).toBe("1");
    expect(await metric(accountId, "live")).toBe("0");
    for (const name of others) expect(await metric(demoAccounts[name], "live")).toBe("1");
    expect(account?.owedTargets).toBeGreaterThan(0);
    expect(wrong(channel).length).toBeGreaterThan(0);
    // One try by whoever came first; after that only the polls', at their pace. A poll may be due at any moment.
    const tries = await refusedTries(accountId);
    const first = tries.filter((at) => at.getTime() < since.getTime() + underWayMs);
    const spentMs = systemClock.now() - withdrawnMs;
    process.stdout.write(
      `${channel}: set aside ${since.getTime() - withdrawnMs} ms after the withdrawal, ${first.length} try before, ` +
        `${tries.length} in ${spentMs} ms; ${account?.owedTargets} listings owed\n`,
    );
    expect(first).toHaveLength(1);
    expect(tries.length).toBeLessThanOrEqual(1 + Math.ceil(spentMs / ordersMs));
    giveBack(channel);
    await until(async () => (await stateOf(accountId)).state === "live");
    await until(() => showsAll(channel), 45_000);
    await until(async () => (await told(accountId)).account?.owedTargets === 0, 45_000);
    expect(await metric(accountId, "needs-attention")).toBe("0");
    for (const one of simulated.values()) expect(one.violations()).toEqual([]);
  },
  180_000,
);
