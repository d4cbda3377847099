import { afterEach, expect, test } from "vitest";
import { amazonQuotas, createAmazonConnector } from "../../../src/connectors/amazon/index.ts";
import { createBudget } from "../../../src/connectors/budget.ts";
import type { Connector, ImportedListing, ListingWrite, PushOutcome } from "../../../src/connectors/connector.ts";
import { systemClock } from "../../../src/core/clock.ts";
import { ChannelError } from "../../../src/core/failure.ts";
import { seededRandom } from "../../../src/core/random.ts";
import { Secret } from "../../../src/core/secret.ts";
import { demoAmazonAccount as account } from "../../../src/simulators/amazon/account.ts";
import {
  type AmazonSimulator,
  type AmazonSimulatorOptions,
  startAmazonSimulator,
} from "../../../src/simulators/amazon/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import { countOf } from "../count.ts";

/** The connector against the simulated account, which was written from the contracts alone and judges every request. */
const count = countOf("amazon");
let simulator: AmazonSimulator | undefined;
afterEach(async () => {
  count("contract-validated requests", simulator?.channel.counters().requests);
  await simulator?.close();
  simulator = undefined;
});

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined };
const context = { accountId: "amazon-us", signal: new AbortController().signal };
const prompt = { ...faultPlans.none, applyDelayMs: [0, 0], messageDelayMs: [0, 0] } as const;

const connect = async (
  options: AmazonSimulatorOptions = {},
  ordersApi?: "v0",
): Promise<{ readonly connector: Connector; readonly channel: AmazonSimulator["channel"] }> => {
  simulator = await startAmazonSimulator({ faults: prompt, speedUp: 1_000, workMs: [100, 200], ...options });
  const fast = Object.fromEntries(
    Object.keys(amazonQuotas).map((name) => [name, { ratePerSecond: 10_000, burst: 10_000 }]),
  );
  const connector = createAmazonConnector(
    {
      id: context.accountId,
      channel: "amazon",
      region: "na",
      sellerId: account.sellerId,
      marketplaceIds: [account.marketplaceId],
      credentials: {
        clientId: account.clientId,
        clientSecret: new Secret(account.clientSecret),
        refreshToken: new Secret(account.refreshToken),
      },
      notifications: {
        queueUrl: simulator.queueUrl,
        region: account.awsRegion,
        accessKeyId: account.awsAccessKeyId,
        secretAccessKey: new Secret(account.awsSecretAccessKey),
      },
      endpoints: { api: simulator.url, auth: simulator.url, sqs: simulator.sqsUrl },
      ordersApi,
      quotas: fast,
      orderLagMs: 0,
      orderOverlapMs: 600_000,
      settleMs: undefined,
    },
    { clock: systemClock, random: seededRandom(1), log, budget: createBudget(fast, systemClock) },
  );
  return { connector, channel: simulator.channel };
};
const seed = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ sku: `SKU ${index}/é`, title: `Thing ${index}`, units: 1 }));
const write = (sku: string, units: number): ListingWrite => ({
  ref: `offer:DEFAULT:${sku}`,
  details: { sku, channelCode: "DEFAULT", productType: "PRODUCT", marketplaceId: account.marketplaceId },
  units,
  expectedUnits: null,
});
const bulkOf = ({ bulk }: Connector) => {
  if (bulk === undefined) throw new Error("bulk expected");
  return bulk;
};
const settled = async (
  connector: Connector,
  receipt: string,
  refs: readonly string[],
): Promise<readonly PushOutcome[]> => {
  let outcomes: readonly PushOutcome[] | "pending" = "pending";
  await expect
    .poll(async () => {
      outcomes = await bulkOf(connector).settle(receipt, refs, context);
      return outcomes;
    })
    .not.toBe("pending");
  return outcomes === "pending" ? [] : outcomes;
};

test("a feed of a thousand raises is worked off, and one unknown SKU fails alone", async () => {
  const { connector, channel } = await connect();
  channel.seedListings(seed(1_000));
  const writes = [...seed(1_000).map(({ sku }, index) => write(sku, index + 2)), write("GONE", 1)];
  const { receipt, outcomes } = await bulkOf(connector).submit(writes, "attempt-1", context);
  expect(outcomes).toEqual([]);
  const answered = await settled(
    connector,
    receipt ?? "",
    writes.map(({ ref }) => ref),
  );
  expect(answered.filter(({ status }) => status === "accepted")).toHaveLength(1_000);
  expect(answered.filter(({ status }) => status === "refused")).toMatchObject([
    { ref: "offer:DEFAULT:GONE", retry: "never" },
  ]);
  const shown = new Map(channel.truth().listings.map(({ sku, units }) => [sku, units]));
  expect(writes.slice(0, 1_000).every((one, index) => shown.get(seed(1_000)[index]?.sku ?? "") === one.units)).toBe(
    true,
  );
  expect(channel.violations()).toEqual([]);
});

test("feeds of one seller wait for each other, and a lead time survives them", async () => {
  const { connector, channel } = await connect({ workMs: [300_000, 300_000] });
  channel.seedListings([{ sku: "A", title: "A", units: 1 }]);
  const first = await bulkOf(connector).submit([write("A", 2)], "1", context);
  const second = await bulkOf(connector).submit([write("A", 3)], "2", context);
  expect(await bulkOf(connector).settle(first.receipt ?? "", ["offer:DEFAULT:A"], context)).toBe("pending");
  await settled(connector, first.receipt ?? "", ["offer:DEFAULT:A"]);
  expect(await bulkOf(connector).settle(second.receipt ?? "", ["offer:DEFAULT:A"], context)).toBe("pending");
  await settled(connector, second.receipt ?? "", ["offer:DEFAULT:A"]);
  expect(channel.writesSince(0).map(({ unitsAfter }) => unitsAfter)).toEqual([2, 3]);
  expect(channel.violations()).toEqual([]);
});

test("two thousand listings are imported by the report, byte for byte, Amazon's own marked as such", async () => {
  const { connector, channel } = await connect();
  const plain = Array.from({ length: 2_100 }, (_, index) => ({
    sku: `S-${index}"`,
    title: `Café ${index}`,
    units: index % 3,
  }));
  channel.seedListings([...plain, { sku: "FBA-1", title: "Lamp", units: 9, fulfilledBy: "channel" }]);
  const imported: ImportedListing[] = [];
  let cursor: string | null = null;
  for (let done = false; !done; ) {
    try {
      const page = await connector.importListings(cursor, context);
      imported.push(...page.items);
      cursor = page.next;
      done = page.done;
    } catch (error) {
      if (!(error instanceof ChannelError) || error.kind !== "throttled") throw error;
      await systemClock.sleep(5);
    }
  }
  const unique = new Map(imported.map((one) => [one.ref, one]));
  expect(unique.size).toBe(2_101);
  expect(unique.get('offer:DEFAULT:S-2099"')).toMatchObject({
    title: "Café 2099",
    status: "active",
    fulfilledBy: "merchant",
  });
  expect(unique.get("offer:AMAZON_NA:FBA-1")).toMatchObject({ fulfilledBy: "channel", units: null });
  expect(channel.violations()).toEqual([]);
});

test("all pages of the FBA inventory are read", async () => {
  const { connector, channel } = await connect();
  const lamps = Array.from({ length: 130 }, (_, index) => ({
    sku: `FBA,${index}`,
    title: "Lamp",
    units: index,
    fulfilledBy: "channel" as const,
  }));
  channel.seedListings([...lamps, { sku: "OWN", title: "Own", units: 3 }]);
  const rows = await connector.channelStock?.read(context);
  expect(new Map(rows?.map(({ channelSku, units }) => [channelSku, units]))).toEqual(
    new Map(lamps.map(({ sku, units }) => [sku, units])),
  );
  expect(channel.violations()).toEqual([]);
});

test.each([
  ["left-out", undefined],
  ["refused", undefined],
  ["no", "v0"],
] as const)(
  "where states are %s (first asked: %s) orders are known through v0, pending ones too",
  async (statesWithheld, ordersApi) => {
    const { connector, channel } = await connect({ statesWithheld, pendingMs: 3_600_000_000 }, ordersApi);
    channel.seedListings([{ sku: "A", title: "A", units: 50 }]);
    for (let number = 0; number < 40; number += 1)
      channel.sell({ reference: `buyer-${number}`, lines: [{ sku: "A", units: 1 }] });
    await systemClock.sleep(200);
    const seen = new Map<string, unknown>();
    let cursor: string | null = null;
    for (let done = false; !done; ) {
      const page = await connector.pullOrders(cursor, context);
      for (const delivery of page.items) seen.set(delivery.id, connector.translate(delivery));
      expect(JSON.stringify(page)).not.toContain("canary");
      cursor = page.next;
      done = page.done;
    }
    expect(seen.size).toBe(40);
    for (const events of seen.values()) {
      expect(events).toMatchObject([
        { kind: "order", order: { channelState: "PENDING", lines: [{ holdUnits: 1, leftUnits: 0 }] } },
      ]);
    }
    expect(channel.violations()).toEqual([]);
  },
);

test("an account without subscriptions gets them, and a second time nothing changes", async () => {
  const { connector, channel } = await connect({ subscribed: false });
  const first = await connector.subscriptions?.ensure(context);
  expect(first?.slice(0, 2)).toMatchObject([
    { detail: "made now" },
    { detail: expect.stringContaining("subscribed now") },
  ]);
  const second = await connector.subscriptions?.ensure(context);
  expect(second?.slice(0, 2)).toMatchObject([{ detail: "there" }, { detail: "subscribed" }]);
  channel.seedListings([{ sku: "A", title: "A", units: 5 }]);
  channel.sell({ reference: "buyer", lines: [{ sku: "A", units: 1 }] });
  const messages = (await connector.notifications?.receive(context)) ?? [];
  expect(messages[0]).toMatchObject({ kind: "delivery", delivery: { topic: "ORDER_CHANGE" } });
  expect(channel.violations()).toEqual([]);
});
