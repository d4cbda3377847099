import { readFileSync } from "node:fs";
import { expect, onTestFinished, test, vi } from "vitest";
import type { EbaySimulatorOptions } from "../../../../src/simulators/ebay/start.ts";
import { handClock, instantly, listing, offerIdsOf, type Seller, setUnits, startSeller } from "./seller.ts";

const base = "/sell/inventory/v1";
const started = async (options: EbaySimulatorOptions = {}) => {
  const seller = await startSeller(options);
  onTestFinished(() => seller.simulator.close());
  return seller;
};
const update = (seller: Seller, requests: readonly unknown[]) =>
  seller.call("POST", `${base}/bulk_update_price_quantity`, { body: { requests } });
const shown = (seller: Seller, sku: string) =>
  seller.simulator.channel.truth().listings.find((candidate) => candidate.sku === sku)?.units;

const vectors = JSON.parse(
  readFileSync(new URL("../../../../contracts/ebay/vectors/page-semantics.json", import.meta.url), "utf8"),
);

test.for([450, 400])("a catalogue of %i items is swept by page numbers as the vectors say", async (total) => {
  const seller = await started();
  const skus = Array.from({ length: total }, (_, at) => `SKU-${at}`);
  seller.simulator.channel.seedListings(skus.map((sku) => listing(sku, 1)));
  const path = "/sell/inventory/v1/inventory_item";
  const vector = vectors.cases.find(
    (one: { endpoint: string; total: number }) => one.endpoint === `GET ${path}` && one.total === total,
  );
  const found: string[] = [];
  for (const offset of vector.expected_offsets) {
    const { body, read } = await seller.call("GET", path, { query: `limit=200&offset=${offset}` });
    found.push(...read.inventoryItems.map(({ sku }) => sku));
    expect(body).toMatchObject({ total, size: vector.expected_offsets.length, limit: 200 });
    expect(read.next !== undefined).toBe(offset !== vector.expected_offsets.at(-1));
  }
  expect(found).toEqual(skus);
  // Counting records instead of pages must not look like the end of the catalogue.
  expect(await seller.call("GET", path, { query: "limit=200&offset=200" })).toMatchObject({
    status: 400,
    body: { errors: [{ errorId: 25706 }] },
  });
});

test("SKUs are byte-exact, in paths and in bodies", async () => {
  const seller = await started();
  const sku = "Ä /%2F?#+ ß";
  seller.simulator.channel.seedListings([listing(sku, 4), listing("plain", 1)]);
  const { body } = await seller.call("GET", `${base}/inventory_item/${encodeURIComponent(sku)}`);
  expect(body).toMatchObject({ sku, availability: { shipToLocationAvailability: { quantity: 4 } } });
  const bulk = await seller.call("POST", `${base}/bulk_get_inventory_item`, {
    body: { requests: [{ sku }, { sku: "gone" }] },
  });
  expect(bulk.status).toBe(207);
  expect(bulk.read.responses).toMatchObject([
    { sku, statusCode: 200 },
    { sku: "gone", statusCode: 404, errors: [{ errorId: 25710 }] },
  ]);
  expect((await seller.call("GET", `${base}/inventory_item/${encodeURIComponent("Plain")}`)).status).toBe(404);
});

test("buyers see the smaller of the item's and the offer's quantity", async () => {
  const seller = await started();
  seller.simulator.channel.seedListings([listing("SKU-1", 5)]);
  const [offerId] = await offerIdsOf(seller, "SKU-1");
  await update(seller, [{ sku: "SKU-1", shipToLocationAvailability: { quantity: 12 } }]);
  expect(shown(seller, "SKU-1")).toBe(5);
  await update(seller, [{ sku: "SKU-1", offers: [{ offerId, availableQuantity: 20 }] }]);
  expect(shown(seller, "SKU-1")).toBe(12);
  expect(seller.simulator.channel.writesSince(0)).toMatchObject([
    { sequence: 1, sku: "SKU-1", unitsBefore: 5, unitsAfter: 5 },
    { sequence: 2, sku: "SKU-1", unitsBefore: 5, unitsAfter: 12 },
  ]);
});

test("each row is judged on its own, and rows come in any sequence", async () => {
  const seller = await started({ secondOfferShare: 1 });
  const skus = Array.from({ length: 8 }, (_, at) => `SKU-${at}`);
  seller.simulator.channel.seedListings(skus.map((sku) => listing(sku, 1)));
  const requests = [];
  for (const sku of skus) {
    const offers = (await offerIdsOf(seller, sku)).map((offerId) => ({ offerId, availableQuantity: 7 }));
    expect(offers).toHaveLength(2);
    requests.push({ sku, shipToLocationAvailability: { quantity: 7 }, offers });
  }
  const fine = await update(seller, requests);
  expect(fine.status).toBe(200);
  const keyOf = ({ sku, offerId }: { sku: string; offerId?: string | undefined }) => `${sku}/${offerId ?? ""}`;
  const answered = fine.read.responses.map(keyOf);
  const asked = requests.flatMap(({ sku, offers }) => offers.map(({ offerId }) => `${sku}/${offerId}`));
  expect(answered).toEqual(expect.arrayContaining(asked));
  expect(answered.filter((key: string) => asked.includes(key))).not.toEqual(asked);
  expect(answered.length).toBeGreaterThan(asked.length);

  const mixed = await update(seller, [
    { sku: "SKU-0", shipToLocationAvailability: { quantity: 2 } },
    { sku: "nowhere", shipToLocationAvailability: { quantity: 2 } },
    { sku: "SKU-1", offers: [{ offerId: "99999999999", availableQuantity: 2 }] },
  ]);
  expect(mixed.status).toBe(207);
  expect(mixed.read.responses).toHaveLength(3);
  expect(mixed.read.responses).toEqual(
    expect.arrayContaining([
      { sku: "SKU-0", statusCode: 200 },
      expect.objectContaining({
        sku: "nowhere",
        statusCode: 404,
        errors: [expect.objectContaining({ errorId: 25710 })],
      }),
      expect.objectContaining({
        sku: "SKU-1",
        offerId: "99999999999",
        errors: [expect.objectContaining({ errorId: 25713 })],
      }),
    ]),
  );
  expect(shown(seller, "SKU-0")).toBe(2);
  expect(seller.simulator.channel.violations()).toEqual([]);
});

test.for([
  ["26 rows", Array.from({ length: 26 }, () => ({ sku: "SKU-1", shipToLocationAvailability: { quantity: 1 } }))],
  ["a misspelt field", [{ sku: "SKU-1", shipToLocationAvailabilty: { quantity: 1 } }]],
  ["a missing SKU", [{ shipToLocationAvailability: { quantity: 1 } }]],
  ["a negative quantity", [{ sku: "SKU-1", shipToLocationAvailability: { quantity: -1 } }]],
] as const)("%s is refused whole and counted as a violation", async ([, requests]) => {
  const seller = await started();
  seller.simulator.channel.seedListings([listing("SKU-1", 5)]);
  expect(await update(seller, requests)).toMatchObject({ status: 400, body: { errors: [{ errorId: 25709 }] } });
  expect(seller.simulator.channel.violations()).not.toEqual([]);
  expect(shown(seller, "SKU-1")).toBe(5);
});

test("offers need a SKU to be found by", async () => {
  const seller = await started();
  expect((await seller.call("GET", `${base}/offer`)).errorId).toBe(25709);
  expect((await seller.call("GET", `${base}/offer`, { query: "sku=none" })).errorId).toBe(25713);
  expect(seller.simulator.channel.violations()).toHaveLength(1);
});

test("the 251st revision of a listing on one day is refused, the next day's are not", async () => {
  const clock = handClock();
  const seller = await started({ clock });
  seller.simulator.channel.seedListings([listing("SKU-1", 5), listing("SKU-2", 5)]);
  const token = await seller.userToken();
  const [offerId] = await offerIdsOf(seller, "SKU-1");
  const push = (units: number) =>
    seller.call("POST", `${base}/bulk_update_price_quantity`, {
      token,
      body: {
        requests: [
          {
            sku: "SKU-1",
            shipToLocationAvailability: { quantity: units },
            offers: [{ offerId, availableQuantity: units }],
          },
        ],
      },
    });
  for (let count = 1; count <= 250; count += 1) expect((await push(count)).status).toBe(200);
  const locked = await push(9_999);
  expect(locked.status).toBe(207);
  expect(locked.read.responses.every((row) => row.errors?.[0]?.errorId === 25019)).toBe(true);
  expect(shown(seller, "SKU-1")).toBe(250);
  expect((await update(seller, [{ sku: "SKU-2", shipToLocationAvailability: { quantity: 1 } }])).status).toBe(200);
  clock.advance(21 * 3_600_000);
  const { read } = await seller.grant({
    grant_type: "refresh_token",
    refresh_token: "v^1.1#i^1#r^1#lockstepdemorefresh",
  });
  for (const units of [4, 3]) {
    const next = await seller.call("POST", `${base}/bulk_update_price_quantity`, {
      token: read.access_token,
      body: { requests: [{ sku: "SKU-1", offers: [{ offerId, availableQuantity: units }] }] },
    });
    expect(next.status).toBe(200);
  }
  expect(shown(seller, "SKU-1")).toBe(3);
});

test("writes to one SKU are applied in the sequence they were taken, and are pending until then", async () => {
  const seller = await started({ faults: { ...instantly, applyDelayMs: [0, 40] }, seed: 3 });
  const { channel } = seller.simulator;
  channel.seedListings([listing("SKU-1", 100)]);
  for (let units = 1; units <= 20; units += 1)
    await update(seller, [{ sku: "SKU-1", shipToLocationAvailability: { quantity: units } }]);
  await vi.waitFor(() => expect(channel.counters().pendingWrites).toBe(0), { timeout: 2_000, interval: 5 });
  expect(channel.writesSince(0).map(({ unitsAfter }) => unitsAfter)).toEqual(
    Array.from({ length: 20 }, (_, at) => at + 1),
  );
  expect(channel.counters()).toMatchObject({ writesAccepted: 20, writesApplied: 20 });
});

test("a fault takes a quantity and never shows it", async () => {
  const seller = await started({ faults: { ...instantly, acceptedNotAppliedShare: 1 } });
  seller.simulator.channel.seedListings([listing("SKU-1", 5)]);
  expect((await setUnits(seller, "SKU-1", 8)).status).toBe(200);
  expect(shown(seller, "SKU-1")).toBe(5);
  expect(seller.simulator.channel.counters()).toMatchObject({ writesAccepted: 1, writesApplied: 0, pendingWrites: 0 });
});

test("an ended, a held and an unpublished listing cannot be revised or bought", async () => {
  const seller = await started();
  const { channel } = seller.simulator;
  channel.seedListings(["ended", "onHold", "unpublished"].map((sku) => listing(sku, 5)));
  for (const [state, errorId] of [
    ["ended", 25019],
    ["onHold", 25097],
    ["unpublished", 25002],
  ] as const) {
    const [offerId] = await offerIdsOf(seller, state);
    expect((await seller.control("/listing-state", { sku: state, state })).status).toBe(200);
    const { read } = await update(seller, [{ sku: state, offers: [{ offerId, availableQuantity: 9 }] }]);
    expect(read.responses).toMatchObject([{ sku: state, offerId, statusCode: 400, errors: [{ errorId }] }]);
    expect(channel.sell({ reference: state, lines: [{ sku: state, units: 1 }] }).soldOut).toHaveLength(1);
  }
});

test("without the out-of-stock preference a quantity of 0 ends the listing", async () => {
  const seller = await started({ outOfStockControl: false });
  seller.simulator.channel.seedListings([listing("SKU-1", 5)]);
  await setUnits(seller, "SKU-1", 0);
  const [offerId = ""] = await offerIdsOf(seller, "SKU-1");
  expect((await seller.call("GET", `${base}/offer/${offerId}`)).body).toMatchObject({
    listing: { listingStatus: "ENDED" },
  });
  expect((await setUnits(seller, "SKU-1", 4)).status).toBe(207);
  expect(shown(seller, "SKU-1")).toBe(0);
});

test("a stale read shows an offer as it was while the item is always fresh", async () => {
  const clock = handClock();
  const seller = await started({ clock, faults: { ...instantly, staleReadMs: 60_000 } });
  seller.simulator.channel.seedListings([listing("SKU-1", 5)]);
  const [offerId = ""] = await offerIdsOf(seller, "SKU-1");
  clock.advance(1);
  await setUnits(seller, "SKU-1", 9);
  expect((await seller.call("GET", `${base}/offer/${offerId}`)).body).toMatchObject({ availableQuantity: 5 });
  expect((await seller.call("GET", `${base}/inventory_item/SKU-1`)).body).toMatchObject({
    availability: { shipToLocationAvailability: { quantity: 9 } },
  });
  clock.advance(60_001);
  expect((await seller.call("GET", `${base}/offer/${offerId}`)).body).toMatchObject({ availableQuantity: 9 });
});
