import { z } from "@hono/zod-openapi";
import { LocationId, PositiveUnits, SignedUnits, Sku } from "../core/ids.ts";

const linesMax = 1_000;

const sku = Sku.meta({
  description: "The merchant's stock code, byte-exact: never trimmed or case-folded.",
  example: "MUG-BLUE",
});
const location = LocationId.meta({ description: "A location's id in the settings.", example: "main" });
const reason = z.string().min(1, "must not be empty").max(500, "must be at most 500 characters");
const occurredAt = z.iso
  .datetime({ offset: true, error: "must be a time in ISO 8601 with an offset" })
  .openapi({ description: "When it happened in the world; now when left out.", example: "2026-03-01T09:30:00Z" });

const figures = {
  onHand: z.int().openapi({ description: "Units physically there." }),
  reserved: z.int().openapi({ description: "Units promised to open orders and checkouts." }),
  incoming: z.int().openapi({ description: "Units ordered or in transfer, not yet here." }),
  available: z.int().openapi({ description: "On hand minus reserved; may be negative." }),
};

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

const lines = <Line extends z.ZodType>(line: Line): z.ZodArray<Line> =>
  z.array(line).min(1, "must have at least one line").max(linesMax, `must have at most ${linesMax} lines`);

export const AdjustLine = z
  .strictObject({ sku, location, units: SignedUnits, reason, occurredAt: occurredAt.optional() })
  .openapi("AdjustLine", { description: "Signed: +3 found, -2 broken." });
export type AdjustLine = z.infer<typeof AdjustLine>;
export const AdjustBody = z.strictObject({ lines: lines(AdjustLine) }).openapi("Adjust");

export const ReceiveLine = z
  .strictObject({ sku, location, units: PositiveUnits, reason: reason.optional(), occurredAt: occurredAt.optional() })
  .openapi("ReceiveLine", { description: "Units that arrived. A SKU the ledger does not know yet becomes known." });
export type ReceiveLine = z.infer<typeof ReceiveLine>;
export const ReceiveBody = z.strictObject({ lines: lines(ReceiveLine) }).openapi("Receive");

export const LineResult = z
  .discriminatedUnion("status", [
    z.strictObject({
      line: z.int(),
      status: z.literal("done"),
      sku: z.string(),
      location: z.string(),
      level: z.strictObject({ ...figures, version: z.int() }).openapi({ description: "As of this line." }),
    }),
    z.strictObject({
      line: z.int(),
      status: z.literal("refused"),
      problem: z.strictObject({ type: z.string(), title: z.string(), field: z.string(), detail: z.string() }),
    }),
  ])
  .openapi("LineResult", { description: "One answer a line; a line that is refused does not stop the others." });
export type LineResult = z.infer<typeof LineResult>;
export const LineResults = z.strictObject({ results: z.array(LineResult) }).openapi("LineResults");

export const IdempotencyHeader = z.object({
  "idempotency-key": z
    .string("is missing")
    .regex(/^[\x21-\x7e]{1,255}$/, "must be 1 to 255 printable ASCII characters without spaces")
    .openapi({
      description:
        "Names this request for ever: sending the same body under the same key again changes nothing and gets the same answer.",
      example: "stocktake-2026-03-01-a",
    }),
});

const movementsMax = 200;
const wholeText = (what: string): z.ZodString => z.string().regex(/^[1-9]\d{0,14}$/, `must be ${what}`);

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

const hash = z
  .string()
  .openapi({ description: "SHA-256, base64.", example: "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=" });
const hashPath = z.array(hash).openapi({ description: "In the order of RFC 9162 §2.1.3.1 and §2.1.4.1." });
const note = z.string().openapi({ description: "The signed head: a C2SP checkpoint in a signed note." });
const publicKey = z.string().openapi({ description: "The note's verifier key. Trust one that you got another way." });

export const LedgerHeadOut = z
  .strictObject({ size: z.int(), root: hash, signedAt: z.string().openapi({ format: "date-time" }), note, publicKey })
  .openapi("LedgerHead", { description: "The newest signed head of the ledger's log." });

export const InclusionQuery = z.strictObject({
  movement: wholeText("a movement's id").openapi({ description: "A movement's id.", example: "1042" }),
});

export const InclusionOut = z
  .strictObject({
    movement: z.string(),
    leafIndex: z.int(),
    treeSize: z.int(),
    entry: z.string().openapi({ description: "The entry, byte for byte: the leaf's hash is of 0x00 and these bytes." }),
    leafHash: hash,
    path: hashPath,
    head: LedgerHeadOut,
  })
  .openapi("InclusionProof");

const treeSize = z.string().regex(/^(?:0|[1-9]\d{0,14})$/, "must be a tree's size, a whole number");
export const ConsistencyQuery = z.strictObject({
  from: treeSize.openapi({ description: "Size of the smaller tree.", example: "100" }),
  to: treeSize.optional().openapi({ description: "Size of the larger tree; that of the newest head when left out." }),
});

export const ConsistencyOut = z
  .strictObject({ from: z.int(), to: z.int(), fromRoot: hash, toRoot: hash, path: hashPath })
  .openapi("ConsistencyProof");

export const Problem = z
  .strictObject({
    type: z.string().openapi({ example: "urn:lockstep:problem:invalid-request" }),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.strictObject({ field: z.string(), problem: z.string(), fix: z.string() })).optional(),
  })
  .openapi("Problem", { description: "RFC 9457. `type` is stable: programs may branch on it." });
