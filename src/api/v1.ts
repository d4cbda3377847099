import { OpenAPIHono } from "@hono/zod-openapi";
import { problemResponse } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { type Authoriser, requireKey, requireScope } from "./authorise.ts";
import { mountDrifts } from "./drifts.ts";
import { mountInventory } from "./inventory.ts";
import { acceptJson } from "./json-body.ts";
import { mountLedgerLog } from "./ledger-log.ts";
import { mountMovements } from "./movements.ts";
import { mountOversells } from "./oversells.ts";
import { mountPastInventory } from "./past-inventory.ts";
import { mountPlans, type PlansDeps } from "./plans.ts";
import { mountReservations } from "./reservations.ts";
import { apiRoutes } from "./routes.ts";
import { mountStockCommands } from "./stock-commands.ts";
import type { SubmitDeps } from "./submit-lines.ts";
import { mountSupport, type SupportApiDeps } from "./support.ts";
import { validationHook } from "./validation-problem.ts";

export type V1Deps = SubmitDeps &
  PlansDeps &
  SupportApiDeps & {
    readonly authoriser: Authoriser;
    readonly settings: { readonly apiBodyBytes: number };
  };

/** `/v1`: first the key, then the scope, then the body, then its schema; a stranger learns nothing and costs nothing. */
export const v1Routes = (deps: V1Deps): OpenAPIHono<WebEnv> => {
  const app = new OpenAPIHono<WebEnv>({ defaultHook: validationHook });
  app.use("/v1/*", requireKey(deps.authoriser));
  for (const route of apiRoutes) {
    app.on(
      route.method.toUpperCase(),
      route.getRoutingPath(),
      requireScope(deps.authoriser, route["x-required-scope"]),
    );
  }
  app.use("/v1/*", acceptJson(deps.settings.apiBodyBytes));
  mountInventory(app, deps);
  mountPastInventory(app, deps);
  mountStockCommands(app, deps);
  mountReservations(app, deps);
  mountMovements(app, deps);
  mountLedgerLog(app, deps);
  mountPlans(app, deps);
  mountSupport(app, deps);
  mountDrifts(app, deps);
  mountOversells(app, deps);
  app.all("/v1/*", () => problemResponse("not-found", { detail: "See /openapi.json for what there is." }));
  return app;
};
