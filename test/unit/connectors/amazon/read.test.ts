import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { requestComplaints, responseComplaints, sandboxAnswers } from "./contract.ts";
import { apiOrigin, bench, errorBody, givesTokens, restoreNetwork, uriOf, withoutNetwork, write } from "./harness.ts";

beforeEach(withoutNetwork);
afterEach(restoreNetwork);

type Row = { readonly fulfillmentChannelCode: string; readonly quantity?: number };
const item = (sku: string, rows: readonly Row[]) => ({ sku, fulfillmentAvailability: rows });

/** Answers searches with the given items; keeps the uris. */
const searches = (items: readonly object[]): { readonly uris: string[] } => {
  const uris: string[] = [];
  nock(apiOrigin)
    .get("/listings/2021-08-01/items/ASELLER1")
    .query(true)
    .times(10)
    .reply((request: Request) => {
      uris.push(uriOf(request));
      return [200, { numberOfResults: items.length, items }];
    });
  return { uris };
};

test("amazon trap 3: what is live is read, never what was last submitted", async () => {
  givesTokens();
  const submitted = {
    attributes: { fulfillment_availability: [{ fulfillment_channel_code: "DEFAULT", quantity: 99 }] },
  };
  const { uris } = searches([{ ...item("SKU-1", [{ fulfillmentChannelCode: "DEFAULT", quantity: 7 }]), ...submitted }]);
  const { connector, context } = bench();
  const readings = await connector.readQuantities([write("SKU-1", 0)], context);
  expect(readings).toEqual([{ ref: "offer:DEFAULT:SKU-1", units: 7 }]);
  expect(requestComplaints("GET", uris[0] ?? "", undefined)).toEqual([]);
  expect(uris[0]).toContain("includedData=fulfillmentAvailability,summaries");
  expect(uris[0]).toContain("identifiersType=SKU");
});

test("each listing gets one reading, with the reason where there is no number", async () => {
  givesTokens();
  const answered = [
    item("BOTH", [{ fulfillmentChannelCode: "AMAZON_EU" }, { fulfillmentChannelCode: "DEFAULT", quantity: 0 }]),
    item("NO-ROW", []),
    item("UNTOLD", [{ fulfillmentChannelCode: "DEFAULT" }]),
  ];
  expect(responseComplaints("searchListingsItems", 200, { numberOfResults: 3, items: answered })).toEqual([]);
  const { uris } = searches(answered);
  const { connector, context } = bench();
  const listings = [
    write("BOTH", 0),
    write("BOTH", 0, { channelCode: "AMAZON_EU" }),
    write("NO-ROW", 0),
    write("UNTOLD", 0),
    write("GONE", 0),
    { ref: "odd", details: null },
  ];
  const readings = await connector.readQuantities(listings, context);
  expect(readings.map(({ ref, units }) => [ref, units])).toEqual([
    ["offer:DEFAULT:BOTH", 0],
    ["offer:AMAZON_EU:BOTH", null],
    ["offer:DEFAULT:NO-ROW", null],
    ["offer:DEFAULT:UNTOLD", null],
    ["offer:DEFAULT:GONE", null],
    ["odd", null],
  ]);
  for (const reading of readings.filter(({ units }) => units === null)) expect(reading.reason).toBeTypeOf("string");
  expect(uris).toHaveLength(1);
  expect(uris[0]).toContain("identifiers=BOTH,NO-ROW,UNTOLD,GONE&");
});

test("SKUs that differ in case or blanks only are different SKUs", async () => {
  givesTokens();
  searches([item("sku-1", [{ fulfillmentChannelCode: "DEFAULT", quantity: 1 }])]);
  const { connector, context } = bench();
  const readings = await connector.readQuantities([write("SKU-1", 0), write("sku-1", 0), write("sku-1 ", 0)], context);
  expect(readings.map(({ units }) => units)).toEqual([null, 1, null]);
});

test("amazon trap 20: a SKU with a comma is read by itself and one that is gone reads as such", async () => {
  givesTokens();
  const singles: string[] = [];
  nock(apiOrigin)
    .get(/\/listings\/2021-08-01\/items\/ASELLER1\/.+/)
    .query(true)
    .times(2)
    .reply((request: Request) => {
      const uri = uriOf(request);
      singles.push(uri);
      if (uri.includes("GONE")) return [404, errorBody("NOT_FOUND", "SKU not found")];
      return [200, item("A,B", [{ fulfillmentChannelCode: "DEFAULT", quantity: 4 }])];
    });
  const { uris } = searches([item("PLAIN", [{ fulfillmentChannelCode: "DEFAULT", quantity: 2 }])]);
  const { connector, context } = bench();
  const readings = await connector.readQuantities([write("A,B", 0), write("PLAIN", 0), write("GONE,1", 0)], context);
  expect(readings.map(({ units }) => units)).toEqual([4, 2, null]);
  expect(uris).toHaveLength(1);
  expect(uris[0]).toContain("identifiers=PLAIN&");
  expect(singles.map((uri) => uri.split("?")[0])).toEqual([
    "/listings/2021-08-01/items/ASELLER1/A%2CB",
    "/listings/2021-08-01/items/ASELLER1/GONE%2C1",
  ]);
  expect(singles.flatMap((uri) => requestComplaints("GET", uri, undefined))).toEqual([]);
});

test("the sandbox's recorded answers can be read", async () => {
  givesTokens();
  const [recorded] = sandboxAnswers("searchListingsItems", 200);
  expect(responseComplaints("searchListingsItems", 200, recorded)).toEqual([]);
  nock(apiOrigin).get("/listings/2021-08-01/items/ASELLER1").query(true).reply(200, recorded);
  const { connector, context } = bench();
  const [reading] = await connector.readQuantities([write("GM-ZDPI-9B4E", 0)], context);
  expect(reading).toEqual({ ref: "offer:DEFAULT:GM-ZDPI-9B4E", units: 100 });
});

test("a gateway's page in place of an answer is worth another try", async () => {
  givesTokens();
  nock(apiOrigin).get("/listings/2021-08-01/items/ASELLER1").query(true).reply(200, "<html></html>");
  const { connector, context } = bench();
  await expect(connector.readQuantities([write("SKU-1", 0)], context)).rejects.toMatchObject({
    kind: "retryable",
    ambiguous: false,
  });
});

test("a read that met a server error is repeated inside the call", async () => {
  givesTokens();
  nock(apiOrigin)
    .get("/listings/2021-08-01/items/ASELLER1")
    .query(true)
    .reply(503, errorBody("ServiceUnavailable", "busy"));
  searches([item("SKU-1", [{ fulfillmentChannelCode: "DEFAULT", quantity: 7 }])]);
  const { connector, context } = bench();
  expect(await connector.readQuantities([write("SKU-1", 0)], context)).toMatchObject([{ units: 7 }]);
});

test("two rows of the merchant's stock are read as their sum, Amazon's own apart", async () => {
  givesTokens();
  const rows = [
    { fulfillmentChannelCode: "DEFAULT", quantity: 3 },
    { fulfillmentChannelCode: "DEFAULT", quantity: 4 },
    { fulfillmentChannelCode: "AMAZON_EU", quantity: 50 },
  ];
  searches([item("SKU-1", rows)]);
  const { connector, context } = bench();
  expect(await connector.readQuantities([write("SKU-1", 0)], context)).toEqual([
    { ref: "offer:DEFAULT:SKU-1", units: 7 },
  ]);
});
