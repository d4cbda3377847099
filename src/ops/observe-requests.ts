import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Clock } from "../core/clock.ts";
import type { Log } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { WebEnv } from "./web-env.ts";

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

export type ObserveDeps = {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly ids: () => string;
};

type Served = { readonly requestId: string; readonly method: string; readonly route: string; readonly status: number };

/** Counts and times an answered request under its route's pattern; paths and queries are never logged. */
export const observeServed = (deps: ObserveDeps, served: Served, startedMs: number): void => {
  const { requestId, method, route, status } = served;
  const seconds = (deps.clock.monotonicMs() - startedMs) / 1_000;
  deps.metrics.requestServed({ method, route, status, seconds });
  deps.log.debug({ requestId, method, route, status, seconds }, "request served");
};

/** Gives every request a name, and observes it when it is answered. */
export const observeRequests = (deps: ObserveDeps): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    const startedMs = deps.clock.monotonicMs();
    const requestId = deps.ids();
    c.set("requestId", requestId);
    await next();
    c.res.headers.set("x-request-id", requestId);
    // The last match is the handler; a request that only met middlewares matched a pattern that ends in an asterisk.
    const pattern = routePath(c, -1);
    const route = c.res.status === 404 && pattern.endsWith("*") ? "unmatched" : pattern;
    const method = knownMethods.has(c.req.method) ? c.req.method : "other";
    observeServed(deps, { requestId, method, route, status: c.res.status }, startedMs);
  };
};
