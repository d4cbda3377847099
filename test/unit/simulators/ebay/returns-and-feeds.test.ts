import { inflateRawSync } from "node:zlib";
import { afterEach, beforeEach, expect, test } from "vitest";
import { handClock, listing, type Seller, startSeller } from "./seller.ts";

let seller: Seller;
beforeEach(async () => {
  seller = await startSeller({ clock: handClock() });
  seller.simulator.channel.seedListings([listing("A&B", 5)]);
  seller.simulator.channel.seedLegacyListings([
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

const iaf = async (): Promise<Record<string, string>> => ({
  authorization: `IAF ${await seller.userToken()}`,
  "x-ebay-c-marketplace-id": "EBAY_US",
});
const search = async (query: string) =>
  seller.call("GET", "/post-order/v2/return/search", { query, headers: await iaf() });

test("a return is found by order and by time, closes with its refund, and moves no time of its order", async () => {
  const { channel } = seller.simulator;
  const sale = channel.sell({ reference: "r-1", lines: [{ sku: "A&B", units: 2 }] });
  const orderId = sale.orderId ?? "";
  const [line] = sale.lines;
  if (line === undefined) throw new Error("nothing sold");
  expect(() => channel.setReturn(orderId, { lineId: line.lineId, units: 1 }, false)).toThrow(/0 shipped units/);
  channel.ship(orderId);
  const orders = async () => JSON.stringify((await seller.call("GET", "/sell/fulfillment/v1/order")).body);
  const modified = /"lastModifiedDate":"([^"]+)"/.exec(await orders())?.[1];
  channel.setReturn(orderId, { lineId: line.lineId, units: 1 }, false);
  expect(await orders()).toContain('"orderPaymentStatus":"PAID"');
  const control = await seller.control("/return", { orderId, lineId: line.lineId, units: 1, closed: true });
  expect(control.status).toBe(200);
  expect(await orders()).toContain('"orderPaymentStatus":"PARTIALLY_REFUNDED"');
  expect(await orders()).toContain(`"lastModifiedDate":"${modified}"`);
  expect(JSON.stringify((await search(`order_id=${orderId}`)).body)).toContain('"state":"CLOSED"');
  const range = "creation_date_range_from=2026-11-01T00:00:00.000Z&creation_date_range_to=2026-11-30T00:00:00.000Z";
  expect((await search(range)).body).toMatchObject({ total: 1, members: [{ orderId }] });
});

test("Post-Order takes no Bearer token and no parameter that it does not have", async () => {
  const bearer = await seller.call("GET", "/post-order/v2/return/search", { query: "limit=10" });
  expect(bearer.status).toBe(401);
  expect((await search("modified_since=2026-11-01")).status).toBe(400);
  expect(seller.simulator.channel.violations()).toHaveLength(1);
});

const startTask = (body: object = { feedType: "LMS_ACTIVE_INVENTORY_REPORT", schemaVersion: "1.0" }) =>
  seller.call("POST", "/sell/feed/v1/inventory_task", { body, headers: { "x-ebay-c-marketplace-id": "EBAY_US" } });

test("a report comes as a ZIP with the listings of both lanes", async () => {
  const created = await startTask();
  expect(created.status).toBe(202);
  const taskId = created.headers.get("location")?.split("/").at(-1) ?? "";
  expect((await seller.call("GET", `/sell/feed/v1/inventory_task/${taskId}`)).body).toMatchObject({
    status: "COMPLETED",
  });
  const response = await fetch(`${seller.simulator.url}/sell/feed/v1/task/${taskId}/download_result_file`, {
    headers: { authorization: `Bearer ${await seller.userToken()}`, "accept-language": "en-US" },
  });
  const file = Buffer.from(await response.arrayBuffer());
  expect(file.readUInt32LE(0)).toBe(0x04034b50);
  const text = inflateRawSync(file.subarray(30 + file.readUInt16LE(26))).toString("utf8");
  expect(text).toContain("<SKU>A&amp;B</SKU>");
  expect(text.match(/<SKUDetails>/g)).toHaveLength(2);
  expect(text.match(/<Variation>/g)).toHaveLength(2);
});

test("other feeds and the 26th report of a day are refused", async () => {
  expect((await startTask({ feedType: "LMS_ORDER_REPORT", schemaVersion: "1.0" })).errorId).toBe(160017);
  for (let at = 0; at < 25; at += 1) await startTask();
  expect((await startTask()).errorId).toBe(160025);
});
