import { Hono } from "hono";
import { type Clock, systemClock } from "../../core/clock.ts";
import { seededRandom } from "../../core/random.ts";
import { controlRoutes } from "../kit/control.ts";
import { type FaultPlan, FaultSource, faultPlans } from "../kit/faults.ts";
import { Journal } from "../kit/journal.ts";
import { faultMiddleware, type NodeBindings, serveOnLoopback } from "../kit/serve.ts";
import type { SimulatedChannel } from "../kit/simulator.ts";
import { Timers } from "../kit/timers.ts";
import { type AmazonAccount, demoAmazonAccount } from "./account.ts";
import { accountHandlers } from "./account-api.ts";
import { AmazonChannel } from "./channel.ts";
import { loadAmazonContracts } from "./contracts.ts";
import { DocumentStore } from "./documents.ts";
import { createFeedWorker } from "./feed-worker.ts";
import { feedsHandlers } from "./feeds-api.ts";
import { createGate, faultAnswers, type GateCounters, type Handler } from "./gate.ts";
import { createIdentifiers, type Identifiers } from "./identifiers.ts";
import { listingsHandlers } from "./listings-api.ts";
import { MessageQueue } from "./message-queue.ts";
import { notificationsHandlers, orderChange } from "./notifications-api.ts";
import { createOrderChangeWriter } from "./order-change.ts";
import { HiddenOrders, ordersHandlers } from "./orders-api.ts";
import { ordersV0Handlers } from "./orders-v0-api.ts";
import { createQuotas } from "./quotas.ts";
import { reportsHandlers } from "./reports-api.ts";
import { sqsRoutes } from "./sqs-api.ts";
import { createTokenIssuer, type TokenIssuer } from "./tokens.ts";
import { type Entry, World } from "./world.ts";

export type AmazonSimulatorOptions = {
  /** 0 takes a free one. */
  readonly port?: number;
  readonly sqsPort?: number;
  readonly seed?: number;
  readonly faults?: FaultPlan;
  /** null keeps nothing: a restart begins empty. */
  readonly journalPath?: string | null;
  /** Compresses Amazon's own times: quotas, the two-minute rule, token lives, the pending phase. 1 = real. The fault plan's and SQS's times are never compressed. */
  readonly speedUp?: number;
  readonly clock?: Clock;
  readonly account?: AmazonAccount;
  /** From the sale to the cleared payment, before `speedUp`. */
  readonly pendingMs?: number;
  /** How long feeds and reports wait and are worked on, before `speedUp`. */
  readonly workMs?: readonly [least: number, most: number];
  /** What the newer order list does with states: the fault that makes v0 stand in. */
  readonly statesWithheld?: "no" | "left-out" | "refused";
  /** False: nothing is sent before the seller's software subscribes to ORDER_CHANGE. */
  readonly subscribed?: boolean;
};

export type AmazonSimulator = {
  /** SP-API and Login with Amazon, and `/_control`. */
  readonly url: string;
  readonly sqsUrl: string;
  readonly queueUrl: string;
  readonly channel: SimulatedChannel;
  close(): Promise<void>;
};

const pendingMsDefault = 60_000;
/** From minutes to hours in reality (channel document §9). */
const workMsDefault = [30_000, 300_000] as const;

/** Starts the simulated account on loopback. Closing drops what is under way; the journal keeps the truth. */
export const startAmazonSimulator = async (options: AmazonSimulatorOptions = {}): Promise<AmazonSimulator> => {
  const { account = demoAmazonAccount, clock = systemClock, seed = 1, speedUp = 1 } = options;
  const faults = new FaultSource(options.faults ?? faultPlans.none, seededRandom(seed));
  const identifiers = createIdentifiers(seed);
  const timers = new Timers();
  const world = new World();
  const journal = new Journal<Entry>(options.journalPath ?? null, (entry) => world.apply(entry));
  const record = (entry: Entry): void => {
    journal.append(entry);
    world.apply(entry);
  };
  const queueArn = `arn:aws:sqs:${account.awsRegion}:000000000000:${account.queueName}`;
  if (options.subscribed !== false) subscribeAtFirst({ world, record, identifiers, queueArn, nowMs: clock.now() });
  // Of its own, so that how a queue was read does not change which faults come next.
  const chance = seededRandom(seed + 1);
  const queue = new MessageQueue(clock, chance);
  const gate: GateCounters = { requests: 0, throttled: 0, violations: [] };
  const hidden = new HiddenOrders();
  const channel = new AmazonChannel({
    world,
    record,
    faults,
    timers,
    clock,
    identifiers,
    hidden,
    queue,
    gate,
    queueArn,
    writeOrderChange: createOrderChangeWriter(account, identifiers),
    pendingMs: (options.pendingMs ?? pendingMsDefault) / speedUp,
  });
  const nowMs = (): number => clock.now();
  const documents = new DocumentStore({ seed, nowMs, speedUp });
  const [leastMs, mostMs] = options.workMs ?? workMsDefault;
  const delayMs = (): number => (leastMs + chance() * (mostMs - leastMs)) / speedUp;
  let url = "";
  const origin = (): string => url;
  const complain = (what: string): void => void gate.violations.push(what);
  const work = createFeedWorker({ world, sellerId: account.sellerId, submit: channel.submit, complain });
  const orders = {
    world,
    account,
    identifiers,
    nowMs,
    speedUp,
    hidden,
    statesWithheld: options.statesWithheld ?? ("no" as const),
    pagesOverlap: () => faults.happens("messageDuplicateShare"),
  };
  const handlers = {
    ...listingsHandlers({
      world,
      account,
      identifiers,
      nowMs,
      staleByMs: () => chance() * faults.plan.staleReadMs,
      submit: channel.submit,
    }),
    ...ordersHandlers(orders),
    ...ordersV0Handlers(orders),
    ...feedsHandlers({ documents, work, identifiers, timers, nowMs, delayMs, origin }),
    ...reportsHandlers({ world, documents, identifiers, timers, nowMs, delayMs, speedUp, origin }),
    ...accountHandlers({ world, account, identifiers, nowMs, speedUp }),
    ...notificationsHandlers({ world, identifiers, record, stampMs: channel.stampMs }),
  };
  const tokens = createTokenIssuer({ account, faults, clock, speedUp });
  const quotaOf = createQuotas({ speedUp, clock });
  const store = documents.routes(complain);
  const app = sellingPartnerApp({ faults, channel, gate, handlers, tokens, quotaOf, identifiers, store });
  const api = await serveOnLoopback(app, options.port ?? 0);
  url = api.url;
  const sqs = await serveOnLoopback(sqsRoutes({ account, queue, queueArn }), options.sqsPort ?? 0).catch(
    async (error) => {
      await api.close();
      journal.close();
      throw error;
    },
  );
  return {
    url: api.url,
    sqsUrl: sqs.url,
    queueUrl: `${sqs.url}/000000000000/${account.queueName}`,
    channel,
    close: async () => {
      timers.close();
      queue.close();
      await Promise.all([api.close(), sqs.close()]);
      journal.close();
    },
  };
};

/** The account's usual state: an SQS destination and a subscription to order changes, made long ago. */
const subscribeAtFirst = (at: {
  readonly world: World;
  readonly record: (entry: Entry) => void;
  readonly identifiers: Identifiers;
  readonly queueArn: string;
  readonly nowMs: number;
}): void => {
  // A journal that knows a destination has its own story of what happened to the subscription since.
  if (at.world.newestMs > 0) return;
  const destinationId = at.identifiers.uuid("destination:first");
  at.record({ kind: "destination-created", atMs: at.nowMs, destinationId, name: "order changes", arn: at.queueArn });
  const subscriptionId = at.identifiers.uuid("subscription:first");
  const subscription = { notificationType: orderChange, subscriptionId, destinationId, payloadVersion: "1.0" };
  at.record({ kind: "subscribed", atMs: at.nowMs, subscription });
};

const sellingPartnerApp = (deps: {
  readonly faults: FaultSource;
  readonly channel: SimulatedChannel;
  readonly gate: GateCounters;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly tokens: TokenIssuer;
  readonly quotaOf: ReturnType<typeof createQuotas>;
  readonly identifiers: Identifiers;
  readonly store: Hono;
}): Hono<NodeBindings> => {
  const app = new Hono<NodeBindings>();
  app.route("/_control", controlRoutes(deps.channel, deps.faults));
  app.use("*", faultMiddleware(deps.faults, faultAnswers(deps.gate, deps.identifiers)));
  app.route("/_documents", deps.store);
  app.post("/auth/o2/token", async (c) => {
    deps.gate.requests += 1;
    const { status, body } = deps.tokens.exchange(c.req.header("content-type"), await c.req.text());
    return Response.json(body, { status });
  });
  const serve = createGate({
    contracts: loadAmazonContracts(),
    handlers: deps.handlers,
    tokens: deps.tokens,
    quotaOf: deps.quotaOf,
    identifiers: deps.identifiers,
    counters: deps.gate,
  });
  app.all("*", serve);
  return app;
};
