import type { Channel } from "../../src/connectors/connector.ts";
import type { StockEvent } from "../../src/demo/verdict.ts";

/** What the harness knows of the shelf besides what the channels sold: every change by hand, each with its moment. */
export type Books = {
  readonly events: StockEvent[];
  /** Net units by SKU that came and went by stock commands with a definite answer. */
  readonly byHand: Map<string, number>;
  /** Stock commands by their kind. */
  readonly commands: Map<string, number>;
};

export const openBooks = (): Books => ({ events: [], byHand: new Map(), commands: new Map() });

/**
 * Units that came (or went, below zero) by hand. `atMs`: for units that came when the command was first sent, for units
 * that went when its answer was there: in between nobody can say, and neither may be held against us.
 */
export const noteByHand = (
  books: Books,
  change: { readonly sku: string; readonly units: number; readonly atMs: number },
) => {
  // The verdict knows sales, cancellations and writes; units that come back are what a cancellation is to the shelf.
  books.events.push({ kind: "cancel", channel: "shopify", ...change });
  books.byHand.set(change.sku, (books.byHand.get(change.sku) ?? 0) + change.units);
};

export const noteCancel = (
  books: Books,
  cancel: { readonly channel: Channel; readonly sku: string; readonly units: number; readonly atMs: number },
): void => {
  books.events.push({ kind: "cancel", ...cancel });
};

export const noteCommand = (books: Books, kind: string): void => {
  books.commands.set(kind, (books.commands.get(kind) ?? 0) + 1);
};

/** A channel by a draw in [0, 1), with the demo's shares. */
export const drawChannel = (draw: number): Channel => (draw < 0.4 ? "amazon" : draw < 0.7 ? "ebay" : "shopify");
