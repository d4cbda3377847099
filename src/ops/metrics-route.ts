import { type Context, Hono } from "hono";
import { isLocalCaller } from "./client-address.ts";
import type { Metrics } from "./metrics.ts";
import { type SignInDeps, sessionOf } from "./signed-in.ts";
import type { WebEnv } from "./web-env.ts";

/**
 * `/metrics` in Prometheus' text format. Open to three kinds of caller and nobody else:
 * - a process on this machine that connects to the loopback address itself (no proxy in between);
 * - a signed-in user;
 * - an API key with the scope `metrics:read`, as a scraper sends it: `Authorization: Bearer lsk_…`.
 */
export const metricsRoutes = (deps: {
  readonly metrics: Metrics;
  readonly signIn: SignInDeps;
  /** Throws a `ProblemError` unless the request carries a key with the scope. */
  readonly requireMetricsKey: (c: Context<WebEnv>) => Promise<void>;
}): Hono<WebEnv> => {
  const app = new Hono<WebEnv>();
  app.get("/metrics", async (c) => {
    if (!isLocalCaller(c) && sessionOf(c, deps.signIn) === undefined) await deps.requireMetricsKey(c);
    const text = await deps.metrics.registry.metrics();
    return c.body(text, 200, { "content-type": deps.metrics.registry.contentType });
  });
  return app;
};
