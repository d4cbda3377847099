import { z } from "@hono/zod-openapi";
import { figures, linesMax, sku, wholeText } from "./fields.ts";

export const InventoryOut = z
  .strictObject({
    sku: z.string(),
    levels: z.array(
      z.strictObject({
        location: z.string(),
        ...figures,
        version: z.int(),
        updatedAt: z.string().openapi({ format: "date-time" }),
      }),
    ),
    totals: z.strictObject(figures).openapi({ description: "Sums over all locations." }),
  })
  .openapi("Inventory");
export type InventoryOut = z.infer<typeof InventoryOut>;

export const InventoryQuery = z
  .strictObject({
    skus: z.array(sku).min(1, "must name at least one SKU").max(linesMax, `must name at most ${linesMax} SKUs`),
  })
  .openapi("InventoryQuery");

export const InventoryQueryOut = z
  .strictObject({ inventory: z.array(InventoryOut), unknown: z.array(z.string()) })
  .openapi("InventoryQueryResult");

const movementsMax = 200;
export const MovementsQuery = z.strictObject({
  sku,
  before: wholeText("the `next` of an earlier page")
    .optional()
    .openapi({ description: "Only movements before this one: the `next` of the page before." }),
  limit: wholeText(`a whole number from 1 to ${movementsMax}`)
    .refine((text) => Number(text) <= movementsMax, `must be a whole number from 1 to ${movementsMax}`)
    .optional()
    .openapi({ description: `1 to ${movementsMax}; 50 when left out.` }),
});

export const MovementsOut = z
  .strictObject({
    movements: z.array(
      z.strictObject({
        id: z.string(),
        kind: z.string(),
        sku: z.string(),
        location: z.string(),
        change: z.strictObject({ onHand: z.int(), reserved: z.int(), incoming: z.int() }),
        after: z.strictObject({ onHand: z.int(), reserved: z.int(), incoming: z.int() }),
        version: z.int().openapi({ description: "The level's gapless version that this movement made." }),
        cause: z.strictObject({ type: z.string(), id: z.string() }),
        actor: z.string(),
        reason: z.string().nullable(),
        occurredAt: z.string().openapi({ format: "date-time", description: "When it happened in the world." }),
        recordedAt: z.string().openapi({ format: "date-time", description: "When the ledger learned of it." }),
      }),
    ),
    next: z.string().nullable().openapi({ description: "Send as `before` for the page after; null at the end." }),
  })
  .openapi("Movements");
export type MovementsOut = z.infer<typeof MovementsOut>;
