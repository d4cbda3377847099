import { afterEach, expect, test } from "vitest";
import type { CallNote } from "../../../src/connectors/call-log.ts";
import type { Connector, ListingWrite } from "../../../src/connectors/connector.ts";
import type { AccountSettings } from "../../../src/connectors/settings.ts";
import { type Clock, systemClock } from "../../../src/core/clock.ts";
import { Secret } from "../../../src/core/secret.ts";
import { startAmazonSimulator } from "../../../src/simulators/amazon/start.ts";
import { startEbaySimulator } from "../../../src/simulators/ebay/start.ts";
import { faultPlans } from "../../../src/simulators/kit/faults.ts";
import { startShopifySimulator } from "../../../src/simulators/shopify/start.ts";
import { accountOn, type Channel } from "../../support/demo-accounts.ts";
import { openConnector } from "../../support/open-connector.ts";

/** Tokens that die, rotate or are withdrawn while many calls are under way: one refresh, and no push is lost. */
const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

const channels = ["amazon", "ebay", "shopify"] as const;
const skus = Array.from({ length: 40 }, (_, index) => `SKU-${index}`);
const wide = { ratePerSecond: 10_000, burst: 10_000 };
const quotas: Readonly<Record<Channel, AccountSettings["quotas"]>> = {
  amazon: Object.fromEntries(
    ["patchListingsItem", "searchListingsItems", "getListingsItem", "token"].map((name) => [name, wide]),
  ),
  ebay: {},
  shopify: { graphql: wide },
};

/** The channel's own clock: moved on, its tokens die though they promised more. */
const movable = (): Clock & { passMs: number } => ({
  passMs: 0,
  now() {
    return systemClock.now() + this.passMs;
  },
  monotonicMs() {
    return systemClock.monotonicMs() + this.passMs;
  },
  sleep: (ms, signal) => systemClock.sleep(ms, signal),
});

const open = async (channel: Channel, change: (account: AccountSettings) => AccountSettings = (same) => same) => {
  const clock = movable();
  const options = { clock, faults: { ...faultPlans.none, messageDelayMs: [0, 0], applyDelayMs: [0, 0] } as const };
  const speedUp = 1_000;
  const simulator =
    channel === "amazon"
      ? await startAmazonSimulator({ ...options, speedUp })
      : channel === "ebay"
        ? await startEbaySimulator(options)
        : await startShopifySimulator({ ...options, account: { ...(await shopAccount()), restoreRate: 10_000 } });
  closers.push(() => simulator.close());
  simulator.channel.seedListings(skus.map((sku) => ({ sku, title: sku, units: 1 })));
  const notes: CallNote[] = [];
  const account = change(accountOn(channel, simulator.url, quotas[channel]));
  const { connector, context } = openConnector(account, undefined, (note) => notes.push(note));
  return { clock, connector, context, notes, simulated: simulator.channel };
};
const shopAccount = async () => (await import("../../../src/simulators/shopify/account.ts")).demoShopifyAccount;

type Opened = Awaited<ReturnType<typeof open>>;
const tokensOf = ({ notes }: Opened): readonly CallNote[] => notes.filter(({ callClass }) => callClass === "token");
const listingsOf = async (connector: Connector, context: Opened["context"]): Promise<readonly ListingWrite[]> => {
  const writes: ListingWrite[] = [];
  for (let cursor: string | null = null; ; ) {
    const { items, next, done }: Awaited<ReturnType<typeof connector.importListings>> = await connector.importListings(
      cursor,
      context,
    );
    writes.push(...items.map(({ ref, details }) => ({ ref, details, units: 7, expectedUnits: 1 })));
    cursor = next;
    if (done) return writes;
  }
};
/** Forty calls at once, one listing each. */
const pushAll = (opened: Opened, writes: readonly ListingWrite[]) =>
  Promise.all(
    writes.map((write, index) => opened.connector.pushQuantities([write], `attempt-${index}`, opened.context)),
  );

test.each(channels)(
  "%s: when the token dies under forty pushes there is one refresh, and every push is applied",
  async (channel) => {
    const opened = await open(channel);
    const { connector, context, clock, simulated } = opened;
    const writes = await listingsOf(connector, context);
    expect(writes).toHaveLength(skus.length);
    const before = tokensOf(opened).length;
    expect(before).toBe(1);
    // Amazon's life is compressed with its quotas; two days are over for all three.
    clock.passMs += 2 * 86_400_000;
    const outcomes = (await pushAll(opened, writes)).flat();
    expect(outcomes.filter(({ status }) => status === "accepted")).toHaveLength(skus.length);
    expect(tokensOf(opened).length - before).toBe(1);
    await expect
      .poll(() => simulated.truth().listings.every(({ units }) => units === 7), { timeout: 10_000 })
      .toBe(true);
    expect(simulated.violations()).toEqual([]);
  },
);

test.each(channels)("%s: forty first calls share one token", async (channel) => {
  const opened = await open(channel);
  await Promise.all(skus.map(() => opened.connector.check(opened.context)));
  const seller = tokensOf(opened).length;
  // eBay's check asks for the application's own token too, Amazon's for the grantless one.
  expect(seller).toBeLessThanOrEqual(channel === "shopify" ? 1 : 2);
});

test("Amazon: while a client secret rotates, the one that works is found once and then kept to", async () => {
  const opened = await open("amazon", (account) =>
    account.channel === "amazon"
      ? {
          ...account,
          credentials: {
            ...account.credentials,
            clientSecret: new Secret("not known to Amazon yet"),
            oldClientSecret: account.credentials.clientSecret,
          },
        }
      : account,
  );
  const writes = await listingsOf(opened.connector, opened.context);
  expect(tokensOf(opened).map(({ outcome }) => outcome)).toEqual(["auth", "ok"]);
  opened.clock.passMs += 86_400_000;
  await pushAll(opened, writes);
  expect(tokensOf(opened).map(({ outcome }) => outcome)).toEqual(["auth", "ok", "ok"]);
});

test.each(channels)(
  "%s: credentials that were withdrawn fail every call as auth, with one try for all",
  async (channel) => {
    const withdrawn = (account: AccountSettings): AccountSettings => {
      const wrong = new Secret("withdrawn");
      if (account.channel === "shopify")
        return { ...account, credentials: { ...account.credentials, clientSecret: wrong } };
      if (account.channel === "ebay")
        return { ...account, credentials: { ...account.credentials, refreshToken: wrong } };
      return { ...account, credentials: { ...account.credentials, refreshToken: wrong } };
    };
    const opened = await open(channel, withdrawn);
    const handle = {
      ref: "sku:SKU-0",
      details: {
        lane: "rest",
        sku: "SKU-0",
        offerIds: ["1"],
        channelCode: "DEFAULT",
        productType: "PRODUCT",
        marketplaceId: "ATVPDKIKX0DER",
      },
    };
    const failures = await Promise.all(
      skus.map(() => opened.connector.readQuantities([handle], opened.context).catch((error: unknown) => error)),
    );
    for (const failure of failures) expect(failure).toMatchObject({ name: "ChannelError", kind: "auth" });
    expect(tokensOf(opened)).toHaveLength(1);
  },
);
