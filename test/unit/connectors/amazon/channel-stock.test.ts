import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { requestComplaints, responseComplaints } from "./contract.ts";
import { apiOrigin, bench, errorBody, givesTokens, restoreNetwork, uriOf, withoutNetwork } from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

const summary = (sellerSku: string, fulfillableQuantity: number, more: object = {}) => ({
  asin: "B000000001",
  fnSku: "X000000001",
  sellerSku,
  condition: "NewItem",
  lastUpdatedTime: "2026-09-01T09:00:00Z",
  totalQuantity: 99,
  inventoryDetails: {
    fulfillableQuantity,
    inboundShippedQuantity: 40,
    unfulfillableQuantity: { totalUnfulfillableQuantity: 2 },
  },
  ...more,
});
const page = (rows: readonly object[], nextToken?: string) => ({
  payload: { granularity: { granularityType: "Marketplace", granularityId: "M" }, inventorySummaries: rows },
  ...(nextToken === undefined ? {} : { pagination: { nextToken } }),
});
const answers = (...replies: readonly (readonly [number, object])[]): { readonly uris: string[] } => {
  const uris: string[] = [];
  for (const [status, body] of replies) {
    if (status === 200) expect(responseComplaints("getInventorySummaries", 200, body)).toEqual([]);
    nock(apiOrigin)
      .get("/fba/inventory/v1/summaries")
      .query(true)
      .reply((request: Request) => {
        uris.push(uriOf(request));
        expect(requestComplaints("GET", uriOf(request), undefined)).toEqual([]);
        return [status, body];
      });
  }
  return { uris };
};
const oneMarketplace = { marketplaceIds: ["A1PA6795UKMFR9"] };
const read = (changes: Parameters<typeof bench>[0] = oneMarketplace) => {
  const { connector, context } = bench(changes);
  if (connector.channelStock === undefined) throw new Error("channel stock expected");
  return connector.channelStock.read(context);
};

test("amazon trap 12: all pages are read in one go, the token encoded once, and only what can be sold counts", async () => {
  givesTokens();
  const { uris } = answers(
    [200, page([summary("F,1", 5)], "t/+ =%")],
    [200, page([summary("F-2", 0), summary("F,1", 5)])],
  );
  expect(await read()).toEqual([
    { channelSku: "F,1", region: "A1PA6795UKMFR9", units: 5, changedAt: "2026-09-01T09:00:00.000Z" },
    { channelSku: "F-2", region: "A1PA6795UKMFR9", units: 0, changedAt: "2026-09-01T09:00:00.000Z" },
  ]);
  expect(uris[0]).toContain("details=true");
  expect(uris[1]).toContain("nextToken=t%2F%2B%20%3D%25");
});

test("one SKU in two conditions is the sum of both", async () => {
  givesTokens();
  answers([200, page([summary("F-1", 5), summary("F-1", 2, { condition: "UsedGood", fnSku: "X000000002" })])]);
  expect(await read()).toMatchObject([{ channelSku: "F-1", units: 7 }]);
});

test("a token that died means reading from the start, and one that leads nowhere ends", async () => {
  givesTokens();
  const { uris } = answers(
    [200, page([summary("F-1", 5)], "t1")],
    [400, errorBody("InvalidInput", "nextToken has expired")],
    [200, page([summary("F-1", 4)], "t2")],
    [200, page([summary("F-2", 1)])],
  );
  expect((await read()).map(({ channelSku, units }) => [channelSku, units])).toEqual([
    ["F-1", 4],
    ["F-2", 1],
  ]);
  expect(uris).toHaveLength(4);
  answers([200, page([], "same")], [200, page([], "same")]);
  await expect(read()).rejects.toMatchObject({ kind: "retryable" });
});

test("amazon trap 13: neither a start time nor a list of SKUs is sent, and marketplaces are read apart", async () => {
  givesTokens();
  const { uris } = answers([200, page([summary("F-1", 5)])], [200, page([summary("F-1", 5)])]);
  const rows = await read({});
  expect(rows.map(({ region }) => region)).toEqual(["A1PA6795UKMFR9", "A13V1IB3VIYZZH"]);
  for (const uri of uris) expect(uri).not.toMatch(/startDateTime|sellerSku/);
});

test("a row without its details is no zero: nothing is answered", async () => {
  givesTokens();
  answers([200, page([summary("F-1", 5), summary("F-2", 5, { inventoryDetails: undefined })])]);
  await expect(read(oneMarketplace)).rejects.toMatchObject({ kind: "retryable" });
});
