import { Hono } from "hono";
import type { Clock } from "../core/clock.ts";
import type { Log } from "./logger.ts";
import type { WebEnv } from "./web-env.ts";

export type Health = {
  readonly ok: boolean;
  readonly checks: readonly { readonly name: string; readonly ok: boolean; readonly detail: string }[];
};

const deadlineMs = 5_000;

/** Within a bounded time, whatever the checks do: a load balancer is waiting. */
const boundedHealth = async (deps: {
  readonly clock: Clock;
  readonly health: () => Promise<Health>;
  readonly log: Log;
}): Promise<Health> => {
  const late = new AbortController();
  const timedOut = deps.clock.sleep(deadlineMs, late.signal).then(
    (): Health => ({
      ok: false,
      checks: [{ name: "health", ok: false, detail: `no answer within ${deadlineMs} ms` }],
    }),
  );
  // Aborted below when the checks were faster; that rejection has no reader.
  timedOut.catch(() => undefined);
  try {
    return await Promise.race([deps.health(), timedOut]);
  } catch (error) {
    deps.log.error({ err: error }, "health check failed");
    return { ok: false, checks: [{ name: "health", ok: false, detail: "the checks themselves failed" }] };
  } finally {
    late.abort(new Error("health answered"));
  }
};

/**
 * `/health`: 200 or 503 with one word a check. Details (addresses, versions, error texts) stay in the log. Callers that
 * come at once share one round of checks, so that anybody may ask without costing the database anything.
 */
export const healthRoutes = (deps: {
  readonly clock: Clock;
  readonly log: Log;
  readonly health: () => Promise<Health>;
}): Hono<WebEnv> => {
  let running: Promise<Health> | undefined;
  const shared = (): Promise<Health> => {
    running ??= boundedHealth(deps).finally(() => {
      running = undefined;
    });
    return running;
  };
  const app = new Hono<WebEnv>();
  app.get("/health", async (c) => {
    const health = await shared();
    const failing = health.checks.filter((check) => !check.ok);
    if (failing.length > 0) deps.log.warn({ failing }, "health is failing");
    const checks = health.checks.map(({ name, ok }) => ({ name, ok }));
    return c.json({ status: health.ok ? "ok" : "failing", checks }, health.ok ? 200 : 503);
  });
  return app;
};
