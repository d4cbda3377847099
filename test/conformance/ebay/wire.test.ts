import { expect, test } from "vitest";
import { judge, type SentRequest } from "../../unit/connectors/ebay/wire.ts";

/** The judge of all requests must notice what it is there for, or every "contract-validated" is worth nothing. */
const api = "https://api.ebay.test";
const headers = { "Accept-Language": "en-US", "Content-Language": "en-US", "Content-Type": "application/json" };
const bulk = `${api}/sell/inventory/v1/bulk_update_price_quantity`;
const row = { sku: "A", shipToLocationAvailability: { quantity: 1 }, offers: [{ offerId: "1", availableQuantity: 1 }] };
const post = (url: string, data: unknown): SentRequest => ({ method: "POST", url, headers, data });
const get = (path: string, more: object = {}): SentRequest => ({
  method: "GET",
  url: `${api}${path}`,
  headers: { ...headers, ...more },
});
const form = (body: string): SentRequest => ({
  method: "POST",
  url: `${api}/identity/v1/oauth2/token`,
  headers: { "Content-Type": "application/x-www-form-urlencoded", Authorization: "Basic eDp5" },
  data: body,
});
const trading = (call: string, inner: string, more: object = {}): SentRequest => ({
  method: "POST",
  url: `${api}/ws/api.dll`,
  headers: {
    "Content-Type": "text/xml; charset=utf-8",
    "X-EBAY-API-CALL-NAME": call,
    "X-EBAY-API-SITEID": "0",
    "X-EBAY-API-COMPATIBILITY-LEVEL": "1379",
    "X-EBAY-API-IAF-TOKEN": "t",
    ...more,
  },
  data: `<${call}Request xmlns="urn:ebay:apis:eBLBaseComponents">${inner}</${call}Request>`,
});
const status = "<InventoryStatus><ItemID>1</ItemID><Quantity>1</Quantity></InventoryStatus>";
const iaf = { Authorization: "IAF t", "X-EBAY-C-MARKETPLACE-ID": "EBAY_US" };

test.each([
  { what: "a push of one row", request: post(bulk, { requests: [row] }) },
  {
    what: "a poll",
    request: get("/sell/fulfillment/v1/order?filter=lastmodifieddate%3A%5Ba..b%5D&limit=200&offset=0"),
  },
  { what: "a return search", request: get("/post-order/v2/return/search?order_id=1&limit=200", iaf) },
  { what: "a refresh", request: form("grant_type=refresh_token&refresh_token=r") },
  { what: "four revisions", request: trading("ReviseInventoryStatus", status.repeat(4)) },
])("$what is valid", ({ request }) => {
  expect(judge(request).complaints).toEqual([]);
});

test.each([
  { what: "26 rows", request: post(bulk, { requests: Array.from({ length: 26 }, () => row) }) },
  { what: "a misspelt name", request: post(bulk, { requests: [{ ...row, quantitiy: 1 }] }) },
  {
    what: "a negative quantity",
    request: post(bulk, { requests: [{ ...row, shipToLocationAvailability: { quantity: -1 } }] }),
  },
  { what: "a row without SKU", request: post(bulk, { requests: [{ offers: row.offers }] }) },
  { what: "a query that the call does not have", request: get("/sell/fulfillment/v1/order?since=1") },
  { what: "an operation that is none", request: get("/sell/inventory/v1/offers") },
  { what: "open brackets", request: get("/sell/fulfillment/v1/order?filter=lastmodifieddate:[a..b]") },
  { what: "Accept-Language *", request: get("/sell/inventory/v1/inventory_item", { "Accept-Language": "*" }) },
  { what: "Bearer at Post-Order", request: get("/post-order/v2/return/search", { ...iaf, Authorization: "Bearer t" }) },
  { what: "a return search by modification", request: get("/post-order/v2/return/search?modified_since=1", iaf) },
  { what: "a refresh with a scope", request: form("grant_type=refresh_token&refresh_token=r&scope=s") },
  { what: "five revisions", request: trading("ReviseInventoryStatus", status.repeat(5)) },
  { what: "an unknown element", request: trading("GetItem", "<ItemId>1</ItemId>") },
  { what: "a missing element", request: trading("GetItem", "") },
  { what: "a Trading call that ends listings", request: trading("EndItem", "<ItemID>1</ItemID>") },
  { what: "broken XML", request: trading("GetItem", "<ItemID>1") },
  {
    what: "Trading without its token",
    request: trading("GetItem", "<ItemID>1</ItemID>", { "X-EBAY-API-IAF-TOKEN": "" }),
  },
])("$what is noticed", ({ request }) => {
  expect(judge(request).complaints).not.toEqual([]);
});
