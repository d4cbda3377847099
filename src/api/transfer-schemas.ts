import { z } from "@hono/zod-openapi";
import { PositiveUnits, Units } from "../core/ids.ts";
import { lines, location, occurredAt, ownId, reason, sku } from "./fields.ts";
import { RefusedLine } from "./stock-schemas.ts";

const common = {
  transferId: ownId("transfer; one transfer holds several SKUs, one line each"),
  sku,
  reason: reason.optional(),
  occurredAt: occurredAt.optional(),
};

export const SendLine = z
  .strictObject({
    action: z.literal("send"),
    ...common,
    fromLocation: location,
    toLocation: location,
    units: PositiveUnits,
  })
  .openapi("TransferSendLine", { description: "Off the shelf there, incoming here." });

export const ArriveLine = z
  .strictObject({
    action: z.literal("receive"),
    ...common,
    units: Units.meta({ description: "Units that arrived." }),
    lostUnits: Units.optional().openapi({ description: "Units that never will; 0 when left out." }),
  })
  .refine(({ units, lostUnits = 0 }) => units + lostUnits > 0, {
    path: ["units"],
    message: "must be at least 1, or lostUnits must be",
  })
  .openapi("TransferReceiveLine", { description: "What is named neither as arrived nor as lost stays under way." });

export const CancelLine = z
  .strictObject({ action: z.literal("cancel"), ...common })
  .openapi("TransferCancelLine", { description: "What is still under way is back on the sender's shelf." });

export const TransferLine = z.discriminatedUnion("action", [SendLine, ArriveLine, CancelLine], {
  error: "must be send, receive or cancel",
});
export type TransferLine = z.infer<typeof TransferLine>;
export const TransferBody = z.strictObject({ lines: lines(TransferLine) }).openapi("TransferRequest");

export const TransferDoneLine = z
  .strictObject({
    line: z.int(),
    status: z.literal("done"),
    transfer: z.strictObject({
      id: z.string(),
      sku: z.string(),
      fromLocation: z.string(),
      toLocation: z.string(),
      sentUnits: z.int(),
      receivedUnits: z.int(),
      lostUnits: z.int(),
      returnedUnits: z.int(),
      underWayUnits: z.int(),
    }),
  })
  .openapi("TransferDoneLine", { description: "Under way: sent minus received, lost and returned. As of this line." });
export type TransferDoneLine = z.infer<typeof TransferDoneLine>;

export const TransferResults = z
  .strictObject({ results: z.array(z.discriminatedUnion("status", [TransferDoneLine, RefusedLine])) })
  .openapi("TransferResults", { description: "One answer a line; a line that is refused does not stop the others." });
