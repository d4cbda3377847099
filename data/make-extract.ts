/**
 * Makes `online-retail-extract.csv.gz` from the full data set (see SOURCES.md):
 *   node data/make-extract.ts <online-retail-orders.csv.gz>
 * Kept: whole sale invoices of stock items in their order, from `from` on until there are `invoicesMax` of them, and the
 * cancellation lines in between. Left out: prices, countries, fees, write-offs. A description is kept at its SKU's first row.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync, gzipSync } from "node:zlib";

const from = "2011-11-04T";
const invoicesMax = 3_200;
const stockItem = /^[0-9]{5}[A-Z]*$/;

const parseLine = (line: string): readonly string[] =>
  [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map((match) => (match[1] ?? "").replace(/^"|"$/g, "").replaceAll('""', '"'));

const source = process.argv[2];
if (source === undefined) throw new Error("name the full data set");
const rows = gunzipSync(readFileSync(source)).toString("utf8").trim().split("\n").slice(1);
const described = new Set<string>();
const invoices = new Set<string>();
const kept = ["invoice,sku,units,timestamp,description"];
for (const row of rows) {
  const [invoice = "", sku = "", description = "", quantity = "", timestamp = "", price = ""] = parseLine(row);
  if (timestamp < from || !stockItem.test(sku)) continue;
  const units = Number(quantity);
  const isCancellation = invoice.startsWith("C");
  if (isCancellation ? units >= 0 : units <= 0 || Number(price) <= 0) continue;
  if (!isCancellation && !invoices.has(invoice)) {
    if (invoices.size >= invoicesMax) continue;
    invoices.add(invoice);
  }
  const title = described.has(sku) ? "" : description;
  described.add(sku);
  kept.push([invoice, sku, String(units), timestamp, /[",]/.test(title) ? `"${title.replaceAll('"', '""')}"` : title].join(","));
}
writeFileSync(new URL("./online-retail-extract.csv.gz", import.meta.url), gzipSync(`${kept.join("\n")}\n`, { level: 9 }));
process.stdout.write(`${kept.length - 1} rows, ${invoices.size} sale invoices, ${described.size} SKUs\n`);
