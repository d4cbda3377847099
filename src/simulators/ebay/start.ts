import { Hono } from "hono";
import { z } from "zod";
import { type Clock, systemClock } from "../../core/clock.ts";
import { seededRandom } from "../../core/random.ts";
import { controlRoutes } from "../kit/control.ts";
import { type FaultPlan, FaultSource, faultPlans } from "../kit/faults.ts";
import { faultMiddleware, type NodeBindings, serveOnLoopback } from "../kit/serve.ts";
import { Timers } from "../kit/timers.ts";
import { WebhookSender } from "../kit/webhook-sender.ts";
import { EbayChannel } from "./channel.ts";
import { type Api, loadEbayContracts, loadTopics } from "./contracts.ts";
import { demoEbayCredentials, type EbayCredentials } from "./credentials.ts";
import { DailyWindow } from "./daily-window.ts";
import { destinationHandlers } from "./destinations-api.ts";
import { feedHandlers } from "./feed-api.ts";
import { createGate, faultAnswers, type GateCounters, render } from "./gate.ts";
import { createIdentifiers } from "./identifiers.ts";
import { inventoryHandlers } from "./inventory-api.ts";
import { limitHandlers } from "./limits-api.ts";
import { listingStates } from "./listings.ts";
import { createNotifier } from "./notifier.ts";
import { orderHandlers } from "./orders-api.ts";
import { QuantityWrites } from "./quantity-writes.ts";
import { returnHandlers } from "./returns-api.ts";
import { createSigner, newPrivateKeyPem, type Signer } from "./signing.ts";
import { Store } from "./store.ts";
import { subscriptionHandlers } from "./subscriptions-api.ts";
import { createTokenIssuer } from "./tokens.ts";
import { createTradingApi } from "./trading-api.ts";
import { createWebhookTarget } from "./webhook-target.ts";

export type EbaySimulatorOptions = {
  /** 0 takes a free one. */
  readonly port?: number;
  readonly seed?: number;
  readonly faults?: FaultPlan;
  /** null keeps nothing: a restart begins empty. The same path needs the same `seed` and `outOfStockControl`. */
  readonly journalPath?: string | null;
  /** Compresses eBay's own times: the day of quotas and revisions, token lives, notification retries. 1 = real. The fault plan's times are never compressed. */
  readonly speedUp?: number;
  readonly clock?: Clock;
  readonly credentials?: EbayCredentials;
  /** How many cancellations put their units back on sale; the real channel does not tell when it does. */
  readonly restockOnCancelShare?: number;
  /** How many of the seeded SKUs have a second published offer, on another marketplace. */
  readonly secondOfferShare?: number;
  /** Revisions of a listing on one of the channel's days; Infinity switches the lock off. */
  readonly revisionsPerDayMax?: number;
  /** The seller's preference; false: a listing that reaches 0 ends. */
  readonly outOfStockControl?: boolean;
  /** Calls a day, where they shall differ from production's. */
  readonly callsPerDayMax?: Readonly<Partial<Record<Api, number>>>;
};

export type EbaySimulator = {
  /** Stands for `https://api.ebay.com`; also serves `/_control`. */
  readonly url: string;
  readonly channel: EbayChannel;
  close(): Promise<void>;
};

/** Production's, 2026-09-30 (channel document §3). */
const callsPerDay: Readonly<Record<Api, number>> = {
  "sell.inventory": 2_000_000,
  "sell.fulfillment": 100_000,
  "sell.feed": 100_000,
  "commerce.notification": 10_000,
  "developer.analytics": 5_000,
  "post-order.return": 5_000,
};

/**
 * Starts the simulated account on loopback. Closing drops messages and accepted writes that are under way; the journal
 * keeps the truth, the signing key and the subscriptions.
 */
export const startEbaySimulator = async (options: EbaySimulatorOptions = {}): Promise<EbaySimulator> => {
  const { seed = 1, speedUp = 1, clock = systemClock, credentials = demoEbayCredentials } = options;
  const faults = new FaultSource(options.faults ?? faultPlans.none, seededRandom(seed));
  // Of its own, so that what the seller's software reads does not change which faults come next.
  const random = seededRandom(seed + 1);
  const identifiers = createIdentifiers(seed);
  const store = new Store({
    journalPath: options.journalPath ?? null,
    outOfStockControl: options.outOfStockControl ?? true,
    clock,
  });
  const signer = signerOf(store, identifiers.uuid("signing-key"));
  const [writeTimers, messageTimers] = [new Timers(), new Timers()];
  const sender = new WebhookSender(faults, messageTimers);
  const notifier = createNotifier({ store, sender, signer, identifiers, speedUp });
  const { revisionsPerDayMax = 250 } = options;
  const writes = new QuantityWrites({ store, timers: writeTimers, faults, random, revisionsPerDayMax, speedUp });
  const gate: GateCounters = { requests: 0, throttled: 0, violations: [] };
  const channel = new EbayChannel({
    store,
    seller: credentials,
    faults,
    identifiers,
    random,
    notifier,
    writes,
    gate,
    pendingMessages: () => messageTimers.pending + sender.inFlight,
    setWebhookTarget: createWebhookTarget(store, identifiers),
    restockOnCancelShare: options.restockOnCancelShare ?? 0.5,
    secondOfferShare: options.secondOfferShare ?? 0,
  });
  const quotas = createQuotas(options.callsPerDayMax ?? {}, speedUp, clock);
  const handlers = {
    ...inventoryHandlers({ store, writes, faults, random }),
    ...orderHandlers({ store, credentials }),
    ...destinationHandlers({ store, identifiers }),
    ...subscriptionHandlers({ store, topics: loadTopics(), signer, identifiers }),
    ...limitHandlers(quotas),
    ...returnHandlers({ store }),
    ...feedHandlers({ store, identifiers, timers: messageTimers, faults }),
  };
  const tokens = createTokenIssuer({ credentials, faults, clock, speedUp });
  const serve = createGate({ contracts: loadEbayContracts(), handlers, tokens, quotas, identifiers, counters: gate });

  const app = new Hono<NodeBindings>();
  app.route("/_control", controlRoutes(channel, faults));
  app.route("/_control", extraControlRoutes(channel));
  app.use("*", faultMiddleware(faults, faultAnswers(gate)));
  app.post("/identity/v1/oauth2/token", async (c) => {
    gate.requests += 1;
    const answer = tokens.exchange(c.req.raw.headers, await c.req.text());
    if (answer.status === 429) gate.throttled += 1;
    return render(answer, identifiers.uuid(`request:${gate.requests}`));
  });
  const { outOfStockControl = true } = options;
  app.post(
    "/ws/api.dll",
    createTradingApi({ store, writes, tokens, outOfStockControl, counters: gate, speedUp, clock }),
  );
  app.all("*", serve);
  const server = await serveOnLoopback(app, options.port ?? 0).catch((error) => {
    store.close();
    throw error;
  });
  return {
    url: server.url,
    channel,
    close: async () => {
      writeTimers.close();
      messageTimers.close();
      await server.close();
      store.close();
    },
  };
};

/** The key pair is made once and kept: receivers cache it by its id. */
const signerOf = (store: Store, keyId: string): Signer => {
  const key = store.world.key ?? { keyId, privateKeyPem: newPrivateKeyPem() };
  if (store.world.key === undefined) store.commit({ kind: "key", atMs: store.now(), ...key });
  return createSigner(key);
};

const createQuotas = (
  wanted: Readonly<Partial<Record<Api, number>>>,
  speedUp: number,
  clock: Clock,
): Readonly<Record<Api, DailyWindow>> => {
  const quota = (api: Api): DailyWindow => new DailyWindow(wanted[api] ?? callsPerDay[api], speedUp, clock);
  return {
    "sell.inventory": quota("sell.inventory"),
    "sell.fulfillment": quota("sell.fulfillment"),
    "sell.feed": quota("sell.feed"),
    "post-order.return": quota("post-order.return"),
    "commerce.notification": quota("commerce.notification"),
    "developer.analytics": quota("developer.analytics"),
  };
};

const ClosedAccount = z.strictObject({ userId: z.string().min(1), username: z.string().min(1) });
const NewState = z.strictObject({ sku: z.string().min(1), state: z.enum(listingStates) });

const Returned = z.strictObject({
  orderId: z.string(),
  lineId: z.string(),
  units: z.number().int().min(1),
  closed: z.boolean(),
});
const LegacySeeds = z.array(
  z.strictObject({
    itemId: z.string().regex(/^\d{12}$/),
    title: z.string(),
    sku: z.string().min(1).nullable(),
    units: z.number().int().min(0),
    variations: z
      .array(
        z.strictObject({ value: z.string().min(1), sku: z.string().min(1).nullable(), units: z.number().int().min(0) }),
      )
      .optional(),
  }),
);

/** What only this channel's buyers and sellers can do. */
const extraControlRoutes = (channel: EbayChannel): Hono => {
  const app = new Hono();
  app.onError((error, c) => c.json({ error: error.message }, error instanceof z.ZodError ? 422 : 500));
  app.post("/account-deletion", async (c) => {
    channel.deleteAccount(ClosedAccount.parse(await c.req.json()));
    return c.json({ ok: true });
  });
  app.post("/legacy-listings", async (c) => {
    channel.seedLegacyListings(LegacySeeds.parse(await c.req.json()));
    return c.json({ ok: true });
  });
  app.post("/return", async (c) => {
    const { orderId, closed, ...line } = Returned.parse(await c.req.json());
    return c.json({ returnId: channel.setReturn(orderId, line, closed) });
  });
  app.post("/listing-state", async (c) => {
    const { sku, state } = NewState.parse(await c.req.json());
    channel.setListingState(sku, state);
    return c.json({ ok: true });
  });
  return app;
};
