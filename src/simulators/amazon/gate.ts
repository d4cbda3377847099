import type { Context } from "hono";
import type { QuotaBucket } from "../kit/bucket.ts";
import { type Answer, denied, internalFailure, invalidInput, quotaExceeded, refuse } from "./answers.ts";
import { type OfferedContract, refusalReason } from "./contracts.ts";
import type { Identifiers } from "./identifiers.ts";
import type { TokenIssuer } from "./tokens.ts";

/** A request that kept the contract. */
export type Call = {
  readonly path: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly body: unknown;
  /** Notes something the seller's software must not do although the contract lets it; the call is answered all the same. */
  complain(what: string): void;
};

export type Handler = {
  /** Whose token the operation wants: the seller's, or the application's own (grantless). */
  readonly audience: "seller" | "grantless";
  handle(call: Call): Answer;
};

export type GateCounters = { requests: number; throttled: number; readonly violations: string[] };

/** Everything between the socket and an operation: contract, token, quota, headers (channel document §1, §3, §4). */
export const createGate = (deps: {
  readonly contracts: readonly OfferedContract[];
  readonly handlers: Readonly<Record<string, Handler>>;
  readonly tokens: TokenIssuer;
  readonly quotaOf: (operationId: string) => QuotaBucket;
  readonly identifiers: Identifiers;
  readonly counters: GateCounters;
}) => {
  const { counters } = deps;

  const judge = async (c: Context): Promise<{ readonly answer: Answer; readonly bucket?: QuotaBucket }> => {
    const url = new URL(c.req.url);
    const { method } = c.req;
    const violation = (what: string): void => {
      counters.violations.push(`${method} ${url.pathname}: ${what}`);
    };
    const offered = deps.contracts.find(({ contract }) => contract.match(method, url.pathname) !== undefined);
    const match = offered?.contract.match(method, url.pathname);
    if (offered === undefined || match === undefined) {
      violation("no such operation");
      return { answer: refuse(404, "NOT_FOUND", "The requested resource does not exist.") };
    }
    const operation = offered.nameOf(match.operationId);
    const handler = deps.handlers[operation];
    const refusal = judgeToken(deps.tokens, c.req.header("x-amz-access-token"), handler?.audience);
    if (refusal !== undefined) return { answer: refusal };
    const bucket = deps.quotaOf(operation);
    if (!bucket.tryTake()) {
      counters.throttled += 1;
      return { answer: quotaExceeded };
    }
    const text = await c.req.text();
    const body = parseJson(text);
    if (body === unreadable) {
      violation("body is not JSON");
      return { answer: invalidInput("Request body is not valid JSON."), bucket };
    }
    const userAgent = c.req.header("user-agent") ?? "";
    if (!userAgent.includes("/") || userAgent.length > 500)
      violation("header User-Agent must name application/version, at most 500 characters");
    const complaints = offered.contract.validate({
      method,
      path: url.pathname,
      query: url.searchParams,
      headers: c.req.raw.headers,
      body,
    });
    if (handler === undefined) {
      violation(`${operation} ${refusalReason(operation)}`);
      return { answer: denied("") };
    }
    for (const complaint of complaints) violation(complaint);
    if (complaints.length > 0) return { answer: invalidInput(complaints.join("; ")), bucket };
    const call = { path: match.pathParameters, query: url.searchParams, body, complain: violation };
    return { answer: handler.handle(call), bucket };
  };

  return async (c: Context): Promise<Response> => {
    counters.requests += 1;
    const requestId = deps.identifiers.uuid(`request:${counters.requests}`);
    const { answer, bucket } = await judge(c);
    return render(answer, requestId, bucket);
  };
};

/** The simulated failures of the fault plan, in Amazon's shape. */
export const faultAnswers = (counters: GateCounters, identifiers: Identifiers) => ({
  serverError: (): Response => {
    counters.requests += 1;
    return render(internalFailure, identifiers.uuid(`request:${counters.requests}`));
  },
  throttled: (): Response => {
    counters.requests += 1;
    counters.throttled += 1;
    return render(quotaExceeded, identifiers.uuid(`request:${counters.requests}`));
  },
});

const judgeToken = (
  tokens: TokenIssuer,
  token: string | undefined,
  audience: Handler["audience"] = "seller",
): Answer | undefined => {
  const verdict = tokens.verify(token);
  switch (verdict.kind) {
    case "missing":
      return denied("The access token is missing in the request header.", "MissingAuthenticationToken");
    case "expired":
      return denied("The access token you provided has expired.");
    case "invalid":
      return denied("The access token you provided is revoked, malformed or invalid.");
    case "valid":
      return verdict.audience === audience ? undefined : denied("");
  }
};

const unreadable = Symbol("unreadable");
const parseJson = (text: string): unknown => {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return unreadable;
  }
};

/** The rate stands on 2xx, 400 and 404 only: a 429 tells nothing (channel document, fact 7). */
const render = (answer: Answer, requestId: string, bucket?: QuotaBucket): Response => {
  const headers = new Headers({ "content-type": "application/json", "x-amzn-RequestId": requestId });
  const told = answer.status < 300 || answer.status === 400 || answer.status === 404;
  if (told && bucket !== undefined) headers.set("x-amzn-RateLimit-Limit", String(bucket.ratePerSecond));
  return new Response(answer.body === undefined ? null : JSON.stringify(answer.body), {
    status: answer.status,
    headers,
  });
};
