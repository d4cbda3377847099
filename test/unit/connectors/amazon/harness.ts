import nock from "nock";
import { amazonQuotas, createAmazonConnector } from "../../../../src/connectors/amazon/index.ts";
import { createBudget } from "../../../../src/connectors/budget.ts";
import type { CallContext, Connector, ListingWrite } from "../../../../src/connectors/connector.ts";
import type { AmazonSettings } from "../../../../src/connectors/settings.ts";
import type { Clock } from "../../../../src/core/clock.ts";
import { seededRandom } from "../../../../src/core/random.ts";
import { Secret } from "../../../../src/core/secret.ts";

export const apiOrigin = "https://api.test";
export const authOrigin = "https://auth.test";
export const sqsOrigin = "https://sqs.test";
export const queueUrl = `${sqsOrigin}/123456789012/lockstep`;

/** Time that only moves when told, or when somebody sleeps. */
type ManualClock = Clock & { advance(ms: number): void; readonly sleptMs: () => number };
const manualClock = (startIso = "2026-09-01T10:00:00.000Z"): ManualClock => {
  let nowMs = Date.parse(startIso);
  let sleptMs = 0;
  return {
    now: () => nowMs,
    monotonicMs: () => nowMs,
    sleep: async (delayMs, signal) => {
      signal?.throwIfAborted();
      nowMs += delayMs;
      sleptMs += delayMs;
    },
    advance: (ms) => {
      nowMs += ms;
    },
    sleptMs: () => sleptMs,
  };
};

const settingsWith = (changes: Partial<AmazonSettings> = {}): AmazonSettings => ({
  id: "amazon-eu",
  channel: "amazon",
  region: "eu",
  sellerId: "ASELLER1",
  marketplaceIds: ["A1PA6795UKMFR9", "A13V1IB3VIYZZH"],
  credentials: {
    clientId: "client-1",
    clientSecret: new Secret("secret-1"),
    refreshToken: new Secret("Atzr|refresh-1"),
  },
  notifications: undefined,
  endpoints: { api: apiOrigin, auth: authOrigin, sqs: sqsOrigin },
  quotas: {},
  orderLagMs: 120_000,
  orderOverlapMs: 600_000,
  settleMs: undefined,
  ...changes,
});

type Logged = { readonly level: string; readonly fields: object; readonly message: string };

export type Bench = {
  readonly connector: Connector;
  readonly clock: ManualClock;
  readonly context: CallContext;
  readonly logged: Logged[];
};

export const bench = (changes: Partial<AmazonSettings> = {}, signal = new AbortController().signal): Bench => {
  const clock = manualClock();
  const settings = settingsWith(changes);
  const logged: Logged[] = [];
  const logAt = (level: string) => (fields: object, message: string) => void logged.push({ level, fields, message });
  const deps = {
    clock,
    random: seededRandom(7),
    log: { debug: logAt("debug"), info: logAt("info"), warn: logAt("warn"), error: logAt("error") },
    budget: createBudget({ ...amazonQuotas, ...settings.quotas }, clock),
  };
  return {
    connector: createAmazonConnector(settings, deps),
    clock,
    context: { accountId: settings.id, signal },
    logged,
  };
};

/** Login with Amazon gives out Atza|1, Atza|2, …; answers how often it was asked and with what. */
export const givesTokens = (lifeSeconds = 3600): { readonly asked: string[] } => {
  const asked: string[] = [];
  nock(authOrigin)
    .post("/auth/o2/token")
    .times(50)
    .reply(async (request: Request) => {
      asked.push(await request.text());
      const token = {
        access_token: `Atza|${asked.length}`,
        token_type: "bearer",
        expires_in: lifeSeconds,
        refresh_token: "Atzr|refresh-1",
      };
      return [200, token];
    });
  return { asked };
};

/** Path and query as they went over the wire. */
export const uriOf = (request: Request): string => request.url.slice(new URL(request.url).origin.length);

export const errorBody = (code: string, message: string, details?: string) => ({
  errors: [{ code, message, ...(details === undefined ? {} : { details }) }],
});
export const quotaExceeded = errorBody("QuotaExceeded", "You exceeded your quota for the requested resource.", "");

export const write = (sku: string, units: number, changes: Record<string, string> = {}): ListingWrite => ({
  ref: `offer:${changes["channelCode"] ?? "DEFAULT"}:${sku}`,
  details: { sku, channelCode: "DEFAULT", productType: "LUGGAGE", marketplaceId: "A1PA6795UKMFR9", ...changes },
  units,
  expectedUnits: null,
});

export const withoutNetwork = (): void => {
  nock.disableNetConnect();
};
export const restoreNetwork = (): void => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
};
