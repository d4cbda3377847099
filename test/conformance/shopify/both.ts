import { expect } from "vitest";
import type { ChannelEvent, Delivery, ListingWrite, RawRequest } from "../../../src/connectors/connector.ts";
import type { ShopifySettings } from "../../../src/connectors/settings.ts";
import { Secret } from "../../../src/core/secret.ts";
import { type FaultPlan, faultPlans } from "../../../src/simulators/kit/faults.ts";
import type { ShopifySimulatorOptions } from "../../../src/simulators/shopify/start.ts";
import { type Bench, createBench } from "../../unit/connectors/shopify/support.ts";
import { startReceiver } from "../../unit/simulators/shopify/receiver.ts";
import { openShop, type Shop } from "../../unit/simulators/shopify/shop.ts";

type Received = Awaited<ReturnType<typeof startReceiver>>["received"][number];

export type Both = Bench & {
  readonly shop: Shop;
  readonly received: readonly Received[];
  /** What the shop sent since, verified and understood, in the order of arrival. */
  readonly deliveries: () => Promise<
    readonly { readonly topic: string; readonly delivery: Delivery; readonly events: readonly ChannelEvent[] }[]
  >;
  readonly faults: (plan: Partial<FaultPlan>) => Promise<void>;
  readonly control: (path: string, body: unknown) => Promise<void>;
};

export const requestOf = ({ headers, body }: Received): RawRequest => ({
  method: "POST",
  url: "https://lockstep.test/webhooks/shopify/shop-one",
  headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)])),
  body,
});

/** The connector and the simulated shop, over real HTTP; every request is held against the official contract. */
export const openBoth = async (
  settings: Partial<ShopifySettings> = {},
  options: ShopifySimulatorOptions = {},
): Promise<Both> => {
  const shop = await openShop(options);
  const { account } = shop;
  const bench = createBench({
    shop: account.shopDomain,
    credentials: {
      accessToken: new Secret(account.accessToken),
      clientId: undefined,
      clientSecret: new Secret(account.clientSecret),
    },
    locationGid: undefined,
    endpoints: { api: shop.url },
    ...settings,
  });
  // The connector looks back from a minute after the shop's time.
  bench.clock.advance(shop.clock.now() - bench.clock.now() + 60_000);
  const receiver = await startReceiver();
  await shop.channel.setWebhookTarget({ url: receiver.url });
  const control = async (path: string, body: unknown): Promise<void> => {
    const response = await shop.post(`/_control/${path}`, body, null);
    expect(response.status).toBe(200);
  };
  return {
    ...bench,
    shop,
    received: receiver.received,
    control,
    faults: (plan) => control("faults", { plan: { ...faultPlans.none, messageDelayMs: [0, 0], ...plan } }),
    deliveries: async () => {
      await expect.poll(() => shop.channel.counters().pendingMessages, { timeout: 15_000 }).toBe(0);
      return Promise.all(
        receiver.received.map(async (message) => {
          const verified = await bench.connector.webhooks?.verify(requestOf(message), bench.context);
          if (verified?.kind !== "delivery") throw new Error(`not delivered: ${verified?.kind}`);
          // As the inbox keeps it.
          const delivery: Delivery = JSON.parse(JSON.stringify(verified.delivery));
          return { topic: delivery.topic, delivery, events: bench.connector.translate(delivery) };
        }),
      );
    },
  };
};

/** The listing of a SKU as imported, and what it shows now, as a write of `units`. */
export const writeOf = async ({ connector, context }: Bench, sku: string, units: number): Promise<ListingWrite> => {
  const { items } = await connector.importListings(null, context);
  const listing = items.find(({ channelSku }) => channelSku === sku);
  if (listing === undefined) throw new Error(`no listing ${sku}`);
  const [reading] = await connector.readQuantities([listing], context);
  return { ref: listing.ref, details: listing.details, units, expectedUnits: reading?.units ?? null };
};
