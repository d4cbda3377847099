import type { MiddlewareHandler } from "hono";
import { routePath } from "hono/route";
import type { Clock } from "../core/clock.ts";
import type { Log } from "./logger.ts";
import type { Metrics } from "./metrics.ts";
import type { WebEnv } from "./web-env.ts";

const knownMethods = new Set(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]);

/** Gives every request a name, and counts and times it under its route's pattern; paths and queries are never logged. */
export const observeRequests = (deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly ids: () => string;
}): MiddlewareHandler<WebEnv> => {
  return async (c, next) => {
    const startedMs = deps.clock.monotonicMs();
    const requestId = deps.ids();
    c.set("requestId", requestId);
    await next();
    c.res.headers.set("x-request-id", requestId);
    const seconds = (deps.clock.monotonicMs() - startedMs) / 1_000;
    // The last match is the handler; a request that only met middlewares matched a pattern that ends in an asterisk.
    const pattern = routePath(c, -1);
    const route = c.res.status === 404 && pattern.endsWith("*") ? "unmatched" : pattern;
    const method = knownMethods.has(c.req.method) ? c.req.method : "other";
    deps.metrics.requestServed({ method, route, status: c.res.status, seconds });
    deps.log.debug({ requestId, method, route, status: c.res.status, seconds }, "request served");
  };
};
