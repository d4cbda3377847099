import { z } from "@hono/zod-openapi";
import { PositiveUnits, SignedUnits, Units } from "../core/ids.ts";
import { figures, lines, location, occurredAt, reason, sku } from "./fields.ts";

const at = { sku, location, occurredAt: occurredAt.optional() };
const maybeReason = reason.optional();

export const AdjustLine = z
  .strictObject({ ...at, units: SignedUnits, reason })
  .openapi("AdjustLine", { description: "Signed: +3 found, -2 broken." });
export type AdjustLine = z.infer<typeof AdjustLine>;
export const AdjustBody = z.strictObject({ lines: lines(AdjustLine) }).openapi("Adjust");

export const ReceiveLine = z
  .strictObject({
    ...at,
    units: PositiveUnits,
    reason: maybeReason,
    fromIncoming: z
      .boolean()
      .optional()
      .openapi({ description: "True: these units were expected, and no longer are. False when left out." }),
  })
  .openapi("ReceiveLine", { description: "Units that arrived. A SKU the ledger does not know yet becomes known." });
export type ReceiveLine = z.infer<typeof ReceiveLine>;
export const ReceiveBody = z.strictObject({ lines: lines(ReceiveLine) }).openapi("Receive");

export const CountLine = z.strictObject({ ...at, units: Units, reason: maybeReason }).openapi("CountLine", {
  description: "What was counted on the shelf: on hand becomes this, the difference is kept.",
});
export type CountLine = z.infer<typeof CountLine>;
export const CountBody = z.strictObject({ lines: lines(CountLine) }).openapi("Count");

export const ExpectLine = z
  .strictObject({ ...at, units: SignedUnits, reason: maybeReason })
  .openapi("ExpectLine", { description: "Signed: +10 ordered from a supplier, -4 will not come." });
export type ExpectLine = z.infer<typeof ExpectLine>;
export const ExpectBody = z.strictObject({ lines: lines(ExpectLine) }).openapi("Expect");

export const ReturnLine = z
  .strictObject({
    ...at,
    units: PositiveUnits,
    restock: z.boolean().openapi({ description: "True: back on the shelf. False: known and answered, nothing moves." }),
    reason: maybeReason,
  })
  .openapi("ReturnLine", { description: "Units that a buyer sent back." });
export type ReturnLine = z.infer<typeof ReturnLine>;
export const ReturnBody = z.strictObject({ lines: lines(ReturnLine) }).openapi("Return");

export const RefusedLine = z
  .strictObject({
    line: z.int(),
    status: z.literal("refused"),
    problem: z.strictObject({
      type: z.string(),
      title: z.string(),
      field: z.string(),
      detail: z.string(),
      fix: z.string(),
    }),
  })
  .openapi("RefusedLine");
export type RefusedLine = z.infer<typeof RefusedLine>;

export const DoneLine = z
  .strictObject({
    line: z.int(),
    status: z.literal("done"),
    sku: z.string(),
    location: z.string(),
    level: z.strictObject({ ...figures, version: z.int() }).openapi({ description: "As of this line." }),
  })
  .openapi("DoneLine");
export type DoneLine = z.infer<typeof DoneLine>;

export const LineResults = z
  .strictObject({ results: z.array(z.discriminatedUnion("status", [DoneLine, RefusedLine])) })
  .openapi("LineResults", { description: "One answer a line; a line that is refused does not stop the others." });
