import { type Clock, systemClock } from "../../core/clock.ts";
import { seededRandom } from "../../core/random.ts";
import { QuotaBucket } from "../kit/bucket.ts";
import { type FaultPlan, FaultSource, faultPlans } from "../kit/faults.ts";
import { Journal } from "../kit/journal.ts";
import { serveOnLoopback } from "../kit/serve.ts";
import type { SimulatedChannel } from "../kit/simulator.ts";
import { Timers } from "../kit/timers.ts";
import { WebhookSender } from "../kit/webhook-sender.ts";
import { demoShopifyAccount, type ShopifyAccount } from "./account.ts";
import { createActivate } from "./activate.ts";
import { createAnnouncer } from "./announcer.ts";
import { shopifyApp } from "./app.ts";
import { createBulk } from "./bulk.ts";
import { ShopifyChannel } from "./channel.ts";
import { createDeactivate } from "./deactivate.ts";
import type { Entry } from "./entries.ts";
import { createExecutor, resolveField } from "./execute.ts";
import { Gate } from "./gate.ts";
import { createIdempotency } from "./idempotency.ts";
import { createIdSource } from "./identifiers.ts";
import { createInventoryViews } from "./inventory-views.ts";
import { createOrderViews } from "./order-views.ts";
import { createPayloads } from "./payloads.ts";
import { createRoot } from "./root.ts";
import { apiVersion, shopifySchema } from "./schema.ts";
import { createSetQuantities } from "./set-quantities.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { createTokens } from "./tokens.ts";
import type { View } from "./views.ts";
import { World } from "./world.ts";

export type ShopifySimulatorOptions = {
  /** 0 takes a free one. */
  readonly port?: number;
  readonly seed?: number;
  /** `applyDelayMs`, `acceptedNotAppliedShare` and `staleReadMs` do not exist on this channel: its writes and reads are immediate. */
  readonly faults?: FaultPlan;
  /** null keeps nothing: a restart begins empty. The same path needs the same account's locations and the same seed. */
  readonly journalPath?: string | null;
  /** Compresses Shopify's own times: the bucket's refill, webhook retries, token lives, kept keys. 1 = real. The fault plan's times are never compressed. */
  readonly speedUp?: number;
  readonly clock?: Clock;
  readonly account?: ShopifyAccount;
};

export type ShopifySimulator = {
  /** Stands for `https://{shop}.myshopify.com`; also serves `/_control`. */
  readonly url: string;
  readonly channel: SimulatedChannel;
  close(): Promise<void>;
};

/** Bucket size in seconds of refill (channel document §2). */
const bucketSeconds = 20;

/** Starts the simulated shop on loopback. Closing drops messages under way; the journal keeps the truth. */
export const startShopifySimulator = async (options: ShopifySimulatorOptions = {}): Promise<ShopifySimulator> => {
  const { account = demoShopifyAccount, clock = systemClock, seed = 1, speedUp = 1 } = options;
  const faults = new FaultSource(options.faults ?? faultPlans.none, seededRandom(seed));
  const ids = createIdSource(seed);
  const world = new World(account, ids);
  const journal = new Journal<Entry>(options.journalPath ?? null, (entry) => world.apply(entry));
  const now = (): number => clock.now();
  const [messageTimers, indexTimers] = [new Timers(), new Timers()];
  const sender = new WebhookSender(faults, messageTimers);
  const gate = new Gate();
  let origin = "";
  const payloads = createPayloads(account);
  const announce = createAnnouncer({ world, account, sender, apiVersion, speedUp, seed, now });
  const channel = new ShopifyChannel({
    world,
    journal,
    ids,
    faults,
    clock,
    indexTimers,
    payloads,
    announce,
    violations: () => gate.violations,
    counters: () => ({
      requests: gate.requests,
      contractViolations: gate.contractViolations,
      throttled: gate.throttled,
      // Writes are synchronous here: accepted is applied.
      writesAccepted: world.writes.length,
      writesApplied: world.writes.length,
      pendingWrites: 0,
      pendingMessages: messageTimers.pending + sender.inFlight + indexTimers.pending,
      faults: Object.fromEntries(faults.counts),
    }),
  });
  channel.indexWhatIsHidden();
  const bucket = new QuotaBucket(
    { ratePerSecond: account.restoreRate, burst: account.restoreRate * bucketSeconds, speedUp },
    clock,
  );
  const commit: ShopifyChannel["commit"] = (entry, levels) => channel.commit(entry, levels);
  const checkKey = createIdempotency({ world, commit, now, speedUp });
  const inventory = createInventoryViews(world);
  const complain = (complaint: string): void => gate.complain(gate.current, complaint);
  const bulk = createBulk({
    schema: shopifySchema(),
    root: () => root,
    scopes: account.scopes,
    resolveField,
    complain,
    ids,
    now,
    speedUp,
    fileUrl: (operationId) => `${origin}/_files/bulk/${operationId}.jsonl`,
    fails: () => faults.happens("serverErrorShare"),
  });
  const root: View = createRoot({
    world,
    account,
    inventory,
    orders: createOrderViews(world, account, inventory),
    subscriptions: createSubscriptions({ world, ids, now, commit }),
    setQuantities: createSetQuantities({ world, inventory, ids, now, checkKey, commit }),
    activate: createActivate({ world, inventory, now, checkKey, commit }),
    bulk,
    deactivate: createDeactivate({
      world,
      now,
      commit,
      announceDisconnect: (listing, level) =>
        announce({ topic: "inventory_levels/disconnect", payload: payloads.levelConnection(listing, level) }),
    }),
  });
  const execute = createExecutor({
    schema: shopifySchema(),
    root,
    scopes: account.scopes,
    bucket,
    complain,
    countThrottled: () => {
      gate.throttled += 1;
    },
  });
  // Of its own, so that how a refusal is worded does not change which faults come next.
  const chance = seededRandom(seed + 1);
  const tokens = createTokens({ account, faults, clock, speedUp });
  const app = shopifyApp({ channel, faults, gate, tokens, bucket, execute, chance, speedUp, bulk });
  const server = await serveOnLoopback(app, options.port ?? 0);
  origin = server.url;
  return {
    url: server.url,
    channel,
    close: async () => {
      messageTimers.close();
      indexTimers.close();
      await server.close();
      journal.close();
    },
  };
};
