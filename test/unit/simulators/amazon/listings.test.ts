import { afterEach, beforeEach, expect, test } from "vitest";
import { faultPlans } from "../../../../src/simulators/kit/faults.ts";
import { here, instantly, itemPath, type Seller, searchPath, setQuantity, startSeller } from "./seller.ts";

let seller: Seller;
beforeEach(async () => {
  seller = await startSeller({ speedUp: 1000 });
  seller.simulator.channel.seedListings([
    { sku: "MUG 1/a&b+c%", title: "Mug", units: 5 },
    { sku: "FBA-1", title: "Lamp", units: 9, fulfilledBy: "channel" },
  ]);
});
afterEach(() => seller.simulator.close());

const unitsOf = (sku: string): number | undefined =>
  seller.simulator.channel.truth().listings.find((listing) => listing.sku === sku)?.units;
const violations = () => seller.simulator.channel.violations();

test("a merged quantity is accepted, applied and shown, and keeps the lead time", async () => {
  const sku = "MUG 1/a&b+c%";

  const answer = await seller.call("PATCH", itemPath(sku), { query: here, body: setQuantity(7) });

  expect(answer).toMatchObject({ status: 200, body: { sku, status: "ACCEPTED", issues: [] } });
  const item = await seller.call("GET", itemPath(sku), {
    query: { ...here, includedData: "attributes,fulfillmentAvailability" },
  });
  expect(item.body).toMatchObject({
    fulfillmentAvailability: [{ fulfillmentChannelCode: "DEFAULT", quantity: 7 }],
    attributes: { fulfillment_availability: [{ quantity: 7, lead_time_to_ship_max_days: 2 }] },
  });
  expect(seller.simulator.channel.writesSince(0)).toMatchObject([{ sequence: 1, sku, unitsBefore: 5, unitsAfter: 7 }]);
  expect(violations()).toEqual([]);
});

test("a replaced quantity wipes the lead time", async () => {
  const sku = "MUG 1/a&b+c%";

  await seller.call("PATCH", itemPath(sku), { query: here, body: setQuantity(7, "replace") });

  const item = await seller.call("GET", itemPath(sku), { query: { ...here, includedData: "attributes" } });
  expect(JSON.stringify(item.body)).toContain('"quantity":7');
  expect(JSON.stringify(item.body)).not.toContain("lead_time");
});

test("attributes show what was submitted while fulfillmentAvailability still shows what applies", async () => {
  const slow = await startSeller({ faults: { ...instantly, acceptedNotAppliedShare: 1 } });
  slow.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);

  await slow.call("PATCH", itemPath("A"), { query: here, body: setQuantity(1) });

  const item = await slow.call("GET", itemPath("A"), {
    query: { ...here, includedData: "attributes,fulfillmentAvailability" },
  });
  expect(item.body).toMatchObject({
    fulfillmentAvailability: [{ quantity: 5 }],
    attributes: { fulfillment_availability: [{ quantity: 1 }] },
  });
  expect(slow.simulator.channel.counters()).toMatchObject({
    writesAccepted: 1,
    writesApplied: 0,
    pendingWrites: 0,
    faults: { acceptedNotAppliedShare: 1 },
  });
  await slow.simulator.close();
});

test("writes to one listing are applied in the order of their acceptance, however long each takes", async () => {
  const slow = await startSeller({ speedUp: 1000, faults: { ...faultPlans.none, applyDelayMs: [0, 60] } });
  slow.simulator.channel.seedListings([{ sku: "A", title: "A", units: 5 }]);

  for (let units = 10; units < 25; units += 1) {
    await slow.call("PATCH", itemPath("A"), { query: here, body: setQuantity(units) });
  }

  await expect.poll(() => slow.simulator.channel.counters().pendingWrites).toBe(0);
  expect(slow.simulator.channel.writesSince(0).map((write) => write.unitsAfter)).toEqual(
    Array.from({ length: 15 }, (_, index) => index + 10),
  );
  await slow.simulator.close();
});

test.each([
  ["no channel code", { value: [{ quantity: 1 }] }, "90220"],
  ["camel case", { value: [{ fulfillmentChannelCode: "DEFAULT", quantity: 1 }] }, "90000900"],
  ["a negative quantity", { value: [{ fulfillment_channel_code: "DEFAULT", quantity: -1 }] }, "90244"],
  ["a lead time alone", { value: [{ fulfillment_channel_code: "DEFAULT", lead_time_to_ship_max_days: 3 }] }, "90220"],
])("a patch with %s is answered 200 INVALID and changes nothing", async (_, { value }, code) => {
  const body = {
    productType: "PRODUCT",
    patches: [{ op: "merge", path: "/attributes/fulfillment_availability", value }],
  };

  const answer = await seller.call("PATCH", itemPath("MUG 1/a&b+c%"), { query: here, body });

  expect(answer).toMatchObject({ status: 200, body: { status: "INVALID", issues: [{ code, severity: "ERROR" }] } });
  expect(unitsOf("MUG 1/a&b+c%")).toBe(5);
});

test("a body that breaks the contract is refused with 400 and counted", async () => {
  const body = { productType: "PRODUCT", patches: [{ op: "set", path: "/attributes/x", value: {} }], extra: 1 };

  const answer = await seller.call("PATCH", itemPath("MUG 1/a&b+c%"), { query: here, body });

  expect(answer).toMatchObject({ status: 400, body: { errors: [{ code: "InvalidInput" }] } });
  expect(seller.simulator.channel.counters().contractViolations).toBe(3);
  expect(violations().join("\n")).toMatch(/op must be equal[\s\S]*value must be array/);
});

test("stock that lies with Amazon shows no quantity, and writing one is a violation", async () => {
  const query = { ...here, includedData: "fulfillmentAvailability" };

  const item = await seller.call("GET", itemPath("FBA-1"), { query });
  await seller.call("PATCH", itemPath("FBA-1"), { query: here, body: setQuantity(3) });

  expect(item.body).toEqual({ sku: "FBA-1", fulfillmentAvailability: [{ fulfillmentChannelCode: "AMAZON_NA" }] });
  expect(unitsOf("FBA-1")).toBe(9);
  expect(violations()).toHaveLength(1);
});

test("the FBA inventory tells what is fulfillable", async () => {
  const query = { granularityType: "Marketplace", granularityId: here.marketplaceIds, ...here, details: "true" };

  const answer = await seller.call("GET", "/fba/inventory/v1/summaries", { query });

  expect(answer.body).toMatchObject({
    payload: { inventorySummaries: [{ sellerSku: "FBA-1", inventoryDetails: { fulfillableQuantity: 9 } }] },
  });
});

test("an unknown SKU is 404 to a read and 400 to a patch", async () => {
  expect((await seller.call("GET", itemPath("NO"), { query: here })).status).toBe(404);
  expect((await seller.call("PATCH", itemPath("NO"), { query: here, body: setQuantity(1) })).status).toBe(400);
});

test("a search pages through at most a thousand listings, twenty at a time", async () => {
  const fast = await startSeller({ speedUp: 100_000 });
  fast.simulator.channel.seedListings(
    Array.from({ length: 1100 }, (_, index) => ({
      sku: `S${String(index).padStart(4, "0")}`,
      title: "S",
      units: index,
    })),
  );
  const query = { ...here, includedData: "fulfillmentAvailability", sortBy: "sku", sortOrder: "ASC", pageSize: "20" };
  const seen: string[] = [];
  let pageToken: string | undefined;
  do {
    const page = await fast.call("GET", searchPath, { query: { ...query, ...(pageToken && { pageToken }) } });
    const body = page.body as {
      items: { sku: string }[];
      numberOfResults: number;
      pagination?: { nextToken?: string };
    };
    expect(body.numberOfResults).toBe(1100);
    seen.push(...body.items.map(({ sku }) => sku));
    pageToken = body.pagination?.nextToken;
  } while (pageToken !== undefined);

  expect(seen).toHaveLength(1000);
  expect(seen.at(-1)).toBe("S0999");
  expect(new Set(seen).size).toBe(1000);
  const tooMany = await fast.call("GET", searchPath, { query: { ...query, pageSize: "21" } });
  expect(tooMany.status).toBe(400);
  await fast.simulator.close();
});

test("a search by identifiers finds those SKUs; a page token fits no other filters", async () => {
  const named = { ...here, identifiers: "FBA-1,NO", identifiersType: "SKU" };

  const found = await seller.call("GET", searchPath, { query: named });
  const first = await seller.call("GET", searchPath, { query: { ...here, pageSize: "1" } });
  const { nextToken = "" } = (first.body as { pagination: { nextToken?: string } }).pagination;
  const foreign = await seller.call("GET", searchPath, { query: { ...here, pageSize: "2", pageToken: nextToken } });

  expect(found.body).toMatchObject({ numberOfResults: 1, items: [{ sku: "FBA-1" }] });
  expect(foreign.status).toBe(400);
});

test("replacing a whole listing is refused, a preview of it is not", async () => {
  const body = { productType: "PRODUCT", attributes: {} };

  const preview = await seller.call("PUT", itemPath("FBA-1"), { query: { ...here, mode: "VALIDATION_PREVIEW" }, body });
  const real = await seller.call("PUT", itemPath("FBA-1"), { query: here, body });

  expect(preview.body).toMatchObject({ status: "VALID" });
  expect(real.status).toBe(403);
  expect(violations()).toHaveLength(1);
});
