import type { Context } from "hono";
import type { Contract } from "../kit/contract.ts";
import type { NodeBindings } from "../kit/serve.ts";
import {
  type Answer,
  accessDenied,
  failed,
  feedError,
  fulfillmentError,
  invalidToken,
  inventoryError,
  missingToken,
  noSuchResource,
  notificationError,
  systemError,
  tooManyRequests,
} from "./answers.ts";
import { type Api, apis, refusalReason } from "./contracts.ts";
import { scopes } from "./credentials.ts";
import type { DailyWindow } from "./daily-window.ts";
import type { Identifiers } from "./identifiers.ts";
import { headerComplaint } from "./languages.ts";
import type { TokenClaims, TokenIssuer } from "./tokens.ts";

/** A request that kept the contract. */
export type Call = {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** As it came over the wire, still percent-encoded. */
  readonly rawQuery: string;
  readonly body: unknown;
  readonly claims: TokenClaims;
  /** Where this server is reached, for links. */
  readonly origin: string;
  /** Notes a breach of what the channel's documents demand in prose, or something not to be asked for. */
  complain(what: string): void;
};

export type Handler = { readonly needs: keyof typeof permissions; handle(call: Call): Answer | Promise<Answer> };

/** Whose token, and one of which scopes (the contracts' security sections, channel document §1). */
const permissions = {
  "inventory-read": { audience: "user", anyOf: [scopes.inventory, scopes.inventoryReadonly] },
  "inventory-write": { audience: "user", anyOf: [scopes.inventory] },
  "orders-read": { audience: "user", anyOf: [scopes.fulfillment, scopes.fulfillmentReadonly] },
  returns: { audience: "user", anyOf: [scopes.base] },
  feeds: { audience: "user", anyOf: [scopes.inventory, scopes.fulfillment] },
  notifications: { audience: undefined, anyOf: [scopes.base] },
  subscriptions: { audience: undefined, anyOf: [scopes.base, scopes.subscription, scopes.subscriptionReadonly] },
  "application-limits": { audience: "application", anyOf: [scopes.base] },
  "user-limits": { audience: "user", anyOf: [scopes.base] },
} as const satisfies Record<string, { audience: TokenClaims["audience"] | undefined; anyOf: readonly string[] }>;

export type GateCounters = { requests: number; throttled: number; readonly violations: string[] };

/** Operations whose request has no body although `{}` is sent, or the edge answers 411 (channel document §2). */
const bodyless: ReadonlySet<string> = new Set([
  "publishOffer",
  "withdrawOffer",
  "enableSubscription",
  "disableSubscription",
]);

/** Everything between the socket and an operation: contract, token, quota, headers. */
export const createGate = (deps: {
  readonly contracts: Readonly<Record<Api, Contract>>;
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly tokens: TokenIssuer;
  readonly quotas: Readonly<Record<Api, DailyWindow>>;
  readonly identifiers: Identifiers;
  readonly counters: GateCounters;
}) => {
  const { counters } = deps;

  const judge = async (c: Context<NodeBindings>): Promise<Answer> => {
    const url = new URL(c.req.url);
    const [, rawQuery = ""] = /\?(.*)$/s.exec(c.env.incoming.url ?? "") ?? [];
    const { method } = c.req;
    const { headers } = c.req.raw;
    const complain = (what: string): void => {
      counters.violations.push(`${method} ${url.pathname}: ${what}`);
    };
    const api = apis.find((name) => deps.contracts[name].match(method, url.pathname) !== undefined);
    const match = api && deps.contracts[api].match(method, url.pathname);
    if (api === undefined || match === undefined) {
      complain("no such operation");
      return noSuchResource;
    }
    const handler = deps.handlers[match.operationId];
    const verdict = deps.tokens.verify(bearerOf(api, headers.get("authorization")));
    if (verdict.kind !== "valid") return refuseToken(verdict.kind, api);
    if (handler !== undefined && !permitted(verdict.claims, handler.needs)) return accessDenied;
    if (!deps.quotas[api].tryTake()) {
      counters.throttled += 1;
      return tooManyRequests;
    }
    const text = await c.req.text();
    if (method === "POST" && text === "" && api === "sell.inventory") {
      complain("POST without a body");
      return { status: 411 };
    }
    const body = parseJson(text, bodyless.has(match.operationId));
    const complaints = [
      ...(api === "sell.inventory" ? headerComplaint(match.operationId, headers) : []),
      ...(body === unreadable
        ? ["body is not JSON"]
        : deps.contracts[api].validate({ method, path: url.pathname, query: url.searchParams, headers, body })),
    ];
    for (const complaint of complaints) complain(complaint);
    const [first] = complaints;
    if (first !== undefined) return refuseRequest(api, first);
    if (handler === undefined) {
      complain(`${match.operationId} ${refusalReason(match.operationId)}`);
      return accessDenied;
    }
    return handler.handle({
      path: match.pathParameters,
      query: url.searchParams,
      rawQuery,
      body,
      claims: verdict.claims,
      origin: url.origin,
      complain,
    });
  };

  return async (c: Context<NodeBindings>): Promise<Response> => {
    counters.requests += 1;
    const requestId = deps.identifiers.uuid(`request:${counters.requests}`);
    return render(await judge(c), requestId);
  };
};

/** Post-Order takes the token under another name, and no other (channel document §1). */
const bearerOf = (api: Api, authorization: string | null): string | undefined => {
  if (authorization === null) return undefined;
  if (api !== "post-order.return") return authorization;
  return authorization.startsWith("IAF ") ? authorization.replace(/^IAF /, "Bearer ") : "not IAF";
};

/** The simulated failures of the fault plan, in the channel's shape. */
export const faultAnswers = (counters: GateCounters) => ({
  serverError: (c: Context): Response => {
    counters.requests += 1;
    return render(systemError(new URL(c.req.url).pathname), "fault");
  },
  throttled: (): Response => {
    counters.requests += 1;
    counters.throttled += 1;
    return render(tooManyRequests, "fault");
  },
});

export const render = (answer: Answer, requestId: string): Response => {
  const headers = new Headers({ "x-ebay-c-request-id": requestId, ...answer.headers });
  if (answer.body === undefined) return new Response(null, { status: answer.status, headers });
  if (answer.body instanceof Uint8Array)
    return new Response(Buffer.from(answer.body), { status: answer.status, headers });
  headers.set("content-type", "application/json");
  return new Response(JSON.stringify(answer.body), { status: answer.status, headers });
};

const permitted = (claims: TokenClaims, needs: Handler["needs"]): boolean => {
  const { audience, anyOf } = permissions[needs];
  return (
    (audience === undefined || audience === claims.audience) && anyOf.some((scope) => claims.scopes.includes(scope))
  );
};

/** Sell Inventory answers an expired token as if a scope were missing (channel document §1). */
const refuseToken = (kind: "missing" | "expired" | "invalid", api: Api): Answer => {
  if (kind === "missing") return missingToken;
  return kind === "expired" && api === "sell.inventory" ? accessDenied : invalidToken;
};

const refuseRequest = (api: Api, complaint: string): Answer => {
  if (api === "sell.inventory") return failed(400, inventoryError(25709, "Invalid value.", complaint));
  if (api === "sell.feed") return failed(400, feedError(160004, "Invalid request.", complaint));
  if (api === "sell.fulfillment") return failed(400, fulfillmentError(30800, "Invalid value.", complaint));
  return failed(400, notificationError(195000, "Invalid request.", complaint));
};

const unreadable = Symbol("unreadable");
const parseJson = (text: string, withoutBody: boolean): unknown => {
  if (text === "" || (withoutBody && text.trim() === "{}")) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return unreadable;
  }
};
