import { Hono } from "hono";
import { findApiKey } from "../access/api-keys.ts";
import { createKeyring } from "../access/keyring.ts";
import { consoleRoutes } from "../console/home.ts";
import { loginRoutes } from "../console/login.ts";
import { supportPages } from "../console/support-pages.ts";
import { answerError } from "../ops/answer-error.ts";
import { boardRoutes } from "../ops/board.ts";
import { healthRoutes } from "../ops/health.ts";
import { metricsRoutes } from "../ops/metrics-route.ts";
import { observeRequests } from "../ops/observe-requests.ts";
import { problemResponse } from "../ops/problem.ts";
import { securityHeaders } from "../ops/security-headers.ts";
import { createEndedSessions, type SignInDeps } from "../ops/signed-in.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { webhookRoutes } from "../webhooks/receive.ts";
import { createAuthoriser } from "./authorise.ts";
import { createHotReserve, type HotListener } from "./hot-reserve.ts";
import { openApiDocument } from "./openapi.ts";
import { v1Routes } from "./v1.ts";
import type { WebDeps } from "./web-deps.ts";

export type Web = {
  /** Everything the `web` role serves. */
  readonly app: Hono<WebEnv>;
  /** What is taken past the framework, when it is plainly in order. */
  readonly hot: HotListener;
};

export const createWeb = (deps: WebDeps): Web => {
  const signIn: SignInDeps = { settings: deps.settings, clock: deps.clock, ended: createEndedSessions(deps.clock) };
  const keyring = createKeyring({ clock: deps.clock, load: (keyHash) => findApiKey(deps.db, keyHash) });
  const authoriser = createAuthoriser({ keyring, clock: deps.clock, metrics: deps.metrics, log: deps.log });
  const openApi = openApiDocument();
  const https = deps.settings.publicUrl?.startsWith("https://") ?? false;

  const app = new Hono<WebEnv>();
  app.onError((error, c) => answerError(error, deps.log, { requestId: c.get("requestId") }));
  app.notFound(() => problemResponse("not-found"));
  app.use(securityHeaders({ https }));
  app.use(observeRequests(deps));

  app.get("/", (c) => c.redirect("/console", 302));
  app.get("/openapi.json", (c) => c.json(openApi));
  app.route("/", healthRoutes(deps));
  app.route(
    "/",
    metricsRoutes({
      metrics: deps.metrics,
      signIn,
      requireMetricsKey: async (c) => {
        await authoriser.demand(c, "metrics:read");
      },
    }),
  );
  app.route("/", webhookRoutes(deps));
  app.route("/", v1Routes({ ...deps, authoriser }));
  app.route("/", loginRoutes({ ...deps, signIn }));
  app.route("/", consoleRoutes({ ...deps, signIn }));
  app.route("/", supportPages({ ...deps, signIn }));
  app.route("/", boardRoutes({ ...deps, signIn }));
  const settings = { apiBodyBytes: deps.settings.apiBodyBytes, https };
  return { app, hot: createHotReserve({ ...deps, authoriser, settings }) };
};

/** The framework's part alone, for tests with `app.request()`. */
export const createWebApp = (deps: WebDeps): Hono<WebEnv> => createWeb(deps).app;
