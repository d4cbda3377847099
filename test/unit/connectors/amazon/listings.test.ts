import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImportedListing } from "../../../../src/connectors/connector.ts";
import { requestComplaints, responseComplaints } from "./contract.ts";
import { apiOrigin, type Bench, bench, givesTokens, restoreNetwork, uriOf, withoutNetwork } from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const summary = (marketplaceId: string, createdDate: string, changes: object = {}) => ({
  marketplaceId,
  productType: "LUGGAGE",
  status: ["BUYABLE", "DISCOVERABLE"],
  itemName: `Thing in ${marketplaceId}`,
  createdDate,
  lastUpdatedDate: createdDate,
  ...changes,
});
const listed = (sku: string, createdDate: string, changes: object = {}) => ({
  sku,
  summaries: [summary("A1PA6795UKMFR9", createdDate)],
  fulfillmentAvailability: [{ fulfillmentChannelCode: "DEFAULT", quantity: 3 }],
  ...changes,
});
type Listed = ReturnType<typeof listed>;

/** A seller's catalogue behind Amazon's search: sorted, windowed, paged, and out of reach beyond 1,000 rows. */
const catalogue = (items: readonly Listed[]): { readonly uris: string[] } => {
  const uris: string[] = [];
  const createdOf = (item: Listed): string => item.summaries[0]?.createdDate ?? "";
  nock(apiOrigin)
    .get("/listings/2021-08-01/items/ASELLER1")
    .query(true)
    .times(500)
    .reply((request: Request) => {
      uris.push(uriOf(request));
      const query = new URL(request.url).searchParams;
      const after = query.get("createdAfter") ?? "";
      const keyOf = query.get("sortBy") === "sku" ? (item: Listed) => item.sku : createdOf;
      const matching = items
        .filter((item) => after === "" || Date.parse(createdOf(item)) >= Date.parse(after))
        .toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
      const start = Number(query.get("pageToken") ?? "0");
      const end = Math.min(start + Number(query.get("pageSize")), 1000);
      const pagination = end < Math.min(matching.length, 1000) ? { pagination: { nextToken: String(end) } } : {};
      return [200, { numberOfResults: matching.length, items: matching.slice(start, end), ...pagination }];
    });
  return { uris };
};

const importAll = async ({ connector, context }: Bench): Promise<readonly ImportedListing[]> => {
  const all: ImportedListing[] = [];
  for (let cursor: string | null = null, pages = 0; ; pages += 1) {
    expect(pages).toBeLessThan(400);
    const page = await connector.importListings(cursor, context);
    all.push(...page.items);
    if (page.done) return all;
    cursor = page.next;
  }
};

test("every SKU is imported page by page in SKU order", async () => {
  givesTokens();
  const items = Array.from({ length: 45 }, (_, index) =>
    listed(`SKU-${String(index).padStart(3, "0")}`, "2024-01-01T00:00:00Z"),
  );
  const { uris } = catalogue(items);
  const imported = await importAll(bench());
  expect(imported.map(({ channelSku }) => channelSku)).toEqual(items.map(({ sku }) => sku));
  expect(uris).toHaveLength(3);
  expect(uris.flatMap((uri) => requestComplaints("GET", uri, undefined))).toEqual([]);
  expect(uris[0]).toContain("sortBy=sku&sortOrder=ASC");
  expect(uris[0]).toContain("marketplaceIds=A1PA6795UKMFR9,A13V1IB3VIYZZH");
});

/** Reports is asked and has none. */
const noReport = (processingStatus: string): { readonly asked: unknown[] } => {
  const asked: unknown[] = [];
  const report = {
    reportId: "r-1",
    reportType: "GET_MERCHANT_LISTINGS_ALL_DATA",
    createdTime: "2026-09-01T10:00:00Z",
    processingStatus,
  };
  expect(responseComplaints("getReport", 200, report)).toEqual([]);
  nock(apiOrigin)
    .post("/reports/2021-06-30/reports")
    .reply(async (request: Request) => {
      const body: unknown = await request.json();
      asked.push(body);
      expect(requestComplaints("POST", uriOf(request), body)).toEqual([]);
      return [202, { reportId: "r-1" }];
    });
  nock(apiOrigin).get("/reports/2021-06-30/reports/r-1").reply(200, report);
  return { asked };
};

test("amazon trap 22: a cancelled report is no empty catalogue; beyond 1,000 SKUs the import goes on in windows of creation time and misses none", async () => {
  givesTokens();
  noReport("CANCELLED");
  const items = Array.from({ length: 2_345 }, (_, index) => {
    // Several share a creation time, also across the edge of a window.
    const created = new Date(Date.parse("2024-01-01T00:00:00Z") + Math.floor(index / 7) * 1000).toISOString();
    return listed(`SKU-${(index * 7919) % 2_345}`, created);
  });
  const { uris } = catalogue(items);
  const imported = await importAll(bench());
  expect(new Set(imported.map(({ ref }) => ref)).size).toBe(2_345);
  expect(imported.length).toBeLessThan(2_345 + 100);
  expect(uris.flatMap((uri) => requestComplaints("GET", uri, undefined))).toEqual([]);
});

test("more than 1,000 SKUs created at one moment are reported, not skipped", async () => {
  givesTokens();
  noReport("FATAL");
  catalogue(Array.from({ length: 1_001 }, (_, index) => listed(`SKU-${index}`, "2024-01-01T00:00:00Z")));
  await expect(importAll(bench())).rejects.toMatchObject({
    kind: "permanent",
    message: expect.stringContaining("created at 2024-01-01T00:00:00.000Z"),
  });
});

test("stock at Amazon is a listing of its own that is never ours to write", async () => {
  givesTokens();
  const rows = [{ fulfillmentChannelCode: "AMAZON_EU" }, { fulfillmentChannelCode: "DEFAULT", quantity: 3 }];
  const item = listed("SKU-1", "2024-01-01T00:00:00Z", { fulfillmentAvailability: rows });
  expect(responseComplaints("searchListingsItems", 200, { numberOfResults: 1, items: [item] })).toEqual([]);
  catalogue([item]);
  const [amazons, ours] = await importAll(bench());
  expect(amazons).toEqual({
    ref: "offer:AMAZON_EU:SKU-1",
    details: { sku: "SKU-1", channelCode: "AMAZON_EU", productType: "LUGGAGE", marketplaceId: "A1PA6795UKMFR9" },
    aliases: ["fba:SKU-1"],
    channelSku: "SKU-1",
    title: "Thing in A1PA6795UKMFR9",
    fulfilledBy: "channel",
    status: "active",
    units: null,
  });
  expect(ours).toMatchObject({ ref: "offer:DEFAULT:SKU-1", aliases: ["sku:SKU-1"], fulfilledBy: "merchant", units: 3 });
});

test("a sold-out listing stays active, one that shoppers cannot find is inactive", async () => {
  givesTokens();
  const statuses = { A: ["BUYABLE"], B: ["DISCOVERABLE"], C: [] };
  catalogue(
    Object.entries(statuses).map(([sku, status]) =>
      listed(sku, "2024-01-01T00:00:00Z", {
        summaries: [summary("A1PA6795UKMFR9", "2024-01-01T00:00:00Z", { status })],
      }),
    ),
  );
  const imported = await importAll(bench());
  expect(imported.map(({ status }) => status)).toEqual(["active", "active", "inactive"]);
});

test("a SKU without summary or stock is the merchant's, shows nothing, and is written as the generic product type", async () => {
  givesTokens();
  catalogue([listed("BARE", "", { summaries: [], fulfillmentAvailability: [] })]);
  expect(await importAll(bench())).toMatchObject([
    {
      ref: "offer:DEFAULT:BARE",
      details: { sku: "BARE", channelCode: "DEFAULT", productType: "PRODUCT", marketplaceId: "A1PA6795UKMFR9" },
      title: null,
      units: null,
    },
  ]);
});

test("a SKU listed in the second marketplace only is written there", async () => {
  givesTokens();
  catalogue([
    listed("FR-ONLY", "", { summaries: [summary("A13V1IB3VIYZZH", "2024-01-01T00:00:00Z", { productType: "SHOES" })] }),
  ]);
  expect(await importAll(bench())).toMatchObject([
    { details: { productType: "SHOES", marketplaceId: "A13V1IB3VIYZZH" } },
  ]);
});

test("a cursor that is not ours is reported as such", async () => {
  const { connector, context } = bench();
  await expect(connector.importListings("nonsense", context)).rejects.toMatchObject({ kind: "permanent" });
});
