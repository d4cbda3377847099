import { z } from "@hono/zod-openapi";
import { figures, location, sku } from "./fields.ts";

const skusMax = 100;
const moment = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" })
  .openapi({ description: "The moment asked about.", example: "2026-03-01T09:30:00Z" });
const clockHelp =
  "True: what the ledger knew at that moment. False (when left out): what had happened by then, whenever it became known.";
const locationHelp = { description: "Only this location." };

export const PastQuery = z.strictObject({
  time: moment,
  as_known: z.enum(["true", "false"], "must be true or false").optional().openapi({ description: clockHelp }),
  location: location.optional().openapi(locationHelp),
});

export const PastBody = z
  .strictObject({
    skus: z.array(sku).min(1, "must name at least one SKU").max(skusMax, `must name at most ${skusMax} SKUs`),
    time: moment,
    asKnown: z.boolean().optional().openapi({ description: clockHelp }),
    location: location.optional().openapi(locationHelp),
  })
  .openapi("PastInventoryQuery");

export const PastInventoryOut = z
  .strictObject({
    sku: z.string(),
    levels: z
      .array(
        z.strictObject({
          location: z.string(),
          ...figures,
          version: z.int().openapi({ description: "Of the last movement recorded by then; 0 when none was." }),
          outOfTime: z.int().openapi({
            description:
              "Movements recorded after they occurred (or before) by which this differs from what was known.",
          }),
        }),
      )
      .openapi({ description: "A level that nothing had moved yet is absent." }),
    totals: z.strictObject(figures).openapi({ description: "Sums over these locations." }),
    reservations: z
      .array(z.strictObject({ reservation: z.string(), location: z.string(), units: z.int() }))
      .openapi({ description: "Reservations that were open, with what they held." }),
    listings: z
      .array(
        z.strictObject({
          account: z.string(),
          channel: z.string(),
          ref: z.string(),
          channelSku: z.string().nullable(),
          unitsEach: z.int().openapi({ description: "Units of the SKU in one unit of the listing." }),
          linkedAt: z.string().openapi({ format: "date-time" }),
          shown: z
            .strictObject({
              units: z.int().nullable(),
              observedAt: z.string().openapi({ format: "date-time", description: "First seen to show it." }),
              readHow: z.string(),
            })
            .nullable()
            .openapi({ description: "Null: nobody had looked by then." }),
        }),
      )
      .openapi({ description: "Listings that sell the SKU by today's links, and what they showed." }),
  })
  .openapi("PastInventory");
export type PastInventoryOut = z.infer<typeof PastInventoryOut>;

const head = {
  time: z.string().openapi({ format: "date-time" }),
  clock: z.enum(["as-it-was", "as-known"]),
};
export const PastAnswer = z.strictObject({ ...head, ...PastInventoryOut.shape }).openapi("PastInventoryAnswer");
export const PastAnswers = z
  .strictObject({ ...head, inventory: z.array(PastInventoryOut), unknown: z.array(z.string()) })
  .openapi("PastInventoryAnswers");
