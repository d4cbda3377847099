import { createRoute, z } from "@hono/zod-openapi";
import { driftRoutes } from "./drift-routes.ts";
import { ledgerLogRoutes } from "./ledger-log-routes.ts";
import { oversellRoutes } from "./oversell-routes.ts";
import { pastRoutes } from "./past-routes.ts";
import { planRoutes } from "./plan-routes.ts";
import { reservationRoutes } from "./reservation-routes.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";
import { InventoryOut, InventoryQuery, InventoryQueryOut, MovementsOut, MovementsQuery } from "./schemas.ts";
import { stockRoutes } from "./stock-routes.ts";
import { supportRoutes } from "./support-routes.ts";

export const getInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/inventory/{sku}",
  summary: "Stock of one SKU: its levels at every location, and their sums",
  request: {
    params: z.object({
      sku: z.string().openapi({
        param: { name: "sku", in: "path" },
        description: "Percent-encoded, byte-exact.",
        example: "MUG-BLUE",
      }),
    }),
  },
  responses: {
    200: json("The SKU's stock.", InventoryOut),
    404: problem("The ledger does not know this SKU."),
    ...commonAnswers,
  },
});

export const queryInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "post",
  path: "/v1/inventory/query",
  summary: "Stock of up to 1,000 SKUs",
  request: { body: body(InventoryQuery) },
  responses: {
    200: json("Known SKUs with their stock, and the names of the unknown.", InventoryQueryOut),
    ...bodyAnswers,
    ...commonAnswers,
  },
});

export const listMovements = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/movements",
  summary: "Movements of a SKU, newest first",
  request: { query: MovementsQuery },
  responses: {
    200: json("A page of movements; none for a SKU the ledger does not know.", MovementsOut),
    ...commonAnswers,
  },
});

/** All of `/v1`. A route without a scope does not type-check here, and one that is not here is neither served nor documented. */
export const apiRoutes: readonly ScopedRoute[] = [
  getInventory,
  queryInventory,
  ...pastRoutes,
  ...stockRoutes,
  listMovements,
  ...reservationRoutes,
  ...ledgerLogRoutes,
  ...planRoutes,
  ...supportRoutes,
  ...driftRoutes,
  ...oversellRoutes,
];
