import { LocationId, Sku } from "../../src/core/ids.ts";
import type { Command } from "../../src/ledger/commands.ts";
import type { Request } from "./policy.ts";

/** What goes to the ledger; the rest is between a person and the tool. */
export type LedgerRequest = Exclude<Request, { readonly kind: "link" | "brake" | "let-go" }>;

/** A request at our own doors as the ledger takes it. */
export const commandOf = (request: LedgerRequest, occurredAt: string): Command => {
  const common = { key: request.key, actor: "api:sim", occurredAt };
  const locationId = LocationId.parse("main");
  switch (request.kind) {
    case "receive":
      return {
        ...common,
        kind: "receive",
        sku: Sku.parse(request.sku),
        locationId,
        units: request.units,
        reason: null,
      };
    case "adjust":
      return {
        ...common,
        kind: "adjust",
        sku: Sku.parse(request.sku),
        locationId,
        units: request.units,
        reason: "sim",
      };
    case "reserve":
      return {
        ...common,
        kind: "reserve",
        reservationId: request.id,
        lines: [{ sku: Sku.parse(request.sku), locationId, units: request.units }],
        mode: "all",
        ttlMs: request.ttlMs,
        reference: null,
      };
    case "commit":
    case "release":
      return { ...common, kind: request.kind, reservationId: request.id, lines: null };
  }
};
