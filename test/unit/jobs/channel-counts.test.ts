import { expect, test } from "vitest";
import { channelCounts } from "../../../src/jobs/channel-counts.ts";

const row = (channelSku: string, region: string, units: number) => ({ channelSku, region, units, changedAt: null });
const counts = (...given: Parameters<typeof channelCounts>) => {
  const { units, unknown } = channelCounts(...given);
  return { units: Object.fromEntries(units), unknown };
};

test("marketplaces that show the same stock are not added up", () => {
  expect(counts([row("A", "DE", 7), row("A", "FR", 5)], [], new Set(["A"]))).toEqual({ units: { A: 7 }, unknown: [] });
});

test("a link tells which SKU and how many of it, and two channel SKUs of one SKU are added up", () => {
  const links = [
    { channelSku: "A-FBA", sku: "A", units: 1 },
    { channelSku: "A-3PACK", sku: "A", units: 3 },
  ];
  const rows = [row("A-FBA", "US", 4), row("A-3PACK", "US", 2)];
  expect(counts(rows, links, new Set())).toEqual({ units: { A: 10 }, unknown: [] });
});

test("a SKU that nobody knows is not made known by the channel, and a kit is no SKU", () => {
  const kit = [
    { channelSku: "KIT", sku: "A", units: 1 },
    { channelSku: "KIT", sku: "B", units: 2 },
  ];
  const rows = [row("NEW", "US", 4), row("KIT", "US", 2)];
  expect(counts(rows, kit, new Set(["A", "B", "KIT"]))).toEqual({ units: {}, unknown: ["NEW", "KIT"] });
});
