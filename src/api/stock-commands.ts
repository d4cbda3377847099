import type { OpenAPIHono } from "@hono/zod-openapi";
import type { WebEnv } from "../ops/web-env.ts";
import { adjustInventory, receiveInventory } from "./routes.ts";
import { type SubmitDeps, submitLines } from "./submit-lines.ts";

export const mountStockCommands = (app: OpenAPIHono<WebEnv>, deps: SubmitDeps): void => {
  app.openapi(adjustInventory, async (c) => {
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const { lines } = c.req.valid("json");
    const results = await submitLines(deps, { route: "adjust", lines, apiKey: c.get("apiKey"), idempotencyKey });
    return c.json({ results: [...results] }, 200);
  });

  app.openapi(receiveInventory, async (c) => {
    const idempotencyKey = c.req.valid("header")["idempotency-key"];
    const { lines } = c.req.valid("json");
    const results = await submitLines(deps, { route: "receive", lines, apiKey: c.get("apiKey"), idempotencyKey });
    return c.json({ results: [...results] }, 200);
  });
};
