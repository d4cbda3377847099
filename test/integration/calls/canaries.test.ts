import { mkdtempSync, rmSync } from "node:fs";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { compose, type Runtime } from "../../../src/compose.ts";
import type { Settings } from "../../../src/config/settings.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { LocationId, Sku } from "../../../src/core/ids.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoAccountSettings, demoAccounts, verificationToken } from "../../../src/demo/accounts.ts";
import { freePort } from "../../../src/embedded/free-port.ts";
import { startRedis } from "../../../src/embedded/redis.ts";
import { createLogger } from "../../../src/ops/logger.ts";
import { demoAmazonAccount } from "../../../src/simulators/amazon/account.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { demoEbayCredentials } from "../../../src/simulators/ebay/credentials.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { createTestDatabase, type TestDatabase } from "../../support/database.ts";
import { until } from "../../support/until.ts";

/**
 * Every buyer of the simulators, and here every credential too, carries the word "canary". The whole of Lockstep runs
 * over them with heavy faults; afterwards nothing that it keeps or says may hold the word, in any of the usual disguises.
 */
const secrets = {
  amazon: {
    ...demoAmazonAccount,
    clientSecret: "amzn1.canary-client-secret",
    refreshToken: "Atzr|canary-refresh-token",
    awsSecretAccessKey: "canary-aws-secret",
  },
  ebay: { ...demoEbayCredentials, clientSecret: "PRD-canary-secret", refreshToken: "v^1.1#canary-refresh" },
  shopify: { ...demoShopifyAccount, clientSecret: "shpss_canary-secret", accessToken: "shpat_canary-token" },
};
const disguises = [
  /canary/i,
  ...["canary", "Canary"].flatMap((word) => [
    new RegExp(Buffer.from(word).toString("hex"), "i"),
    // What base64 makes of it at each of the three places where it may start.
    ...[0, 1, 2].map((shift) => {
      const text = Buffer.from(" ".repeat(shift) + word)
        .toString("base64")
        .replace(/=+$/, "");
      return new RegExp(text.slice(shift === 0 ? 0 : shift + 1, -2));
    }),
  ]),
];
const isFound = (text: string): boolean => disguises.some((disguise) => disguise.test(text));

/** Counts what comes by, on the way to us. */
const watched = { carried: 0, refreshTokens: 0 };
const watch = async (url: string): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const { hostname, port } = new URL(url);
  const count = (text: string): void => {
    watched.carried += (text.match(/canary/gi) ?? []).length;
  };
  const server = createServer((request, response) => {
    const { method, url: path, headers } = request;
    const sent: Buffer[] = [];
    request.on("data", (chunk: Buffer) => sent.push(chunk));
    request.on("end", () => {
      count(Buffer.concat(sent).toString());
      const onward = httpRequest({ hostname, port, method, path, headers }, (answer) => {
        const told: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => told.push(chunk));
        answer.on("error", () => response.destroy());
        answer.on("end", () => {
          count(Buffer.concat(told).toString());
          response.writeHead(answer.statusCode ?? 500, answer.headers).end(Buffer.concat(told));
        });
      });
      onward.on("error", () => response.destroy());
      onward.end(Buffer.concat(sent));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};

const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const log: string[] = [];
const closers: (() => Promise<unknown>)[] = [];
let database: TestDatabase;
let runtime: Runtime;
let redisUrl: string | undefined;
const skus = Array.from({ length: 12 }, (_, index) => `SKU-${index}`);

beforeAll(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), "lockstep-canaries-"));
  closers.push(async () => rmSync(dataDir, { recursive: true, force: true }));
  database = await createTestDatabase();
  closers.push(() => database.drop());
  if (inject("redisUrl") !== "") {
    const redis = await startRedis({ dataDir, log: quiet });
    if (!("unavailable" in redis)) {
      closers.push(() => redis.stop());
      redisUrl = redis.url;
    }
  }
  const common = { faults: faultPlans.heavy, speedUp: 60 };
  const amazon = await startAmazonSimulator({ ...common, account: secrets.amazon });
  const ebay = await startEbaySimulator({ ...common, credentials: secrets.ebay });
  const shopify = await startShopifySimulator({ ...common, account: secrets.shopify });
  closers.push(
    () => amazon.close(),
    () => ebay.close(),
    () => shopify.close(),
  );
  const port = await freePort();
  const webUrl = `http://127.0.0.1:${port}`;
  const [toAmazon, toEbay, toShopify, toUs] = await Promise.all(
    [amazon.url, ebay.url, shopify.url, webUrl].map((url) => watch(url)),
  );
  if (toAmazon === undefined || toEbay === undefined || toShopify === undefined || toUs === undefined)
    throw new Error();
  for (const { close } of [toAmazon, toEbay, toShopify, toUs]) closers.push(close);
  const urls = {
    amazon: { url: toAmazon.url, queueUrl: amazon.queueUrl, sqsUrl: amazon.sqsUrl },
    ebay: { url: toEbay.url },
    shopify: { url: toShopify.url },
  };
  const settings: Settings = {
    configPath: undefined,
    dataDir,
    databaseUrl: new Secret(database.url),
    databaseAppRole: undefined,
    redisUrl: redisUrl === undefined ? undefined : new Secret(redisUrl),
    secretKey: undefined,
    logLevel: "trace",
    server: { host: "127.0.0.1", port, publicUrl: toUs.url },
    limits: { webhookBodyBytes: 1_000_000, apiBodyBytes: 256_000 },
    locations: [{ id: "main", name: "Main" }],
    policies: {},
    guards: {
      maxZeroedCount: 1_000,
      maxZeroedPercent: 100,
      maxLoweredCount: 1_000,
      maxLoweredPercent: 100,
      maxRaisedCount: 1_000,
      maxRaisedPercent: 100,
    },
    ledger: { heads: [] },
    users: [],
    accounts: demoAccountSettings(urls, secrets, 60, toUs.url),
  };
  runtime = await compose(settings, {
    roles: new Set(["web", "worker", "scheduler"]),
    log: createLogger({ level: "trace", write: (line) => void log.push(line) }),
    migrate: true,
  });
  closers.push(() => runtime.stop());
  const listings = skus.map((sku) => ({ sku, title: sku, units: 50 }));
  for (const { channel } of [amazon, ebay, shopify]) channel.seedListings(listings);
  await ebay.channel.setWebhookTarget({ url: `${toUs.url}/webhooks/ebay/${demoAccounts.ebay}`, verificationToken });
  await shopify.channel.setWebhookTarget({ url: `${toUs.url}/webhooks/shopify/${demoAccounts.shopify}` });
  for (const sku of skus)
    await runtime.ledger.submit({
      kind: "receive",
      key: `stock:${sku}`,
      sku: Sku.parse(sku),
      locationId: LocationId.parse("main"),
      units: 50,
      reason: null,
      actor: "test",
      occurredAt: "2026-01-01T00:00:00.000Z",
    });
  // Orders on all three channels, some cancelled, some shipped, while everything fails now and then.
  for (let round = 0; round < 8; round += 1) {
    for (const { channel } of [amazon, ebay, shopify]) {
      const sku = skus[round % skus.length] ?? "";
      const sale = channel.sell({ reference: `r-${round}`, lines: [{ sku, units: 2 }] });
      if (sale.orderId !== null && round % 3 === 1) channel.cancel(sale.orderId);
      if (sale.orderId !== null && round % 3 === 2) channel.ship(sale.orderId);
    }
    await systemClock.sleep(1_200);
  }
  for (const accountId of Object.values(demoAccounts)) {
    const signal = AbortSignal.timeout(10_000);
    await runtime
      .connectorFor(accountId)
      ?.check({ accountId, signal })
      .catch(() => undefined);
  }
  await until(
    async () =>
      Number(
        (
          await database.db.pool.query(
            "select count(distinct account_id) as n from channel_call where call_class = 'push'",
          )
        ).rows[0].n,
      ) === 3,
    30_000,
  );
}, 120_000);
afterAll(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
});

test("the canaries were there: in orders, in messages, in credentials", () => {
  expect(watched.carried).toBeGreaterThan(50);
});

test("the search finds a canary in every disguise that it looks for", () => {
  for (const prefix of ["", "x", "xy", "xyz"])
    for (const word of ["canary", "Canary"])
      for (const encoding of ["utf8", "hex", "base64", "base64url"] as const)
        expect(
          isFound(Buffer.from(`${prefix}${word}-77@buyer`).toString(encoding)),
          `${prefix}${word} ${encoding}`,
        ).toBe(true);
  expect(isFound("a SKU, a quantity and a code")).toBe(false);
});

test("every noted push is linked to its attempts", async () => {
  const { rows } = await database.db.pool.query<{ linked: boolean }>(
    `select exists (select 1 from push_attempt a where a.attempt_key = c.attempt_key) as linked
       from channel_call c where c.call_class = 'push'`,
  );
  expect(rows.length).toBeGreaterThan(5);
  expect(rows.every(({ linked }) => linked)).toBe(true);
});

test("no table holds a canary, the log of calls included", async () => {
  const { rows: tables } = await database.db.pool.query<{ name: string }>(
    "select format('%I.%I', schemaname, tablename) as name from pg_tables where schemaname not in ('pg_catalog', 'information_schema')",
  );
  const counts = new Map<string, number>();
  for (const { name } of tables) {
    const { rows } = await database.db.pool.query<{ text: string }>(`select t::text as text from ${name} t`);
    counts.set(name, rows.length);
    expect(
      rows.filter(({ text }) => isFound(text)),
      name,
    ).toEqual([]);
  }
  expect(tables.length).toBeGreaterThan(20);
  for (const name of ["public.channel_call", "public.inbox", "public.push_attempt", "public.order_line"])
    expect(counts.get(name), name).toBeGreaterThan(5);
  process.stdout.write(
    `canaries: ${watched.carried} on the wire; ${[...counts.values()].reduce((sum, n) => sum + n, 0)} rows of ${tables.length} tables, ` +
      `${counts.get("public.channel_call")} of them calls, and ${log.length} log lines: 0 found\n`,
  );
});

test("no line of the log holds a canary, down to trace", () => {
  expect(log.length).toBeGreaterThan(20);
  expect(log.filter((line) => isFound(line))).toEqual([]);
});

test.skipIf(inject("redisUrl") === "")("nothing in Redis holds a canary", async () => {
  const client = new Redis(redisUrl ?? "");
  const keys = await client.keys("*");
  expect(keys.some((key) => key.startsWith("lockstep:budget:"))).toBe(true);
  for (const key of keys) {
    const kind = await client.type(key);
    const value =
      kind === "hash"
        ? JSON.stringify(await client.hgetall(key))
        : kind === "zset"
          ? JSON.stringify(await client.zrange(key, "0", "-1"))
          : kind === "list"
            ? JSON.stringify(await client.lrange(key, 0, -1))
            : kind === "set"
              ? JSON.stringify(await client.smembers(key))
              : kind === "stream"
                ? JSON.stringify(await client.xrange(key, "-", "+"))
                : String(await client.get(key));
    expect(isFound(`${key} ${value}`), key).toBe(false);
  }
  client.disconnect();
});
