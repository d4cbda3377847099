import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";

/** Something a buyer did, in the retailer's order. Units of a SKU, ≥ 1; each SKU once per invoice. */
export type BuyerEvent =
  | { readonly kind: "sale"; readonly invoice: string; readonly at: string; readonly lines: readonly Line[] }
  | { readonly kind: "cancellation"; readonly invoice: string; readonly at: string; readonly lines: readonly Line[] };
export type Line = { readonly sku: string; readonly units: number };

export type RealOrders = {
  readonly events: readonly BuyerEvent[];
  /** Title by SKU. */
  readonly titles: ReadonlyMap<string, string>;
};

const parseRow = (row: string): readonly string[] => {
  // Only the last column may be quoted.
  const cells = row.split(",", 4);
  const rest = row.slice(cells.join(",").length + 1);
  return [...cells, rest.startsWith('"') ? rest.slice(1, -1).replaceAll('""', '"') : rest];
};

/** Reads the committed extract of real invoices (data/SOURCES.md). */
export const readRealOrders = (
  file: URL = new URL("../../data/online-retail-extract.csv.gz", import.meta.url),
): RealOrders => {
  const rows = gunzipSync(readFileSync(file)).toString("utf8").trim().split("\n").slice(1);
  const titles = new Map<string, string>();
  const events = new Map<
    string,
    { kind: "sale" | "cancellation"; invoice: string; at: string; units: Map<string, number> }
  >();
  for (const row of rows) {
    const [invoice = "", sku = "", units = "0", at = "", title = ""] = parseRow(row);
    if (title !== "" && !titles.has(sku)) titles.set(sku, title);
    const kind = invoice.startsWith("C") ? "cancellation" : "sale";
    const event = events.get(invoice) ?? { kind, invoice, at, units: new Map<string, number>() };
    event.units.set(sku, (event.units.get(sku) ?? 0) + Math.abs(Number(units)));
    events.set(invoice, event);
  }
  return {
    titles,
    events: [...events.values()].map(({ units, ...event }) => ({
      ...event,
      lines: [...units].map(([sku, count]) => ({ sku, units: count })),
    })),
  };
};

/** The `count` SKUs that appear in most sales, best first: the demo's catalogue. */
export const bestSellers = (events: readonly BuyerEvent[], count: number): readonly string[] => {
  const sales = new Map<string, number>();
  for (const event of events) {
    if (event.kind !== "sale") continue;
    for (const { sku } of event.lines) sales.set(sku, (sales.get(sku) ?? 0) + 1);
  }
  return [...sales]
    .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, count)
    .map(([sku]) => sku);
};
