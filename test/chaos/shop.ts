import { z } from "zod";
import { type Channel, channels } from "../../src/connectors/connector.ts";
import { queryOne, sql } from "../../src/db/sql.ts";
import { verificationToken } from "../../src/demo/accounts.ts";
import type { ControlClient } from "../../src/demo/control-client.ts";
import { webhookUrl } from "./settings.ts";
import { sleep } from "./sleep.ts";
import type { Stage } from "./stage.ts";
import type { StockClient } from "./stock-client.ts";

/** What there is to sell: SKUs of the load, a few of them scarce, and SKUs that only probes touch. */
export type Assortment = {
  readonly sold: ReadonlyMap<string, number>;
  readonly orderProbes: ReadonlyMap<string, number>;
  readonly receiptProbes: ReadonlyMap<string, number>;
};

const numbered = (name: string, count: number, units: (index: number) => number): ReadonlyMap<string, number> =>
  new Map(Array.from({ length: count }, (_, index) => [`${name}-${String(index + 1).padStart(2, "0")}`, units(index)]));

/** Every eighth SKU that is sold is scarce: its last units are fought over. */
export const assortment = (): Assortment => ({
  sold: numbered("SOLD", 48, (index) => (index % 8 === 7 ? 12 : 400)),
  orderProbes: numbered("PROBE-ORDER", 24, () => 500),
  receiptProbes: numbered("PROBE-RECEIPT", 24, () => 500),
});

export const stockOf = ({ sold, orderProbes, receiptProbes }: Assortment): ReadonlyMap<string, number> =>
  new Map([...sold, ...orderProbes, ...receiptProbes]);

const linkedMsMax = 60_000;

/** Lists everything on every channel, starts the roles, and receives the opening stock. Returns when all is linked and quiet. */
export const openShop = async (
  { daemons, controls, db, webUrl }: Stage,
  stock: ReadonlyMap<string, number>,
  client: StockClient,
): Promise<void> => {
  const listings = [...stock].map(([sku, units]) => ({ sku, title: sku, units }));
  await Promise.all(channels.map((channel) => controls[channel].seed(listings)));
  daemons.web.start();
  const lines = [...stock].map(([sku, units]) => ({ sku, location: "main", units, reason: "opening stock" }));
  const { status, body } = await client.send("/v1/inventory/receive", { lines }, "chaos-opening-stock");
  if (status !== 200) throw new Error(`the opening stock got ${status}: ${JSON.stringify(body)}`);
  for (const worker of daemons.workers) worker.start();
  daemons.scheduler.start();
  const endsAt = performance.now() + linkedMsMax;
  const wanted = stock.size * channels.length;
  for (let settled = 0; settled < wanted; await sleep(100)) {
    const row = await queryOne(
      db,
      z.object({ n: z.number() }),
      sql`select count(*) as n from push_target where settled_version = wanted_version`,
    );
    settled = row?.n ?? 0;
    if (performance.now() > endsAt) throw new Error(`only ${settled} of ${wanted} listings were imported and settled`);
  }
  await openWebhooks(controls, webUrl);
};

const openWebhooks = async (controls: Readonly<Record<Channel, ControlClient>>, webUrl: string): Promise<void> => {
  await controls.ebay.webhookTarget({ url: webhookUrl(webUrl, "ebay"), verificationToken });
  await controls.shopify.webhookTarget({ url: webhookUrl(webUrl, "shopify") });
};
