import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { post } from "../../src/ledger/post.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { demoShopifyAccount } from "../../src/simulators/shopify/account.ts";
import { type ShopifySimulator, startShopifySimulator } from "../../src/simulators/shopify/start.ts";
import { runCommand, startCommand } from "../support/command-line.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

/** `FIRST_SYNC_LISTINGS=50000` runs it at a large shop's size. */
const listings = Number(process.env["FIRST_SYNC_LISTINGS"] ?? "1500");

const dir = mkdtempSync(join(tmpdir(), "lockstep-first-sync-"));
let shop: ShopifySimulator;
let database: TestDatabase;
let env: Readonly<Record<string, string>>;
const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const seeded = Array.from({ length: listings }, (_, i) => ({
  sku: `SKU-${i}`,
  title: `Thing ${i}`,
  units: 1 + (i % 9),
  fulfilledBy: "merchant" as const,
}));

const settings = (url: string): string => `
locations: [{ id: main, name: Main }, { id: back, name: Back room }]
accounts:
  - id: shop
    channel: shopify
    shop: ${demoShopifyAccount.shopDomain}
    settle_seconds: 2
    orders: { lag_seconds: 1, overlap_seconds: 5 }
    credentials: { access_token: ${demoShopifyAccount.accessToken}, client_secret: ${demoShopifyAccount.clientSecret} }
    endpoints: { api: "${url}" }
    quotas: { graphql: { rate_per_second: 10000, burst: 100000 } }
`;

beforeAll(async () => {
  shop = await startShopifySimulator({ speedUp: 10_000 });
  shop.channel.seedListings(seeded);
  database = await createTestDatabase();
  writeFileSync(join(dir, "lockstep.yaml"), settings(shop.url));
  env = {
    DATABASE_URL: database.url,
    LOCKSTEP_CONFIG: join(dir, "lockstep.yaml"),
    LOCKSTEP_DATA_DIR: dir,
    LOCKSTEP_SECRET_KEY: "5".repeat(64),
    ...(inject("redisUrl") === "" ? {} : { REDIS_URL: inject("redisUrl") }),
  };
});
afterAll(async () => {
  await shop.close();
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const shown = (): ReadonlyMap<string, number> =>
  new Map(shop.channel.truth().listings.map(({ sku, units }) => [sku, units]));
const asSeeded = new Map(seeded.map(({ sku, units }) => [sku, units]));

const Made = z.object({
  plans: z.tuple([z.object({ hash: z.string(), groups: z.record(z.string(), z.object({ listings: z.number() })) })]),
});
const makePlan = async (): Promise<z.infer<typeof Made>["plans"][0]> => {
  const ran = await runCommand(["plan", "--account", "shop", "--json", "--limit", "0"], env);
  expect(ran.code, ran.err).toBe(0);
  tell(`plan: ${ran.ms} ms`);
  return Made.parse(JSON.parse(ran.out)).plans[0];
};

/** The SKUs are the ledger's, but not one unit lies where the account sells from. */
const fillOtherLocation = async (): Promise<void> => {
  await upsertLocations(database.db, [
    { id: "main", name: "Main" },
    { id: "back", name: "Back room" },
  ]);
  for (let from = 0; from < listings; from += 500)
    await inTransaction(database.db, (tx) =>
      post(
        tx,
        seeded.slice(from, from + 500).map(({ sku, units }) => ({
          kind: "receive" as const,
          key: `receive:${sku}`,
          sku: Sku.parse(sku),
          locationId: LocationId.parse("back"),
          units,
          reason: null,
          actor: "test",
          occurredAt: new Date(0).toISOString(),
        })),
      ),
    );
};

test("a full shop over an empty ledger: refused without a write, zeroed when overridden, and put back to the last unit", async () => {
  const imported = await runCommand(["import", "shop"], env);
  expect(imported.code, imported.err).toBe(0);
  tell(`${listings} listings imported: ${imported.ms} ms`);

  const unlinked = await makePlan();
  expect(unlinked.groups).toMatchObject({ unmapped: { listings } });
  const nothing = await runCommand(["apply", "--plan", unlinked.hash, "--json"], env);
  expect(nothing.code).toBe(1);
  expect(JSON.parse(nothing.out)).toMatchObject({ done: false, refused: [{ code: "nothing-linked" }] });

  await fillOtherLocation();
  const plan = await makePlan();
  expect(plan.groups).toMatchObject({ "not-in-ledger": { listings }, unmapped: { listings: 0 } });
  const refused = await runCommand(["apply", "--plan", plan.hash], env);
  expect(refused.code).toBe(1);
  expect(refused.err).toMatch(new RegExp(`${listings} listings \\(100 %\\) would be set to 0; the limit is`));
  expect(shop.channel.writesSince(0)).toEqual([]);
  expect(shop.channel.counters()).toMatchObject({ writesAccepted: 0 });
  tell(`refused with exit ${refused.code}; writes counted by the shop: ${shop.channel.writesSince(0).length}`);

  const words = ["apply", "--plan", plan.hash, "--override-guards", "--reason", "we close the shop", "--json"];
  const killed = startCommand(words, env);
  await until(async () => shop.channel.writesSince(0).length > listings / 3, 1_200_000);
  killed.child.kill("SIGKILL");
  expect((await killed.ended).code).toBeNull();
  const written = shop.channel.writesSince(0).length;
  expect(written).toBeLessThan(listings);
  const applied = await runCommand(words, env);
  expect(applied.code, applied.err).toBe(0);
  expect(JSON.parse(applied.out)).toMatchObject({ done: true, state: "applied", total: listings, refused: 0 });
  expect(new Set(shown().values())).toEqual(new Set([0]));
  expect(shop.channel.writesSince(0)).toHaveLength(listings);
  tell(`killed after ${written} writes; went on and zeroed all ${listings}: ${applied.ms} ms`);

  const restored = await runCommand(["restore", "--plan", plan.hash, "--yes", "--json"], env);
  expect(restored.code, restored.err).toBe(0);
  expect(JSON.parse(restored.out)).toMatchObject({ restored: listings, captured: listings, differing: [] });
  expect(shown()).toEqual(asSeeded);
  expect(shop.channel.violations()).toEqual([]);
  tell(`put back ${listings} of ${listings}: ${restored.ms} ms`);

  const accounts = await runCommand(["accounts", "--json"], env);
  expect(JSON.parse(accounts.out)).toMatchObject({ accounts: [{ id: "shop", state: "paused" }] });
}, 3_600_000);
