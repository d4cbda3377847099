import { afterEach, beforeEach, expect, test } from "vitest";
import { handClock, listing, type Seller, startSeller } from "./seller.ts";

let seller: Seller;
beforeEach(async () => {
  seller = await startSeller({ clock: handClock() });
  seller.simulator.channel.seedListings([listing("REST", 5)]);
  seller.simulator.channel.seedLegacyListings([
    { itemId: "110000000001", title: "Plain & old", sku: "OLD", units: 5 },
    {
      itemId: "110000000002",
      title: "Shirt",
      sku: null,
      units: 0,
      variations: [
        { value: "Red", sku: "RED", units: 3 },
        { value: "Blue", sku: null, units: 2 },
      ],
    },
  ]);
});
afterEach(() => seller.simulator.close());

const trading = async (call: string, inner: string, headers: Record<string, string> = {}): Promise<string> => {
  const response = await fetch(`${seller.simulator.url}/ws/api.dll`, {
    method: "POST",
    headers: {
      "content-type": "text/xml",
      "x-ebay-api-call-name": call,
      "x-ebay-api-siteid": "0",
      "x-ebay-api-compatibility-level": "1379",
      "x-ebay-api-iaf-token": await seller.userToken(),
      ...headers,
    },
    body: `<?xml version="1.0"?><${call}Request xmlns="urn:ebay:apis:eBLBaseComponents">${inner}</${call}Request>`,
  });
  expect(response.status).toBe(200);
  return response.text();
};
const row = (itemId: string, quantity: number, sku?: string): string =>
  `<InventoryStatus><ItemID>${itemId}</ItemID>${sku === undefined ? "" : `<SKU>${sku}</SKU>`}<Quantity>${quantity}</Quantity></InventoryStatus>`;
const item = (itemId: string): Promise<string> => trading("GetItem", `<ItemID>${itemId}</ItemID>`);
const page =
  "<ActiveList><Include>true</Include><Pagination><EntriesPerPage>200</EntriesPerPage><PageNumber>1</PageNumber></Pagination></ActiveList>";

test("the active list holds the listings of both lanes, a variation listing as one", async () => {
  const list = await trading("GetMyeBaySelling", page);
  expect(list.match(/<Item>/g)).toHaveLength(3);
  expect(list).toContain("<SKU>REST</SKU>");
  expect(list).toContain("Plain &amp; old");
  expect(list.match(/<Variation>/g)).toHaveLength(2);
});

test("the Inventory API does not see what Trading made", async () => {
  const items = await seller.call("GET", "/sell/inventory/v1/inventory_item");
  expect(items.read.inventoryItems.map(({ sku }) => sku)).toEqual(["REST"]);
  const key = encodeURIComponent("110000000001");
  expect((await seller.call("GET", `/sell/inventory/v1/inventory_item/${key}`)).errorId).toBe(25710);
});

test("Quantity counts sold units, and an order of a variation names item, variation and SKU if it has one", async () => {
  seller.simulator.channel.sell({
    reference: "r-1",
    lines: [
      { sku: "110000000001", units: 2 },
      { sku: "110000000002/Blue", units: 1 },
    ],
  });
  expect(await item("110000000001")).toMatch(/<Quantity>5<\/Quantity>.*<QuantitySold>2<\/QuantitySold>/);
  const { body } = await seller.call("GET", "/sell/fulfillment/v1/order");
  const text = JSON.stringify(body);
  expect(text).toContain('"legacyItemId":"110000000001","sku":"OLD"');
  expect(text).toMatch(/"legacyItemId":"110000000002","legacyVariationId":"\d{12}"/);
});

test("a revision sets what is available, refuses Inventory API listings, and tells each", async () => {
  const restItem = /<ItemID>(\d+)<\/ItemID><Title>Thing REST/.exec(await trading("GetMyeBaySelling", page))?.[1] ?? "";
  const answer = await trading(
    "ReviseInventoryStatus",
    row("110000000001", 9) + row(restItem, 9) + row("110000000002", 1, "RED") + row("110000000002", 1, "NONE"),
  );
  expect(answer).toContain("<Ack>PartialFailure</Ack>");
  expect(answer).toContain("<ErrorCode>21919474</ErrorCode>");
  expect(answer).toContain("<ErrorCode>21916635</ErrorCode>");
  expect(answer.match(/<InventoryStatus>/g)).toHaveLength(2);
  await expect
    .poll(() => Object.fromEntries(seller.simulator.channel.truth().listings.map(({ sku, units }) => [sku, units])))
    .toMatchObject({ REST: 5, "110000000001": 9, "110000000002/Red": 1, "110000000002/Blue": 2 });
});

test("more than four revisions in one call, and elements that the call does not have, are violations", async () => {
  const five = Array.from({ length: 5 }, () => row("110000000001", 1)).join("");
  expect(await trading("ReviseInventoryStatus", five)).toContain("<Ack>Failure</Ack>");
  expect(await trading("GetItem", "<ItemId>1</ItemId>")).toContain("<Ack>Failure</Ack>");
  expect(seller.simulator.channel.violations()).toHaveLength(3);
});

test("the out-of-stock preference is told, and a token that is none is refused in Trading's words", async () => {
  const ask = "<ShowOutOfStockControlPreference>true</ShowOutOfStockControlPreference>";
  expect(await trading("GetUserPreferences", ask)).toContain(
    "<OutOfStockControlPreference>true</OutOfStockControlPreference>",
  );
  expect(await trading("GetUserPreferences", ask, { "x-ebay-api-iaf-token": "nonsense" })).toContain("21916984");
});

test("the control door lists what Trading made too", async () => {
  const answer = await seller.control("/legacy-listings", [
    { itemId: "110000000003", title: "New", sku: null, units: 1 },
  ]);
  expect(answer.status).toBe(200);
  expect(await item("110000000003")).not.toContain("<SKU>");
});
