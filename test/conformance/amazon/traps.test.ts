import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import { z } from "zod";
import { feedComplaints, requestComplaints } from "../../unit/connectors/amazon/contract.ts";
import {
  apiOrigin,
  bench,
  givesTokens,
  restoreNetwork,
  uriOf,
  withoutNetwork,
  write,
} from "../../unit/connectors/amazon/harness.ts";
import { countOf } from "../count.ts";
import { holdTrapRows } from "../laws/trap-rows.ts";

/** The channel document's table of traps (§13). Most rows are kept beside the connector, in test/unit/connectors/amazon. */
const count = countOf("amazon");
beforeEach(withoutNetwork);
afterEach(restoreNetwork);

holdTrapRows("amazon");

const Patches = z.object({
  patches: z.array(z.strictObject({ op: z.string(), path: z.string(), value: z.unknown() })),
});
const Feed = z.object({ messages: z.array(Patches) });
/** A listing whose details have somehow come to hold prices, as an import of everything would. */
const priced = { price: "19.99", purchasable_offer: "19.99", list_price: "24.99" };
const quantityAlone = (units: number) => [
  {
    op: "merge",
    path: "/attributes/fulfillment_availability",
    value: [{ fulfillment_channel_code: "DEFAULT", quantity: units }],
  },
];

test("amazon trap 27: a restock by PATCH carries the quantity alone, so it can neither set a price nor take one back", async () => {
  givesTokens();
  const bodies: unknown[] = [];
  nock(apiOrigin)
    .patch(/^\/listings\//)
    .query(true)
    .times(2)
    .reply(async (request: Request) => {
      const body: unknown = await request.json();
      expect(requestComplaints("PATCH", uriOf(request), body)).toEqual([]);
      count("contract-validated requests");
      bodies.push(body);
      return [200, { sku: "SKU-1", status: "ACCEPTED", submissionId: "s-1", issues: [] }];
    });
  const { connector, context } = bench();
  await connector.pushQuantities([write("SKU-1", 0, priced)], "attempt-1", context);
  await connector.pushQuantities([write("SKU-1", 12, priced)], "attempt-2", context);
  expect(bodies.map((body) => Patches.parse(body).patches)).toEqual([quantityAlone(0), quantityAlone(12)]);
  expect(JSON.stringify(bodies)).not.toMatch(/price|offer/i);
});

test("amazon trap 27: a restock by feed carries the quantity alone, so one message cannot set it before a price", async () => {
  givesTokens();
  const documents: unknown[] = [];
  nock(apiOrigin)
    .post("/feeds/2021-06-30/documents")
    .reply(201, { feedDocumentId: "doc-in", url: "https://store.test/in" })
    .post("/feeds/2021-06-30/feeds")
    .reply(202, { feedId: "feed-1" });
  nock("https://store.test")
    .put("/in")
    .reply(async (request: Request) => {
      documents.push(await request.json());
      return [200, ""];
    });
  const { connector, context } = bench();
  await connector.bulk?.submit([write("SKU-1", 12, priced), write("SKU-2", 3, priced)], "attempt-1", context);
  expect(documents).toHaveLength(1);
  expect(feedComplaints("listings-feed-schema-v2", documents[0])).toEqual([]);
  expect(Feed.parse(documents[0]).messages.map(({ patches }) => patches)).toEqual([
    quantityAlone(12),
    quantityAlone(3),
  ]);
  expect(JSON.stringify(documents)).not.toMatch(/price|offer/i);
});
