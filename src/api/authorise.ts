import type { Context, MiddlewareHandler } from "hono";
import type { ApiKey, Scope } from "../access/api-keys.ts";
import { AttemptLimiter } from "../access/attempt-limiter.ts";
import type { Keyring } from "../access/keyring.ts";
import type { Clock } from "../core/clock.ts";
import { clientAddress } from "../ops/client-address.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics } from "../ops/metrics.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";

export type Authoriser = {
  /** The key of an `Authorization` header, when it is known without asking and has the scope. Undefined refuses nothing. */
  known(authorization: string | undefined, scope: Scope): ApiKey | undefined;
  /** The request's key. Throws `ProblemError` 401 or 429. */
  identify(c: Context<WebEnv>): Promise<ApiKey>;
  /** The same, and the key must have the scope. Throws 403 besides. */
  demand(c: Context<WebEnv>, scope: Scope): Promise<ApiKey>;
};

const failureLimits = { failuresMax: 20, windowMs: 60_000, addressesMax: 10_000 };
const bearer = /^Bearer ([\w-]{1,200})$/i;

// One answer for no key, a wrong one, an ended one: it tells a guesser nothing.
const unauthorized = (): ProblemError =>
  new ProblemError("unauthorized", {
    detail: "Send a key in force as Authorization: Bearer lsk_…; `lockstep api-key create` makes one.",
    headers: { "www-authenticate": 'Bearer realm="lockstep"' },
  });

/** Checks API keys, and slows down addresses that send wrong ones. */
export const createAuthoriser = (deps: {
  readonly keyring: Keyring;
  readonly clock: Pick<Clock, "monotonicMs">;
  readonly metrics: Pick<Metrics, "accessRefused">;
  readonly log: Log;
}): Authoriser => {
  const limiter = new AttemptLimiter(deps.clock, failureLimits);

  const known = (authorization: string | undefined, scope: Scope): ApiKey | undefined => {
    const text = bearer.exec(authorization ?? "")?.[1];
    const key = text === undefined ? undefined : deps.keyring.known(text);
    return key?.scopes.includes(scope) === true ? key : undefined;
  };

  const identify = async (c: Context<WebEnv>): Promise<ApiKey> => {
    const text = bearer.exec(c.req.header("authorization") ?? "")?.[1];
    if (text === undefined) throw unauthorized();
    const address = clientAddress(c);
    const blockedMs = limiter.blockedForMs(address);
    // Behind a proxy everybody has one address: a key that is known to work is not locked out by a neighbour's guesses.
    if (blockedMs > 0 && !deps.keyring.isFamiliar(text)) {
      deps.metrics.accessRefused("api", "limited");
      throw new ProblemError("too-many-attempts", { retryAfterMs: blockedMs });
    }
    const key = await deps.keyring.find(text);
    if (key === undefined) {
      limiter.fail(address);
      deps.metrics.accessRefused("api", "unknown");
      deps.log.warn({ clientAddress: address, requestId: c.get("requestId") }, "API key refused");
      throw unauthorized();
    }
    c.set("apiKey", key);
    return key;
  };

  const demand = async (c: Context<WebEnv>, scope: Scope): Promise<ApiKey> => {
    const key = c.get("apiKey") ?? (await identify(c));
    if (key.scopes.includes(scope)) return key;
    deps.metrics.accessRefused("api", "scope");
    deps.log.warn({ keyPrefix: key.prefix, scope, requestId: c.get("requestId") }, "API key lacks the scope");
    throw new ProblemError("forbidden", { detail: `This needs a key with the scope ${scope}.` });
  };

  return { known, identify, demand };
};

/** Nothing below `/v1` is answered without a key in force, not even that it is not there. */
export const requireKey = (authoriser: Authoriser): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    await authoriser.identify(c);
    await next();
  };
};

export const requireScope = (authoriser: Authoriser, scope: Scope): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    await authoriser.demand(c, scope);
    await next();
  };
};
