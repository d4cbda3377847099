import { systemClock as clock, toIso } from "../../src/core/clock.ts";
import { LocationId, Sku } from "../../src/core/ids.ts";
import { type Random, seededRandom } from "../../src/core/random.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Db } from "../../src/db/pool.ts";
import { inTransaction } from "../../src/db/transaction.ts";
import { confirmPushes } from "../../src/jobs/confirm-pushes.ts";
import type { AccountPlan, JobDeps } from "../../src/jobs/deps.ts";
import { importListings } from "../../src/jobs/import-listings.ts";
import { ingest } from "../../src/jobs/ingest.ts";
import { pollOrders } from "../../src/jobs/poll-orders.ts";
import { publishEvents } from "../../src/jobs/publish-events.ts";
import { pushAccount } from "../../src/jobs/push-account.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { signerOf } from "../../src/ledger/log/signing-key.ts";
import { upsertLocations } from "../../src/ledger/queries.ts";
import { setLinks } from "../../src/mapping/links.ts";
import { listingIdByName } from "../../src/mapping/listings.ts";
import { type AllocationPolicy, type PolicyOverride, showEverything } from "../../src/mapping/policy.ts";
import { upsertAccounts } from "../../src/sync/accounts.ts";
import { owedWork } from "../../src/sync/owed-work.ts";
import { ensureTargets } from "../../src/sync/targets.ts";
import { ShownChannel } from "./shown-channel.ts";

const locations = ["main", "shop"] as const;
const accountIds = ["first", "second", "third"] as const;

const int = (random: Random, max: number): number => Math.floor(random() * (max + 1));

/** Parts of a policy come and go; some counted figures, tiers and priorities are always among fifty. */
const randomPolicy = (random: Random): AllocationPolicy => ({
  sharePercent: random() < 0.5 ? 100 : 10 + int(random, 90),
  bufferUnits: random() < 0.5 ? 0 : int(random, 4),
  capUnits: random() < 0.5 ? null : int(random, 40),
  floorUnits: random() < 0.7 ? 0 : int(random, 5),
  ...(random() < 0.3 && {
    lastUnits: { atMostUnits: int(random, 6), accounts: [accountIds[int(random, 2)] ?? "first"] },
  }),
  ...(random() < 0.4 && {
    tiers: [
      { upToUnits: int(random, 20), sharePercent: 50, capUnits: 3 },
      { upToUnits: 2, capUnits: 1 },
    ],
  }),
  ...(random() < 0.2 && {
    counts: [
      { figure: "on_hand", sign: 1 },
      { figure: "reserved", locationId: "main", sign: -1 },
    ],
  }),
});

export type World = {
  readonly deps: JobDeps;
  readonly channels: ReadonlyMap<string, ShownChannel>;
  readonly listings: readonly { readonly accountId: string; readonly ref: string }[];
  readonly skus: readonly string[];
  readonly random: Random;
  /** Imports, polls, pushes and reads back until nothing is owed but what a hold keeps. */
  settle(): Promise<void>;
};

const plansOf = (skus: readonly string[], random: Random): ReadonlyMap<string, AccountPlan> => {
  const guards = {
    maxZeroedCount: 1e9,
    maxZeroedPercent: 100,
    maxLoweredCount: 1_000_000,
    maxLoweredPercent: 100,
    maxRaisedCount: 1e9,
    maxRaisedPercent: 100,
  };
  const times = { quietMs: 500, ordersEveryMs: 60_000, ordersEveryMsMin: 0, listingsEveryMs: 3_600_000 };
  return new Map(
    accountIds.map((accountId, index) => {
      const overrides = Array.from({ length: 50 }, (_, at): PolicyOverride => {
        const named = skus.filter((_sku, number) => number % 100 === at);
        return { skus: named, listings: [], policy: randomPolicy(random) };
      });
      const policy = index === 0 ? showEverything : randomPolicy(random);
      const plan = {
        accountId,
        locationId: "main",
        locationIds: index === 2 ? ["main"] : locations,
        policy,
        overrides,
      };
      return [accountId, { ...plan, guards, ...times }];
    }),
  );
};

/** Every SKU on every account; each tenth listing is a pack, each twelfth a kit of two. */
const linkOddOnes = async (deps: JobDeps, skus: readonly string[]): Promise<void> => {
  for (const accountId of accountIds) {
    await inTransaction(deps.db, async (tx) => {
      const now = toIso(clock.now());
      const ids: number[] = [];
      for (const [index, sku] of skus.entries()) {
        if (index % 10 !== 0 && index % 12 !== 0) continue;
        const id = await listingIdByName(tx, accountId, `${accountId}:${sku}`);
        if (id === undefined) throw new Error(`${accountId}:${sku} was not imported`);
        const other = skus[(index + 7) % skus.length] ?? sku;
        const kit = [
          { sku, units: 1 },
          { sku: other, units: 2 },
        ];
        await setLinks(tx, id, index % 12 === 0 ? kit : [{ sku, units: 3 }], "bench", now);
        ids.push(id);
      }
      await ensureTargets(tx, ids, now);
    });
  }
};

/** Real jobs over a real ledger; only the channels are made of maps. `listings` is rounded to whole SKUs. */
export const makeWorld = async (
  db: Db,
  given: { readonly listings: number; readonly seed: number },
): Promise<World> => {
  const random = seededRandom(given.seed);
  const quiet = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
  const skus = Array.from({ length: Math.ceil(given.listings / accountIds.length) }, (_, index) => `SKU-${index}`);
  const plans = plansOf(skus, random);
  const channels = new Map(accountIds.map((id) => [id as string, new ShownChannel(() => toIso(clock.now()))]));
  const connectors = new Map([...channels].map(([id, channel]) => [id, channel.connector()]));
  let attempts = 0;
  const deps: JobDeps = {
    db,
    ledger: createLedger({ db, clock, random, afterCommit: () => undefined }),
    clock,
    random,
    ids: () => `attempt-${(attempts += 1)}`,
    log: quiet,
    holder: "bench",
    connectorFor: (id) => connectors.get(id),
    planFor: (id) => plans.get(id),
    wake: () => undefined,
    signer: signerOf(new Secret("5".repeat(64))),
    headFiles: [],
    metrics: { deliveriesSettled: () => undefined, pushes: () => undefined, pushLag: () => undefined },
  };
  await upsertLocations(
    db,
    locations.map((id) => ({ id, name: id })),
  );
  await upsertAccounts(
    db,
    accountIds.map((id) => ({ id, channel: "shopify", mode: "live" })),
    toIso(clock.now()),
  );
  const receive = (sku: string, locationId: string, units: number) =>
    deps.ledger.submit({
      kind: "receive",
      key: `${sku}@${locationId}`,
      sku: Sku.parse(sku),
      locationId: LocationId.parse(locationId),
      units,
      reason: null,
      actor: "bench",
      occurredAt: toIso(clock.now()),
    });
  await Promise.all(skus.flatMap((sku) => locations.map((place) => receive(sku, place, 1 + int(random, 40)))));
  for (const [accountId, channel] of channels)
    for (const [index, sku] of skus.entries())
      channel.list(`${accountId}:${sku}`, index % 10 === 0 || index % 12 === 0 ? null : sku, int(random, 60));

  const signal = new AbortController().signal;
  const run = async (accountId: string, job: typeof pushAccount): Promise<void> => {
    await job.run({ payload: { accountId }, signal, drain: signal, progress: () => undefined }, deps);
  };
  const settle = async (): Promise<void> => {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      await publishEvents.run({ payload: {}, signal, drain: signal, progress: () => undefined }, deps);
      for (const job of [pollOrders, ingest, pushAccount, confirmPushes])
        await Promise.all(accountIds.map((accountId) => run(accountId, job)));
      const work = await owedWork(db, toIso(clock.now()));
      if (work.every(({ oldestOwedMs, openAttempts }) => oldestOwedMs === null && openAttempts === 0)) return;
      await clock.sleep(100);
    }
    throw new Error("the world does not come to rest");
  };
  for (const accountId of accountIds) await run(accountId, importListings);
  await linkOddOnes(deps, skus);
  const listings = accountIds.flatMap((accountId) => skus.map((sku) => ({ accountId, ref: `${accountId}:${sku}` })));
  return { deps, channels, listings, skus, random, settle };
};

/** Sales, checkouts and holds, then rest: some listings stay frozen at what they showed, some at 0. */
export const disturb = async ({ deps, channels, listings, skus, random, settle }: World): Promise<void> => {
  const any = <One>(of: readonly One[]): One => of[int(random, of.length - 1)] as One;
  const { putHold } = await import("../../src/jobs/put-hold.ts");
  const hold = (kind: "freeze" | "zero") =>
    putHold(deps, {
      kind,
      target: { scope: "sku", sku: any(skus) },
      reason: "bench",
      actor: "bench",
      expiresAt: null,
      requestKey: null,
    });
  for (let count = 0; count < 20; count += 1) await hold(count % 2 === 0 ? "freeze" : "zero");
  const sales = Math.ceil(listings.length / 5);
  for (let sale = 0; sale < sales; sale += 1) {
    const { accountId, ref } = any(listings);
    channels.get(accountId)?.sell(`order-${sale}`, ref);
  }
  const reservations = Array.from({ length: Math.ceil(sales / 4) }, (_, index) =>
    deps.ledger.submit({
      kind: "reserve",
      key: `cart-${index}`,
      actor: "bench",
      occurredAt: toIso(clock.now()),
      reservationId: `cart-${index}`,
      lines: [{ sku: Sku.parse(any(skus)), locationId: LocationId.parse("main"), units: 1 }],
      mode: "all",
      ttlMs: 3_600_000,
      reference: null,
    }),
  );
  await Promise.all(reservations);
  await settle();
};
