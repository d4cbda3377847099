import { expect, test } from "vitest";
import type { StockEvent } from "../../../src/demo/verdict.ts";
import { oversoldSkus } from "../../chaos/oversells.ts";

const sale = (channel: "amazon" | "ebay", sku: string, atMs: number): StockEvent => ({
  kind: "sale",
  channel,
  sku,
  units: 1,
  atMs,
  toldAtMs: atMs,
});
const write = (sku: string, atMs: number, unitsBefore: number, unitsAfter: number): StockEvent => ({
  kind: "write",
  channel: "ebay",
  sku,
  atMs,
  acceptedMs: atMs,
  unitsBefore,
  unitsAfter,
  unitsWhenAccepted: unitsBefore,
});

test("a SKU of which a write of ours put back a sold unit is named, with its story in time", () => {
  const events = [write("A", 2_000, 0, 1), sale("amazon", "A", 10), sale("ebay", "A", 3_000), sale("amazon", "B", 10)];
  const found = oversoldSkus(
    new Map([
      ["A", 1],
      ["B", 1],
    ]),
    events,
  );
  expect(found).toHaveLength(1);
  expect(found[0]).toMatchObject({ sku: "A", stock: 1, oversoldByUs: 1 });
  expect(found[0]?.events.map(({ atMs }) => atMs)).toEqual([10, 2_000, 3_000]);
});

test("a unit that came by hand may be shown again", () => {
  const back: StockEvent = { kind: "cancel", channel: "shopify", sku: "A", units: 1, atMs: 15 };
  const events = [sale("amazon", "A", 10), back, write("A", 2_000, 0, 1), sale("ebay", "A", 3_000)];
  expect(oversoldSkus(new Map([["A", 1]]), events)).toEqual([]);
});
