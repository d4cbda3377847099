import { createRoute, z } from "@hono/zod-openapi";
import { PastAnswer, PastAnswers, PastBody, PastQuery } from "./past-schemas.ts";
import { body, bodyAnswers, commonAnswers, json, opensWith, problem, type ScopedRoute } from "./route-parts.ts";

export const getPastInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "get",
  path: "/v1/inventory/{sku}/at",
  summary: "Stock of one SKU at a past moment: levels, open reservations, and what the channels showed",
  request: {
    params: z.object({
      sku: z.string().openapi({
        param: { name: "sku", in: "path" },
        description: "Percent-encoded, byte-exact.",
        example: "MUG-BLUE",
      }),
    }),
    query: PastQuery,
  },
  responses: {
    200: json("The SKU's stock at that moment.", PastAnswer),
    404: problem("The ledger does not know this SKU."),
    ...commonAnswers,
  },
});

export const queryPastInventory = createRoute({
  ...opensWith("inventory:read"),
  method: "post",
  path: "/v1/inventory/at/query",
  summary: "Stock of up to 100 SKUs at a past moment",
  request: { body: body(PastBody) },
  responses: {
    200: json("Known SKUs with their stock at that moment, and the names of the unknown.", PastAnswers),
    ...bodyAnswers,
    ...commonAnswers,
  },
});

export const pastRoutes: readonly ScopedRoute[] = [getPastInventory, queryPastInventory];
