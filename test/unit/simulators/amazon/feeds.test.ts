import { gunzipSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { field, handClock, here, instantly, ordersPath, type Seller, setQuantity, startSeller } from "./seller.ts";

let seller: Seller;
beforeEach(async () => {
  seller = await startSeller({ speedUp: 100, workMs: [0, 0] });
  seller.simulator.channel.seedListings([
    { sku: "A", title: "Café", units: 5 },
    { sku: "F", title: "Lamp", units: 9, fulfilledBy: "channel" },
  ]);
});
afterEach(() => seller.simulator.close());

const violations = () => seller.simulator.channel.violations();
const json = "application/json; charset=UTF-8";
const message = (messageId: number, sku: string, units: number) => ({
  messageId,
  sku,
  operationType: "PATCH",
  ...setQuantity(units),
});
const documentOf = (messages: readonly object[]) => ({
  header: { sellerId: "A1LOCKSTEPDEMO", version: "2.0", issueLocale: "en_US" },
  messages,
});
const place = () => seller.call("POST", "/feeds/2021-06-30/documents", { body: { contentType: json } });
const put = (url: string, content: string, headers: Readonly<Record<string, string>> = { "content-type": json }) =>
  fetch(url, { method: "PUT", body: content, headers });
const createFeed = (inputFeedDocumentId: string) =>
  seller.call("POST", "/feeds/2021-06-30/feeds", {
    body: { feedType: "JSON_LISTINGS_FEED", marketplaceIds: [here.marketplaceIds], inputFeedDocumentId },
  });
const submit = async (content: string) => {
  const made = await place();
  expect((await put(field(made, "url"), content)).status).toBe(200);
  return createFeed(field(made, "feedDocumentId"));
};
const feedAfter = async (content: string) =>
  seller.call("GET", `/feeds/2021-06-30/feeds/${field(await submit(content), "feedId")}`);

test("a feed's report names the messages that failed; the others are applied", async () => {
  const feed = await feedAfter(
    JSON.stringify(documentOf([message(1, "A", 7), message(2, "NO", 1), message(3, "A", -1)])),
  );
  expect(feed.body).toMatchObject({ processingStatus: "DONE" });
  const document = await seller.call("GET", `/feeds/2021-06-30/documents/${field(feed, "resultFeedDocumentId")}`);
  expect(document.body).toMatchObject({ compressionAlgorithm: "GZIP" });
  const bytes = Buffer.from(await (await fetch(field(document, "url"))).arrayBuffer());
  expect(JSON.parse(gunzipSync(bytes).toString("utf8"))).toMatchObject({
    issues: [
      { messageId: 2, sku: "NO", severity: "ERROR" },
      { messageId: 3, severity: "ERROR" },
    ],
    summary: { messagesProcessed: 3, messagesAccepted: 1, messagesInvalid: 2 },
  });
  expect(seller.simulator.channel.truth().listings[0]).toMatchObject({ sku: "A", units: 7 });
  expect(violations()).toEqual([]);
});

test.each([
  ["no JSON", "<xml/>"],
  ["a header that is a list", JSON.stringify({ ...documentOf([message(1, "A", 1)]), header: [] })],
  ["no messages", JSON.stringify(documentOf([]))],
])("a document of %s ends FATAL and without a report", async (_, content) => {
  const { body } = await feedAfter(content);
  expect(body).toMatchObject({ processingStatus: "FATAL" });
  expect(body).not.toHaveProperty("resultFeedDocumentId");
});

test("writing to Amazon's own stock, replacing by UPDATE and broken messages are violations", async () => {
  await feedAfter(JSON.stringify(documentOf([message(1, "F", 1)])));
  await feedAfter(
    JSON.stringify(
      documentOf([{ messageId: 1, sku: "A", operationType: "UPDATE", productType: "X", attributes: { a: [1] } }]),
    ),
  );
  await feedAfter(JSON.stringify(documentOf([{ messageId: 1, sku: "A", operationType: "PATCH" }])));
  expect(violations()).toHaveLength(3);
});

test("the document store wants its own address, the announced content type, and no access token", async () => {
  const url = field(await place(), "url");
  expect((await put(url.replace("signature=", "signature=0"), "{}")).status).toBe(403);
  expect((await put(url, "{}", { "content-type": "application/json" })).status).toBe(403);
  expect((await put(url, "{}", { "content-type": json, "x-amz-access-token": "Atza|x" })).status).toBe(400);
  expect(violations()).toHaveLength(2);
});

test("a feed of a document that was not uploaded, or of an older type, is refused", async () => {
  const made = await place();
  expect((await createFeed(field(made, "feedDocumentId"))).status).toBe(400);
  const body = {
    feedType: "POST_INVENTORY_AVAILABILITY_DATA",
    marketplaceIds: [here.marketplaceIds],
    inputFeedDocumentId: "x",
  };
  expect((await seller.call("POST", "/feeds/2021-06-30/feeds", { body })).status).toBe(400);
});

test("the sixth feed in five minutes is throttled", async () => {
  const slow = await startSeller({ workMs: [0, 0] });
  const statuses: number[] = [];
  for (let number = 0; number < 6; number += 1) {
    const made = await slow.call("POST", "/feeds/2021-06-30/documents", { body: { contentType: json } });
    await put(field(made, "url"), "{}");
    const body = {
      feedType: "JSON_LISTINGS_FEED",
      marketplaceIds: [here.marketplaceIds],
      inputFeedDocumentId: field(made, "feedDocumentId"),
    };
    statuses.push((await slow.call("POST", "/feeds/2021-06-30/feeds", { body })).status);
  }
  expect(statuses).toEqual([202, 202, 202, 202, 202, 429]);
  await slow.simulator.close();
});

const report = async () => {
  const body = { reportType: "GET_MERCHANT_LISTINGS_ALL_DATA", marketplaceIds: [here.marketplaceIds] };
  const made = await seller.call("POST", "/reports/2021-06-30/reports", { body });
  return seller.call("GET", `/reports/2021-06-30/reports/${field(made, "reportId")}`);
};

test("the listings report is one byte a letter, without a quantity for Amazon's stock; asked again too soon it is cancelled", async () => {
  const done = await report();
  const document = await seller.call("GET", `/reports/2021-06-30/documents/${field(done, "reportDocumentId")}`);
  const text = gunzipSync(Buffer.from(await (await fetch(field(document, "url"))).arrayBuffer())).toString("latin1");
  const [header = "", own = "", amazons = ""] = text.split("\r\n");
  const cell = (line: string, name: string) => line.split("\t")[header.split("\t").indexOf(name)];
  expect([cell(own, "item-name"), cell(own, "quantity"), cell(own, "fulfillment-channel")]).toEqual([
    "Café",
    "5",
    "DEFAULT",
  ]);
  expect([cell(amazons, "quantity"), cell(amazons, "fulfillment-channel")]).toEqual(["", "AMAZON_NA"]);
  expect((await report()).body).toMatchObject({ processingStatus: "CANCELLED" });
});

test("Orders v0 lists orders in its own words and refuses a bound nearer than two minutes", async () => {
  const clock = handClock();
  const other = await startSeller({ clock, speedUp: 100, pendingMs: 360_000_000 });
  const { channel } = other.simulator;
  channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  const { orderId } = channel.sell({ reference: "1", lines: [{ sku: "A", units: 1 }] });
  channel.sell({ reference: "2", lines: [{ sku: "A", units: 2 }] });
  channel.cancel(orderId ?? "");
  clock.advance(1_300);
  const query = { MarketplaceIds: here.marketplaceIds, LastUpdatedAfter: "2026-01-01T00:00:00Z" };
  const { body } = await other.call("GET", "/orders/v0/orders", { query });
  const { payload } = body as { payload: { Orders: { OrderStatus: string }[] } };
  expect(payload.Orders.map(({ OrderStatus }) => OrderStatus).toSorted()).toEqual(["Canceled", "Pending"]);
  const items = await other.call("GET", `/orders/v0/orders/${orderId ?? ""}/orderItems`);
  expect(items.body).toMatchObject({
    payload: { OrderItems: [{ SellerSKU: "A", QuantityOrdered: 0, QuantityShipped: 0 }] },
  });
  const early = { ...query, LastUpdatedBefore: "2099-01-01T00:00:00Z" };
  expect((await other.call("GET", "/orders/v0/orders", { query: early })).status).toBe(400);
  await other.simulator.close();
});

test.each([["left-out"], ["refused"]] as const)("an account whose newer list has states %s", async (statesWithheld) => {
  const other = await startSeller({ faults: instantly, statesWithheld });
  const query = { ...here, lastUpdatedAfter: "2026-01-01T00:00:00Z", includedData: "FULFILLMENT" };
  expect((await other.call("GET", ordersPath, { query })).status).toBe(statesWithheld === "refused" ? 400 : 200);
  await other.simulator.close();
});
