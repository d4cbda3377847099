import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  buildClientSchema,
  execute,
  type GraphQLSchema,
  getOperationAST,
  getVariableValues,
  parse,
  validate,
} from "graphql";
import nock from "nock";
import { z } from "zod";
import { type Budget, createBudget } from "../../../../src/connectors/budget.ts";
import type { CallContext, Connector } from "../../../../src/connectors/connector.ts";
import type { ConnectorDeps } from "../../../../src/connectors/deps.ts";
import type { ShopifySettings } from "../../../../src/connectors/settings.ts";
import { createShopifyConnector, shopifyQuotas } from "../../../../src/connectors/shopify/index.ts";
import type { Clock } from "../../../../src/core/clock.ts";
import { seededRandom } from "../../../../src/core/random.ts";
import { Secret } from "../../../../src/core/secret.ts";

const contractsDirectory = new URL("../../../../contracts/shopify/", import.meta.url);

export const contract = <Shape>(path: string, shape: z.ZodType<Shape>): Shape =>
  shape.parse(JSON.parse(readFileSync(new URL(path, contractsDirectory), "utf8")));

/** The official introspection of the pinned version. */
export const officialSchema: GraphQLSchema = buildClientSchema(
  JSON.parse(
    gunzipSync(readFileSync(new URL("schema/admin_2026-10.introspection.json.gz", contractsDirectory))).toString(
      "utf8",
    ),
  ).data,
  { assumeValid: true },
);

export const host = "https://shopify.test";
export const location = "gid://shopify/Location/106318430514";
export const item = (id: number | string): string => `gid://shopify/InventoryItem/${id}`;
const startMs = Date.parse("2026-11-20T12:00:00.000Z");

const settings: ShopifySettings = {
  channel: "shopify",
  id: "shop-one",
  shop: "example.myshopify.com",
  apiVersion: "2026-10",
  credentials: {
    accessToken: new Secret("shpat_not-real"),
    clientId: undefined,
    clientSecret: new Secret("test-client-secret-not-real-0001"),
  },
  webhookSecrets: [],
  locationGid: location,
  endpoints: { api: host },
  quotas: {},
  orderLagMs: 30_000,
  orderOverlapMs: 120_000,
  settleMs: undefined,
};

type TestClock = Clock & { advance(ms: number): void };

const createTestClock = (): TestClock => {
  let passedMs = 0;
  return {
    now: () => startMs + passedMs,
    monotonicMs: () => passedMs,
    advance(ms) {
      passedMs += ms;
    },
    async sleep(delayMs) {
      passedMs += delayMs;
    },
  };
};

export type Bench = {
  readonly connector: Connector;
  readonly clock: TestClock;
  readonly budget: Budget;
  readonly warnings: string[];
  readonly context: CallContext;
};

export const createBench = (overrides: Partial<ShopifySettings> = {}): Bench => {
  const clock = createTestClock();
  const warnings: string[] = [];
  const quiet = (): void => undefined;
  const log = {
    debug: quiet,
    info: quiet,
    warn: (_: object, message: string) => void warnings.push(message),
    error: quiet,
  };
  const budget = createBudget(shopifyQuotas, clock);
  const deps: ConnectorDeps = { clock, random: seededRandom(1), log, budget };
  const connector = createShopifyConnector({ ...settings, ...overrides }, deps);
  return {
    connector,
    clock,
    budget,
    warnings,
    context: { accountId: "shop-one", signal: AbortSignal.timeout(20_000) },
  };
};

export type Sent = { readonly operation: string; readonly variables: Record<string, unknown>; readonly token: string };
export type Reply = { readonly status: number; readonly body: unknown; readonly headers?: Record<string, string> };
/** Answers a call from `root`, or, where it returns a reply, with exactly that. */
type Override = (sent: Sent) => Reply | "drop" | undefined;

const Body = z.object({ query: z.string(), variables: z.record(z.string(), z.unknown()), operationName: z.string() });

/**
 * The Admin API as its official schema has it: each request must be valid against it, variables included, and each
 * answer is executed against it from plain values, so neither side can drift from the contract.
 */
export const serveGraphql = (
  root: Record<string, unknown>,
  override: Override = () => undefined,
  headers: Record<string, string> = {},
): Sent[] => {
  const log: Sent[] = [];
  nock(host)
    .persist()
    .post("/admin/api/2026-10/graphql.json")
    .reply(async (request: Request) => {
      const { query, variables, operationName } = Body.parse(await request.json());
      const document = parse(query);
      const operation = getOperationAST(document, operationName);
      if (operation === null || operation === undefined) throw new Error(`no operation ${operationName}`);
      const complaints = [
        ...validate(officialSchema, document),
        ...(getVariableValues(officialSchema, operation.variableDefinitions ?? [], variables).errors ?? []),
      ];
      if (complaints.length > 0) return [400, { errors: complaints.map(({ message }) => message).join("; ") }];
      const token = request.headers.get("x-shopify-access-token") ?? "";
      const sent = { operation: operationName, variables, token };
      log.push(sent);
      const forced = override(sent);
      if (forced === "drop") throw new Error("connection reset by the test");
      if (forced !== undefined) return [forced.status, forced.body as nock.Body, forced.headers ?? {}];
      const result = await execute({
        schema: officialSchema,
        document,
        rootValue: root,
        variableValues: variables,
        operationName,
      });
      return [200, JSON.parse(JSON.stringify(result)), { "X-Shopify-API-Version": "2026-10", ...headers }];
    });
  return log;
};

export const noMore = { hasNextPage: false, endCursor: null };

export const levelOf = (available: number, isActive = true): object => ({
  isActive,
  quantities: [{ name: "available", quantity: available }],
});

export const okData = (data: unknown): Reply => ({ status: 200, body: { data } });
