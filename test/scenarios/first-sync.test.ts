import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { z } from "zod";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { post } from "../../src/ledger/post.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import type { SeedListing } from "../../src/simulators/kit/simulator.ts";
import { demoShopifyAccount } from "../../src/simulators/shopify/account.ts";
import { type ShopifySimulator, startShopifySimulator } from "../../src/simulators/shopify/start.ts";
import { runCommand, startCommand } from "../support/command-line.ts";
import { createTestDatabase, type TestDatabase } from "../support/database.ts";
import { until } from "../support/until.ts";

/** `FIRST_SYNC_LISTINGS=50000` runs it at a large merchant's size. */
const listings = Number(process.env["FIRST_SYNC_LISTINGS"] ?? "1500");
/** The simulated shop pages through at most 25,000 items. */
const listingsAShop = 20_000;

const dir = mkdtempSync(join(tmpdir(), "lockstep-first-sync-"));
type Shop = { readonly id: string; readonly simulator: ShopifySimulator; readonly seeded: readonly SeedListing[] };
let shops: readonly Shop[] = [];
let database: TestDatabase;
let env: Readonly<Record<string, string>>;
const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const openShop = async (id: string, count: number): Promise<Shop> => {
  const account = { ...demoShopifyAccount, shopDomain: `${id}.myshopify.com` };
  const simulator = await startShopifySimulator({ speedUp: 10_000, account });
  const seeded = Array.from({ length: count }, (_, i) => ({
    sku: `${id}/${i}`,
    title: `Thing ${i}`,
    units: 1 + (i % 9),
    fulfilledBy: "merchant" as const,
  }));
  simulator.channel.seedListings(seeded);
  return { id, simulator, seeded };
};

const settingsOf = ({ id, simulator }: Shop): string => `
  - id: ${id}
    channel: shopify
    shop: ${id}.myshopify.com
    settle_seconds: 2
    orders: { lag_seconds: 1, overlap_seconds: 5 }
    credentials: { access_token: ${demoShopifyAccount.accessToken}, client_secret: ${demoShopifyAccount.clientSecret} }
    endpoints: { api: "${simulator.url}" }
    quotas: { graphql: { rate_per_second: 10000, burst: 100000 } }`;

beforeAll(async () => {
  const count = Math.ceil(listings / listingsAShop);
  const each = Math.floor(listings / count);
  shops = await Promise.all(
    Array.from({ length: count }, (_, i) => openShop(`shop-${i + 1}`, i === 0 ? listings - each * (count - 1) : each)),
  );
  database = await createTestDatabase();
  writeFileSync(
    join(dir, "lockstep.yaml"),
    `locations: [{ id: main, name: Main }, { id: back, name: Back room }]\naccounts:${shops.map(settingsOf).join("")}\n`,
  );
  env = {
    DATABASE_URL: database.url,
    LOCKSTEP_CONFIG: join(dir, "lockstep.yaml"),
    LOCKSTEP_DATA_DIR: dir,
    LOCKSTEP_SECRET_KEY: "5".repeat(64),
    ...(inject("redisUrl") === "" ? {} : { REDIS_URL: inject("redisUrl") }),
  };
}, 600_000);
afterAll(async () => {
  for (const { simulator } of shops) await simulator.close();
  await database.drop();
  rmSync(dir, { recursive: true, force: true });
});

const shown = ({ simulator }: Shop): ReadonlyMap<string, number> =>
  new Map(simulator.channel.truth().listings.map(({ sku, units }) => [sku, units]));
const writesOf = ({ simulator }: Shop): number => simulator.channel.writesSince(0).length;

const Made = z.object({
  plans: z.tuple([z.object({ hash: z.string(), groups: z.record(z.string(), z.object({ listings: z.number() })) })]),
});
const makePlan = async ({ id }: Shop): Promise<z.infer<typeof Made>["plans"][0]> => {
  const ran = await runCommand(["plan", "--account", id, "--json", "--limit", "0"], env);
  expect(ran.code, ran.err).toBe(0);
  tell(`${id}: plan ${ran.ms} ms`);
  return Made.parse(JSON.parse(ran.out)).plans[0];
};

/** The SKUs are the ledger's, but not one unit lies where the account sells from. */
const fillOtherLocation = async (): Promise<void> => {
  const seeded = shops.flatMap((shop) => shop.seeded);
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

const connect = async (shop: Shop): Promise<void> => {
  const imported = await runCommand(["import", shop.id], env);
  expect(imported.code, imported.err).toBe(0);
  tell(`${shop.id}: ${shop.seeded.length} listings imported, ${imported.ms} ms`);
  const plan = await makePlan(shop);
  expect(plan.groups).toMatchObject({ unmapped: { listings: shop.seeded.length } });
  const ran = await runCommand(["apply", "--plan", plan.hash, "--json"], env);
  expect(ran.code).toBe(1);
  expect(JSON.parse(ran.out)).toMatchObject({ done: false, refused: [{ code: "nothing-linked" }] });
};

/** Not linked before, now linked to SKUs without a unit where the account sells from: refused, and not one write. */
const refusedPlan = async (shop: Shop): Promise<string> => {
  const count = shop.seeded.length;
  const plan = await makePlan(shop);
  expect(plan.groups).toMatchObject({ "not-in-ledger": { listings: count }, unmapped: { listings: 0 } });
  const ran = await runCommand(["apply", "--plan", plan.hash], env);
  expect(ran.code).toBe(1);
  expect(ran.err).toMatch(new RegExp(`${count} listings \\(100 %\\) would be set to 0; the limit is`));
  expect(writesOf(shop)).toBe(0);
  expect(shop.simulator.channel.counters()).toMatchObject({ writesAccepted: 0 });
  tell(`${shop.id}: refused with exit ${ran.code}; writes counted by the shop: ${writesOf(shop)}`);
  return plan.hash;
};

const override = (hash: string): readonly string[] => [
  "apply",
  "--plan",
  hash,
  "--json",
  "--override-guards",
  "--reason",
  "we close the shop",
];

/** Looking costs no write: one listing as CSV, and what applying would do. */
const lookOnly = async (shop: Shop, hash: string): Promise<void> => {
  const [first] = shop.seeded;
  const csv = await runCommand(["plan", "--plan", hash, "--csv", "--listing", first?.sku ?? ""], env);
  const why = "; the account's location has no level of it; linked by auto:exact-sku";
  const [head, line, ...rest] = csv.out.trimEnd().split("\r\n");
  expect(head).toMatch(/^account,plan,group,listing,channel_sku,shows,would_show,why/);
  expect(line).toContain(`${shop.id},${hash},not-in-ledger,`);
  expect(line).toContain(`,${first?.sku},${first?.units},0,0 of ${first?.sku} available; policy `);
  expect(line).toContain(`${why},`);
  expect(rest).toEqual([]);
  const dry = await runCommand([...override(hash), "--dry-run"], env);
  expect(dry.code, dry.err).toBe(0);
  const world = { movedListings: 0, worseListings: 0, moved: false };
  expect(JSON.parse(dry.out)).toMatchObject({ done: false, wouldWrite: shop.seeded.length, world });
  expect(writesOf(shop)).toBe(0);
};

/** Going live without a plan in force is warned of, never refused. */
const warnedOfGoingLive = async (shop: Shop): Promise<void> => {
  const ran = await runCommand(["account", shop.id, "--state", "live", "--json"], env);
  expect(ran.code, ran.err).toBe(0);
  expect(ran.err).toContain(`warning: no plan of "${shop.id}" was ever applied`);
  expect(JSON.parse(ran.out)).toMatchObject({ done: false, warning: expect.stringContaining("lockstep plan") });
};

const killOnTheWay = async (shop: Shop, hash: string): Promise<void> => {
  const killed = startCommand(override(hash), env);
  await until(() => writesOf(shop) > shop.seeded.length / 3, 1_200_000);
  killed.child.kill("SIGKILL");
  expect((await killed.ended).code).toBeNull();
  expect(writesOf(shop)).toBeLessThan(shop.seeded.length);
  tell(`${shop.id}: killed after ${writesOf(shop)} writes`);
};

const zeroEverything = async (shop: Shop, hash: string): Promise<void> => {
  const total = shop.seeded.length;
  const ran = await runCommand(override(hash), env);
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({ done: true, state: "applied", total, refused: 0 });
  expect(new Set(shown(shop).values())).toEqual(new Set([0]));
  expect(writesOf(shop)).toBe(total);
  tell(`${shop.id}: all ${total} set to 0, ${ran.ms} ms`);
};

const putBack = async (shop: Shop, hash: string): Promise<void> => {
  const count = shop.seeded.length;
  const ran = await runCommand(["restore", "--plan", hash, "--yes", "--json"], env);
  expect(ran.code, ran.err).toBe(0);
  expect(JSON.parse(ran.out)).toMatchObject({ restored: count, captured: count, differing: [] });
  expect(shown(shop)).toEqual(new Map(shop.seeded.map(({ sku, units }) => [sku, units])));
  expect(shop.simulator.channel.violations()).toEqual([]);
  tell(`${shop.id}: put back ${count} of ${count}, ${ran.ms} ms`);
};

test("a full shop over an empty ledger: refused without a write, zeroed when overridden, and put back to the last unit", async () => {
  for (const shop of shops) await connect(shop);
  await fillOtherLocation();
  for (const [at, shop] of shops.entries()) {
    const hash = await refusedPlan(shop);
    if (at === 0) {
      await lookOnly(shop, hash);
      await warnedOfGoingLive(shop);
      await killOnTheWay(shop, hash);
    }
    await zeroEverything(shop, hash);
    await putBack(shop, hash);
  }
  const accounts = await runCommand(["accounts", "--json"], env);
  expect(JSON.parse(accounts.out)).toMatchObject({ accounts: shops.map(({ id }) => ({ id, state: "paused" })) });
}, 3_600_000);
