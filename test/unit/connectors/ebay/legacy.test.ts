import nock from "nock";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ImportedListing, ListingWrite } from "../../../../src/connectors/connector.ts";
import { createBench, failureOf, grantTokens, host } from "./harness.ts";
import { hasTrading, outOfStockControl, tradingError, tradingXml } from "./trading.ts";

beforeEach(() => {
  nock.disableNetConnect();
  grantTokens();
});
afterEach(() => nock.cleanAll());

const details = (itemId: string, sku: string | null = null) => ({
  lane: "trading",
  itemId,
  sku,
  isVariation: sku !== null,
});
const write = (itemId: string, units: number, sku: string | null = null): ListingWrite => ({
  ref: sku === null ? `item:${itemId}` : `item:${itemId}/sku:${sku}`,
  details: details(itemId, sku),
  units,
  expectedUnits: null,
});
const took = (itemId: string, quantity: number, sku = ""): string =>
  `<InventoryStatus><SKU>${sku}</SKU><ItemID>${itemId}</ItemID><Quantity>${quantity}</Quantity></InventoryStatus>`;

test("ebay section 10: at most four listings go into one ReviseInventoryStatus, a variation with its SKU", async () => {
  const { bodies } = hasTrading(
    "ReviseInventoryStatus",
    tradingXml("ReviseInventoryStatus", took("1", 3) + took("2", 3) + took("3", 3) + took("4", 7, "R&amp;B")),
    tradingXml("ReviseInventoryStatus", took("5", 3)),
  );
  const { connector, context } = createBench();
  const batch = [write("1", 3), write("2", 3), write("3", 3), write("4", 7, "R&B"), write("5", 3)];
  const outcomes = await connector.pushQuantities(batch, "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(Array.from({ length: 5 }, () => "accepted"));
  expect(bodies.map((body) => body.match(/<InventoryStatus>/g)?.length)).toEqual([4, 1]);
  expect(bodies[0]).toContain("<ItemID>4</ItemID><SKU>R&amp;B</SKU><Quantity>7</Quantity>");
  expect(bodies[0]).toContain("<ItemID>1</ItemID><Quantity>3</Quantity>");
});

test("a PartialFailure refuses the listings that eBay does not echo, each with its own error", async () => {
  const ended = tradingError("291", "Auction ended: item 2.", "<ErrorParameters><Value>2</Value></ErrorParameters>");
  const locked = tradingError("196", "On hold.", "<ErrorParameters><Value>3</Value></ErrorParameters>");
  hasTrading(
    "ReviseInventoryStatus",
    tradingXml("ReviseInventoryStatus", ended + locked + took("1", 3), "PartialFailure"),
  );
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([write("1", 3), write("2", 3), write("3", 3)], "attempt-1", context);
  expect(outcomes).toEqual([
    { ref: "item:1", status: "accepted", receipt: null },
    { ref: "item:2", status: "refused", retry: "never", reason: "291: Auction ended: item 2." },
    { ref: "item:3", status: "refused", retry: "never", reason: "196: On hold." },
  ]);
});

test("a whole Failure is asked again one by one, so that one listing does not refuse the others", async () => {
  hasTrading(
    "ReviseInventoryStatus",
    tradingXml("ReviseInventoryStatus", tradingError("17", "Item 2 was deleted."), "Failure"),
    tradingXml("ReviseInventoryStatus", took("1", 3)),
    tradingXml("ReviseInventoryStatus", tradingError("17", "Item 2 was deleted."), "Failure"),
  );
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([write("1", 3), write("2", 3)], "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["accepted", "refused"]);
});

test("ebay trap 13: an answer that cannot be read leaves the write unknown, for it may have been applied", async () => {
  hasTrading("ReviseInventoryStatus", "<ReviseInventoryStatusResponse><Ack>Success</Ack>");
  const { connector, context } = createBench();
  expect(await connector.pushQuantities([write("1", 3)], "attempt-1", context)).toEqual([
    { ref: "item:1", status: "unknown", reason: expect.stringContaining("cannot be read") },
  ]);
});

test("an answer that names only others, or another number, is unknown", async () => {
  hasTrading("ReviseInventoryStatus", tradingXml("ReviseInventoryStatus", took("1", 2)));
  const { connector, context } = createBench();
  const outcomes = await connector.pushQuantities([write("1", 3), write("2", 3)], "attempt-1", context);
  expect(outcomes.map(({ status }) => status)).toEqual(["unknown", "unknown"]);
});

test("a variation without SKU is refused without a call", async () => {
  const { connector, context } = createBench();
  const listing = { ...write("1", 3), details: { lane: "trading", itemId: "1", sku: null, isVariation: true } };
  expect(await connector.pushQuantities([listing], "attempt-1", context)).toMatchObject([
    { status: "refused", retry: "never", reason: expect.stringContaining("SKU") },
  ]);
});

test.each(["21917053", "932", "17470"])(
  "ebay trap 5: Trading's ways to say that the token expired (%s) refresh it once",
  async (code) => {
    const { tokens } = hasTrading(
      "ReviseInventoryStatus",
      tradingXml("ReviseInventoryStatus", tradingError(code, "Auth token is hard expired."), "Failure"),
      tradingXml("ReviseInventoryStatus", took("1", 3)),
    );
    const { connector, context } = createBench();
    const outcomes = await connector.pushQuantities([write("1", 3)], "attempt-1", context);
    expect(outcomes).toMatchObject([{ status: "accepted" }]);
    expect(tokens).toEqual(["refresh_token-1", "refresh_token-2"]);
  },
);

test.each([
  { code: "518", kind: "throttled" },
  { code: "21919144", kind: "throttled" },
])("Trading's $code throws $kind and writes nothing", async ({ code, kind }) => {
  hasTrading("ReviseInventoryStatus", tradingXml("ReviseInventoryStatus", tradingError(code, "Too many."), "Failure"));
  nock(host)
    .persist()
    .get(/rate_limit/)
    .reply(404);
  const { connector, context } = createBench();
  const failure = await failureOf(connector.pushQuantities([write("1", 3)], "attempt-1", context));
  expect(failure).toMatchObject({ kind, ambiguous: false });
});

test("ebay section 6: Trading's Quantity counts sold units, and available is what is left", async () => {
  const { bodies } = hasTrading(
    "GetItem",
    tradingXml(
      "GetItem",
      "<Item><ItemID>1</ItemID><Quantity>10</Quantity><SellingStatus><QuantitySold>7</QuantitySold><ListingStatus>Active</ListingStatus></SellingStatus></Item>",
    ),
    tradingXml(
      "GetItem",
      "<Item><ItemID>2</ItemID><Quantity>9</Quantity><SellingStatus><QuantitySold>4</QuantitySold></SellingStatus><Variations><Variation><SKU>007 </SKU><Quantity>5</Quantity><SellingStatus><QuantitySold>4</QuantitySold></SellingStatus></Variation></Variations></Item>",
    ),
    tradingXml("GetItem", tradingError("17", "Deleted."), "Failure"),
    tradingXml(
      "GetItem",
      "<Item><Quantity>5</Quantity><SellingStatus><QuantitySold>1</QuantitySold><ListingStatus>Completed</ListingStatus></SellingStatus></Item>",
    ),
  );
  const { connector, context } = createBench();
  const handles = [
    { ref: "a", details: details("1") },
    { ref: "b", details: details("2", "007 ") },
    { ref: "c", details: details("2", "7") },
    { ref: "d", details: details("3") },
    { ref: "e", details: details("4") },
  ];
  expect(await connector.readQuantities(handles, context)).toEqual([
    { ref: "a", units: 3 },
    { ref: "b", units: 1 },
    { ref: "c", units: null, reason: expect.stringContaining("no such variation") },
    { ref: "d", units: null, reason: expect.stringContaining("does not know") },
    { ref: "e", units: null, reason: "the listing is completed" },
  ]);
  expect(bodies).toHaveLength(4);
});

const active = (items: string, pages = 1): string =>
  tradingXml(
    "GetMyeBaySelling",
    `<ActiveList><ItemArray>${items}</ItemArray><PaginationResult><TotalNumberOfPages>${pages}</TotalNumberOfPages></PaginationResult></ActiveList>`,
  );
const plain = (itemId: string, sku: string): string =>
  `<Item><ItemID>${itemId}</ItemID><Title>T&amp;T</Title><SKU>${sku}</SKU><ListingType>FixedPriceItem</ListingType><Quantity>9</Quantity><QuantityAvailable>4</QuantityAvailable></Item>`;

test("an import goes on with the listings that the Inventory API did not make, and tells the two lanes apart", async () => {
  nock(host)
    .get("/sell/inventory/v1/inventory_item")
    .query(true)
    .reply(200, { total: 1, inventoryItems: [{ sku: "REST" }] });
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query(true)
    .reply(200, {
      total: 1,
      offers: [{ offerId: "o", status: "PUBLISHED", format: "FIXED_PRICE", listing: { listingId: "100" } }],
    });
  const variations =
    "<Item><ItemID>102</ItemID><Title>Shirt</Title><Quantity>5</Quantity><Variations><Variation><SKU>RED</SKU><Quantity>3</Quantity><SellingStatus><QuantitySold>1</QuantitySold></SellingStatus></Variation><Variation><Quantity>2</Quantity><VariationSpecifics><NameValueList><Name>Colour</Name><Value>Blue</Value></NameValueList></VariationSpecifics></Variation></Variations></Item>";
  const auction = "<Item><ItemID>103</ItemID><ListingType>Chinese</ListingType><Quantity>1</Quantity></Item>";
  hasTrading(
    "GetMyeBaySelling",
    active(plain("100", "REST") + plain("101", "REST") + variations, 2),
    active(auction, 2),
  );
  const { connector, context } = createBench({ legacyListings: true });
  const found: ImportedListing[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < 9; page += 1) {
    const { items, next, done }: Awaited<ReturnType<typeof connector.importListings>> = await connector.importListings(
      cursor,
      context,
    );
    found.push(...items);
    cursor = next;
    if (done) break;
  }
  expect(found.map(({ ref, units }) => [ref, units])).toEqual([
    ["sku:REST", null],
    ["item:101", 4],
    ["item:102/sku:RED", 2],
    ["item:102/variation:Colour=Blue", 2],
  ]);
  expect(found[1]).toEqual({
    ref: "item:101",
    details: { lane: "trading", itemId: "101", sku: "REST", isVariation: false },
    aliases: [],
    channelSku: "REST",
    title: "T&T",
    fulfilledBy: "merchant",
    status: "active",
    units: 4,
  });
});

test("an import that goes on after a restart asks for the offers of what it cannot remember", async () => {
  hasTrading("GetMyeBaySelling", active(plain("100", "REST") + plain("101", "OLD")));
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === "REST")
    .reply(200, {
      total: 1,
      offers: [{ offerId: "o", status: "PUBLISHED", format: "FIXED_PRICE", listing: { listingId: "100" } }],
    });
  nock(host)
    .get("/sell/inventory/v1/offer")
    .query((query) => query["sku"] === "OLD")
    .reply(404);
  const { connector, context } = createBench({ legacyListings: true });
  const { items, done } = await connector.importListings(JSON.stringify({ legacyPage: 1 }), context);
  expect(items.map(({ ref }) => ref)).toEqual(["item:101"]);
  expect(done).toBe(true);
});

test("ebay section 5.3: with out-of-stock control off a 0 is refused, in either lane, and other numbers go through", async () => {
  hasTrading("GetUserPreferences", outOfStockControl(false));
  hasTrading("ReviseInventoryStatus", tradingXml("ReviseInventoryStatus", took("2", 1)));
  const { connector, context } = createBench();
  const rest = { ref: "sku:A", details: { lane: "rest", sku: "A", offerIds: ["o"] }, units: 0, expectedUnits: null };
  const outcomes = await connector.pushQuantities([rest, write("1", 0), write("2", 1)], "attempt-1", context);
  expect(Object.fromEntries(outcomes.map(({ ref, status }) => [ref, status]))).toEqual({
    "sku:A": "refused",
    "item:1": "refused",
    "item:2": "accepted",
  });
  expect(outcomes[0]).toMatchObject({ retry: "never", reason: expect.stringContaining("would end the listing") });
});

test("with out-of-stock control on a 0 goes through, and the preference is asked for once an hour", async () => {
  const { bodies } = hasTrading("GetUserPreferences", outOfStockControl(true), outOfStockControl(true));
  const answer = tradingXml("ReviseInventoryStatus", took("1", 0));
  hasTrading("ReviseInventoryStatus", answer, answer, answer);
  const { connector, context, clock } = createBench();
  await connector.pushQuantities([write("1", 0)], "attempt-1", context);
  clock.advance(59 * 60_000);
  expect(await connector.pushQuantities([write("1", 0)], "attempt-2", context)).toMatchObject([{ status: "accepted" }]);
  expect(bodies).toHaveLength(1);
  clock.advance(60_000);
  await connector.pushQuantities([write("1", 0)], "attempt-3", context);
  expect(bodies).toHaveLength(2);
});
