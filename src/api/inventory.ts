import type { OpenAPIHono } from "@hono/zod-openapi";
import { Sku } from "../core/ids.ts";
import type { Db } from "../db/pool.ts";
import { type InventoryLevel, levelsOf } from "../ledger/queries.ts";
import { ProblemError } from "../ops/problem.ts";
import type { WebEnv } from "../ops/web-env.ts";
import { getInventory, queryInventory } from "./routes.ts";
import type { InventoryOut } from "./schemas.ts";

type LevelOut = InventoryOut["levels"][number];

const levelOut = (level: InventoryLevel): LevelOut => ({
  location: level.locationId,
  onHand: level.onHand,
  reserved: level.reserved,
  incoming: level.incoming,
  available: level.available,
  version: level.version,
  updatedAt: level.updatedAt,
});

const sum = (levels: readonly LevelOut[], figure: "onHand" | "reserved" | "incoming" | "available"): number =>
  levels.reduce((total, level) => total + level[figure], 0);

const inventoryOut = (sku: string, levels: readonly InventoryLevel[]): InventoryOut => {
  const out = levels.map(levelOut);
  const totals = {
    onHand: sum(out, "onHand"),
    reserved: sum(out, "reserved"),
    incoming: sum(out, "incoming"),
    available: sum(out, "available"),
  };
  return { sku, levels: out, totals };
};

/**
 * The SKU in the path, decoded once and byte-exact. Taken from the raw path: a framework that forgives a bad percent
 * sign would look for another SKU than the caller named. `at`: which segment of the path, -1 the last.
 */
export const skuInPath = (url: string, at = -1): Sku => {
  const segment = new URL(url).pathname.split("/").at(at) ?? "";
  let decoded: string;
  try {
    decoded = decodeURIComponent(segment);
  } catch {
    throw new ProblemError("invalid-request", {
      errors: [
        { field: "sku", problem: "is not percent-encoded UTF-8", fix: "encode it like encodeURIComponent does" },
      ],
    });
  }
  const sku = Sku.safeParse(decoded);
  if (sku.success) return sku.data;
  throw new ProblemError("invalid-request", {
    errors: sku.error.issues.map((issue) => ({
      field: "sku",
      problem: issue.message,
      fix: "send the SKU as it is in the ledger",
    })),
  });
};

export const mountInventory = (app: OpenAPIHono<WebEnv>, deps: { readonly db: Db }): void => {
  app.openapi(getInventory, async (c) => {
    const sku = skuInPath(c.req.url);
    const levels = await levelsOf(deps.db, [sku]);
    if (levels.length === 0)
      throw new ProblemError("unknown-sku", { detail: `There is no SKU ${JSON.stringify(sku)} in the ledger.` });
    return c.json(inventoryOut(sku, levels), 200);
  });

  app.openapi(queryInventory, async (c) => {
    const skus = [...new Set<string>(c.req.valid("json").skus)];
    const bySku = Map.groupBy(await levelsOf(deps.db, skus), (level) => level.sku);
    const inventory = [...bySku].map(([sku, levels]) => inventoryOut(sku, levels));
    return c.json({ inventory, unknown: skus.filter((sku) => !bySku.has(sku)) }, 200);
  });
};
