import { readFileSync } from "node:fs";
import nock from "nock";
import { createBudget } from "../../../../src/connectors/budget.ts";
import type { CallContext, Connector, ListingWrite } from "../../../../src/connectors/connector.ts";
import type { ConnectorDeps } from "../../../../src/connectors/deps.ts";
import { createEbayConnector, ebayQuotas } from "../../../../src/connectors/ebay/index.ts";
import type { EbaySettings } from "../../../../src/connectors/settings.ts";
import type { Clock } from "../../../../src/core/clock.ts";
import { ChannelError } from "../../../../src/core/failure.ts";
import { seededRandom } from "../../../../src/core/random.ts";
import { Secret } from "../../../../src/core/secret.ts";
import "./wire.ts";

export const host = "https://api.ebay.test";
export const nowMs = Date.parse("2026-11-20T10:30:00.000Z");

export const contractJson = (path: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../../contracts/ebay/${path}`, import.meta.url), "utf8"));

/** A clock that only moves when told to; sleeping moves it. */
const createTestClock = (): Clock & { advance(ms: number): void } => {
  let passedMs = 0;
  return {
    now: () => nowMs + passedMs,
    monotonicMs: () => passedMs,
    sleep: async (delayMs) => {
      passedMs += delayMs;
    },
    advance: (ms) => {
      passedMs += ms;
    },
  };
};

const settingsWith = (overrides: Partial<EbaySettings> = {}): EbaySettings => ({
  channel: "ebay",
  id: "ebay-de",
  quotas: {},
  orderLagMs: 60_000,
  orderOverlapMs: 20 * 60_000,
  settleMs: undefined,
  marketplaceId: "EBAY_US",
  locale: "en-US",
  credentials: { clientId: "client", clientSecret: new Secret("secret"), refreshToken: new Secret("refresh-token") },
  sellerUserId: "ma8vp1jySJC",
  webhooks: {
    verificationToken: new Secret("verification_token_0123456789_ABCDEFGH"),
    endpoint: "https://sync.example.com/hooks/ebay",
  },
  pushBatchMax: 25,
  // Each lane has its own tests; an import of both is told so.
  legacyListings: false,
  endpoints: { api: host },
  ...overrides,
});

export type Bench = {
  readonly connector: Connector;
  readonly clock: ReturnType<typeof createTestClock>;
  readonly deps: ConnectorDeps;
  readonly context: CallContext;
};

export const createBench = (overrides: Partial<EbaySettings> = {}): Bench => {
  const clock = createTestClock();
  const quiet = (): void => undefined;
  const deps: ConnectorDeps = {
    clock,
    random: seededRandom(1),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
    budget: createBudget(ebayQuotas, clock),
  };
  const connector = createEbayConnector(settingsWith(overrides), deps);
  return { connector, clock, deps, context: { accountId: "ebay-de", signal: new AbortController().signal } };
};

/** Answers token requests with `<grant>-1`, `<grant>-2` … and tells what was asked. */
export const grantTokens = (): { readonly forms: URLSearchParams[] } => {
  const forms: URLSearchParams[] = [];
  const basic = `Basic ${Buffer.from("client:secret").toString("base64")}`;
  nock(host)
    .persist()
    .post("/identity/v1/oauth2/token")
    .matchHeader("authorization", basic)
    .reply(async (request: Request) => {
      const form = new URLSearchParams(await request.text());
      forms.push(form);
      const token = `${form.get("grant_type")}-${forms.length}`;
      return [200, { access_token: token, expires_in: 7200, token_type: "User Access Token" }];
    });
  return { forms };
};

export const write = (sku: string, units: number, offerIds: readonly string[] = [`offer-${sku}`]): ListingWrite => ({
  ref: `sku:${sku}`,
  details: { lane: "rest", sku, offerIds },
  units,
  expectedUnits: null,
});

export const errorRow = (errorId: number, message = "said eBay") => ({
  errorId,
  domain: "API_INVENTORY",
  category: "REQUEST",
  message,
});

export const failureOf = async (work: Promise<unknown>): Promise<ChannelError> => {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error instanceof ChannelError) return error;
  throw new Error(`expected a ChannelError, got ${String(error)}`);
};
