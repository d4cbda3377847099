import { z } from "@hono/zod-openapi";
import { LocationId, OwnId, Sku } from "../core/ids.ts";

export const linesMax = 1_000;

export const sku = Sku.meta({
  description: "The merchant's stock code, byte-exact: never trimmed or case-folded.",
  example: "MUG-BLUE",
});
export const location = LocationId.meta({ description: "A location's id in the settings.", example: "main" });
/** Postgres holds no NUL and no half of a character; a note with one would be our mistake to answer. */
export const note = (charactersMax: number) =>
  z
    .string()
    .min(1, "must not be empty")
    .max(charactersMax, `must be at most ${charactersMax} characters`)
    .refine((text) => text.isWellFormed() && !text.includes("\u0000"), "must be well-formed text without NUL");
export const reason = note(500);
export const occurredAt = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" })
  .openapi({ description: "When it happened in the world; now when left out.", example: "2026-03-01T09:30:00Z" });

export const figures = {
  onHand: z.int().openapi({ description: "Units physically there." }),
  reserved: z.int().openapi({ description: "Units promised to open orders and checkouts." }),
  incoming: z.int().openapi({ description: "Units ordered or in transfer, not yet here." }),
  available: z.int().openapi({ description: "On hand minus reserved; may be negative." }),
};

export const lines = <Line extends z.ZodType>(line: Line): z.ZodArray<Line> =>
  z.array(line).min(1, "must have at least one line").max(linesMax, `must have at most ${linesMax} lines`);

export const idempotencyKey: RegExp = /^[\x21-\x7e]{1,255}$/;

export const IdempotencyHeader = z.object({
  "idempotency-key": z
    .string("is missing")
    .regex(idempotencyKey, "must be 1 to 255 printable ASCII characters without spaces")
    .openapi({
      description:
        "Names this request for ever: sending the same body under the same key again changes nothing and gets the same answer.",
      example: "stocktake-2026-03-01-a",
    }),
});

/** A whole number from 1 as a query's text. */
export const wholeText = (what: string): z.ZodString => z.string().regex(/^[1-9]\d{0,14}$/, `must be ${what}`);

export const ownId = (whose: string): z.ZodString =>
  OwnId.meta({ description: `The caller's own name for the ${whose}. Never used again.` });

export const Problem = z
  .strictObject({
    type: z.string().openapi({ example: "urn:lockstep:problem:invalid-request" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.strictObject({ field: z.string(), problem: z.string(), fix: z.string() })).optional(),
  })
  .openapi("Problem", { description: "RFC 9457. `type` is stable: programs may branch on it." });
