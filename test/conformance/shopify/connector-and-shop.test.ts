import { afterAll, expect, test } from "vitest";
import type { DatedReading } from "../../../src/connectors/connector.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoShopifyAccount } from "../../../src/simulators/shopify/account.ts";
import { type Bench, createBench } from "../../unit/connectors/shopify/support.ts";
import { startReceiver } from "../../unit/simulators/shopify/receiver.ts";
import { readItem } from "../../unit/simulators/shopify/shop.ts";
import { type Both, openBoth, requestOf, writeOf } from "./both.ts";
import { tallyOf } from "./tally.ts";

const tally = tallyOf("requests of the connector held against the official contract by the simulator");
const opened: Both[] = [];
const open: typeof openBoth = async (...given) => {
  const both = await openBoth(...given);
  opened.push(both);
  return both;
};
const violations: string[] = [];
afterAll(() => {
  for (const { shop } of opened) {
    tally(shop.channel.counters().requests);
    violations.push(...shop.channel.violations());
  }
  expect(violations).toEqual([]);
});

const seed = (both: Both, skus: readonly string[], units = 5): void =>
  both.shop.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units })));

test("import, read, push, read back: byte-exact SKUs, ids beyond 2^53, and the shop shows what was pushed", async () => {
  const both = await open();
  seed(both, ["A", " b/ü 'x' ", "C"]);
  const { items, done } = await both.connector.importListings(null, both.context);
  expect([items.map(({ channelSku }) => channelSku), done]).toEqual([["A", " b/ü 'x' ", "C"], true]);
  const batch = items.map(({ ref, details }, index) => ({ ref, details, units: index, expectedUnits: 5 }));
  const outcomes = await both.connector.pushQuantities(batch, "attempt-1", both.context);
  expect(outcomes.map(({ status }) => status)).toEqual(["accepted", "accepted", "accepted"]);
  const readings = await both.connector.readQuantities(items, both.context);
  expect(readings.map(({ units }) => units)).toEqual([0, 1, 2]);
  expect(both.shop.channel.truth().listings.map(({ units }) => units)).toEqual([0, 1, 2]);
});

test("one stale row, one bundle and one deleted item do not hold up the others", async () => {
  const both = await open();
  const skus = Array.from({ length: 20 }, (_, index) => `S${index}`);
  seed(both, skus);
  const writes = await Promise.all(skus.map((sku) => writeOf(both, sku, 2)));
  both.shop.channel.sell({ reference: "r", lines: [{ sku: "S3", units: 1 }] });
  await both.control("items/S7/shape", { bundle: true });
  await both.control("items/S11/shape", { deleted: true });
  const outcomes = await both.connector.pushQuantities(writes, "attempt-1", both.context);
  const byStatus = Map.groupBy(outcomes, ({ status }) => status);
  expect(byStatus.get("conflict")?.map(({ ref }) => ref)).toEqual([writes[3]?.ref]);
  expect(byStatus.get("refused")?.map(({ ref }) => ref)).toEqual([writes[7]?.ref, writes[11]?.ref]);
  expect(byStatus.get("accepted")).toHaveLength(17);
  expect(both.shop.channel.truth().listings.filter(({ units }) => units === 2)).toHaveLength(17);
  const again = await both.connector.importListings(null, both.context);
  const bundle = again.items.find(({ channelSku }) => channelSku === "S7");
  expect([bundle?.details, again.items.length]).toMatchObject([{ isBundle: true }, 19]);
});

/** The gids of the shop's locations, in its order. */
const locationsOf = async ({ shop }: Both): Promise<readonly string[]> => {
  const { data } = await shop.graphql("{ locations(first: 10) { nodes { id } } }");
  return [...JSON.stringify(data).matchAll(/gid:[^"]+/g)].map(([gid]) => gid);
};

/** A connector of the same shop with other settings. */
const benchFor = ({ shop }: Both, settings: Parameters<typeof createBench>[0]): Bench =>
  createBench({
    shop: shop.account.shopDomain,
    endpoints: { api: shop.url },
    credentials: {
      accessToken: new Secret(shop.account.accessToken),
      clientId: undefined,
      clientSecret: new Secret(shop.account.clientSecret),
    },
    ...settings,
  });

const activate = `mutation A($item: ID!, $location: ID!, $onHand: Int, $key: String!) {
  inventoryActivate(inventoryItemId: $item, locationId: $location, onHand: $onHand) @idempotent(key: $key) { userErrors { field } }
}`;

test.each([
  [false, { units: null, reason: "not sellable here: inactive at the location" }, "refused", 0],
  [true, { units: 0 }, "accepted", 3],
])(
  "with activate_levels %s a deactivated level reads and is written so",
  async (activateLevels, reading, status, shown) => {
    const both = await open({}, { account: { ...demoShopifyAccount, locations: ["Main", "Second"] } });
    seed(both, ["A"], 40);
    const [locationGid, second] = await locationsOf(both);
    const { id, level } = await readItem(both.shop, "A");
    await both.shop.graphql(activate, { item: id, location: second, key: "k" });
    const deactivate = `mutation { inventoryDeactivate(inventoryLevelId: "${level.id}") { userErrors { message } } }`;
    expect((await both.shop.graphql(deactivate)).data).toEqual({ inventoryDeactivate: { userErrors: [] } });
    const bench = benchFor(both, { activateLevels, locationGid });
    const handle = { ref: id, details: { tracked: true, isActive: false } };
    expect(await bench.connector.readQuantities([handle], bench.context)).toEqual([{ ref: id, ...reading }]);
    const write = { ...handle, units: 3, expectedUnits: 0 };
    expect(await bench.connector.pushQuantities([write], "attempt-1", bench.context)).toMatchObject([{ status }]);
    // Never 40: what the level had kept was not for sale at any moment.
    expect(both.shop.channel.truth().listings).toMatchObject([{ units: shown }]);
  },
);

test("several mapped locations are read and written each by itself, and the unmapped one is untouched", async () => {
  const both = await open({}, { account: { ...demoShopifyAccount, locations: ["One", "Two", "Three"] } });
  seed(both, ["A"], 5);
  const gids = await locationsOf(both);
  const { id } = await readItem(both.shop, "A");
  for (const location of gids.slice(1)) {
    await both.shop.graphql(activate, { item: id, location, onHand: 9, key: location });
  }
  const bench = benchFor(both, { locationGid: gids[0], furtherLocationGids: gids.slice(1, 2) });
  const { items } = await bench.connector.importListings(null, bench.context);
  expect(items.map(({ units }) => units)).toEqual([5, 9]);
  const batch = items.map(({ ref, details, units }) => ({
    ref,
    details,
    units: (units ?? 0) - 2,
    expectedUnits: units,
  }));
  await bench.connector.pushQuantities(batch, "attempt-1", bench.context);
  const { levels } = await readItem(both.shop, "A");
  expect(levels.map((level) => Reflect.get(level, "available"))).toEqual([3, 7, 9]);
});

test("subscriptions are made once, restored when the channel dropped one, and bring the messages", async () => {
  const both = await open({ webhooksAddress: "https://lockstep.example.com/webhooks/shopify/shop" });
  const ensure = () => both.connector.subscriptions?.ensure(both.context);
  const made = await ensure();
  expect(made?.every(({ ok, detail }) => ok && detail === "made now")).toBe(true);
  const list = "{ webhookSubscriptions(first: 50) { nodes { id topic } } }";
  const { data } = await both.shop.graphql(list);
  const dropped = /gid:\/\/shopify\/WebhookSubscription\/\d+/.exec(JSON.stringify(data))?.[0] ?? "";
  await both.shop.graphql(`mutation { webhookSubscriptionDelete(id: "${dropped}") { userErrors { message } } }`);
  const restored = await ensure();
  expect(restored?.filter(({ detail }) => detail === "made now")).toHaveLength(1);
  expect(restored?.filter(({ detail }) => detail === "subscribed")).toHaveLength((made?.length ?? 0) - 1);
});

test("Pub/Sub brings the same messages as HTTPS, under the same kind of id, and none without its token", async () => {
  const token = "a-token-of-twenty-four-or-more-characters";
  const both = await open({ pubsubToken: new Secret(token), webhooksAddress: "pubsub://shop-project:stock" });
  seed(both, ["A", "B", "C"]);
  const bus = await startReceiver();
  await both.control("pubsub-target", { url: bus.url });
  await both.connector.subscriptions?.ensure(both.context);
  both.shop.channel.sell({ reference: "r", lines: [{ sku: "C", units: 2 }] });
  const byHttps = await both.deliveries();
  expect(bus.received).toHaveLength(byHttps.length);
  const verify = async (message: (typeof bus.received)[number], query: string) => {
    const request = requestOf(message);
    return await both.connector.webhooks?.verify({ ...request, url: `${request.url}${query}` }, both.context);
  };
  const byBus = await Promise.all(bus.received.map((message) => verify(message, `?token=${token}`)));
  const meaning = (deliveries: readonly { readonly topic: string; readonly payload: unknown }[]): string[] =>
    deliveries.map(({ topic, payload }) => `${topic} ${JSON.stringify(payload)}`).toSorted();
  expect(meaning(byBus.flatMap((each) => (each?.kind === "delivery" ? [each.delivery] : [])))).toEqual(
    meaning(byHttps.map(({ delivery }) => delivery)),
  );
  for (const message of bus.received) {
    expect(await verify(message, "")).toMatchObject({ kind: "refused", status: 401 });
  }
});

test("the bulk operation tells what paging tells, and a sale after it began is not in it", async () => {
  const both = await open();
  const skus = Array.from({ length: 7 }, (_, index) => `S${index}`);
  seed(both, skus);
  await both.control("items/S4/shape", { tracked: false });
  // While the connector waits, time passes for the shop.
  Object.assign(both.clock, { sleep: async (ms: number) => both.shop.clock.advance(ms) });
  const readings: DatedReading[] = [];
  for await (const reading of both.connector.readEverything?.(both.context) ?? []) readings.push(reading);
  const { items } = await both.connector.importListings(null, both.context);
  const paged = await both.connector.readQuantities(items, both.context);
  const told = new Map(readings.map(({ ref, units }) => [ref, units]));
  expect(told).toEqual(new Map(paged.map(({ ref, units }) => [ref, units])));
  expect(told.size).toBe(7);
});

test("an order is followed through edit, move, shipping and return, by poll and by webhook alike", async () => {
  const both = await open({}, { account: { ...demoShopifyAccount, locations: ["Main", "Second"] } });
  seed(both, ["A"], 20);
  const [locationGid] = await locationsOf(both);
  const bench = benchFor(both, { locationGid });
  const sale = both.shop.channel.sell({ reference: "r", lines: [{ sku: "A", units: 6 }] });
  const orderId = sale.orderId ?? "";
  const lineId = sale.lines[0]?.lineId ?? "";
  const lineNow = async () => {
    const [snapshot] = await bench.connector.fetchOrders([orderId], bench.context);
    return snapshot?.lines[0];
  };
  expect(await lineNow()).toMatchObject({ holdUnits: 6, leftUnits: 0, backUnits: 0 });
  await both.control(`orders/${orderId}/edit`, { lines: [{ lineId, units: 1 }] });
  expect(await lineNow()).toMatchObject({ holdUnits: 5, leftUnits: 0, backUnits: 0 });
  both.shop.channel.ship(orderId, [{ lineId, units: 2 }]);
  await both.control(`orders/${orderId}/move`, { location: "Second" });
  expect(await lineNow()).toMatchObject({ holdUnits: 3, leftUnits: 2, backUnits: 0 });
  both.shop.channel.ship(orderId);
  await both.control(`orders/${orderId}/return`, { lines: [{ lineId, units: 1, restock: false }] });
  expect(await lineNow()).toMatchObject({ holdUnits: 0, leftUnits: 5, backUnits: 0 });
  // Taken back where the order was moved to: not on our shelf.
  await both.control(`orders/${orderId}/return`, { lines: [{ lineId, units: 2, restock: true }] });
  expect(await lineNow()).toMatchObject({ holdUnits: 0, leftUnits: 5, backUnits: 0 });
  await both.control("items/A/shape", { deleted: true });
  expect(await lineNow()).toMatchObject({ listingRefs: ["sku:A"], leftUnits: 5 });
});

test("an order of 120 lines is read whole", async () => {
  const both = await open();
  const skus = Array.from({ length: 120 }, (_, index) => `S${index}`);
  seed(both, skus);
  const { orderId } = both.shop.channel.sell({ reference: "r", lines: skus.map((sku) => ({ sku, units: 1 })) });
  const [snapshot] = await both.connector.fetchOrders([orderId ?? ""], both.context);
  expect(snapshot?.lines).toHaveLength(120);
});

test("a shop in order passes the check, and its version's days are counted", async () => {
  const both = await open({ webhooksAddress: "https://lockstep.example.com/hook" });
  await both.connector.subscriptions?.ensure(both.context);
  const findings = await both.connector.check(both.context);
  // The two clocks of the test stand apart.
  expect(findings.filter(({ ok, check }) => !ok && check !== "clock")).toEqual([]);
  expect(findings.find(({ check }) => check === "api version")?.detail).toMatch(
    /^2026-10, supported for at least \d+ more days$/,
  );
});
