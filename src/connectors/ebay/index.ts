import type { Connector } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbaySettings } from "../settings.ts";
import { check } from "./check.ts";
import { createEbayClient } from "./client.ts";
import { importListings } from "./listings.ts";
import { createWebhooks } from "./notifications.ts";
import { fetchOrders, pullOrders } from "./orders.ts";
import { createPublicKeys } from "./public-keys.ts";
import { pushQuantities } from "./push.ts";
import { readBatchMax, readQuantities } from "./read.ts";
import { translate } from "./translate.ts";

export { ebayQuotas } from "./quotas.ts";

/** Items read back quickly, published listings lag by minutes (§8). */
const settleMsDefault = 180_000;

/** eBay through its REST APIs: Sell Inventory, Sell Fulfillment, Commerce Notification. One seller account. */
export const createEbayConnector = (settings: EbaySettings, deps: ConnectorDeps): Connector => {
  const client = createEbayClient(settings, deps);
  const { clock, log } = deps;
  return {
    channel: "ebay",
    limits: {
      pushBatchMax: settings.pushBatchMax,
      readBatchMax,
      settleMs: settings.settleMs ?? settleMsDefault,
      comparesAndSets: false,
    },
    async pushQuantities(batch, attemptKey, { accountId, signal }) {
      const outcomes = await pushQuantities(batch, client, signal);
      const failed = outcomes.filter(({ status }) => status !== "accepted").length;
      log.info({ accountId, attemptKey, listings: outcomes.length, failed }, "quantities pushed");
      return outcomes;
    },
    readQuantities: (listings, { signal }) => readQuantities(listings, client, signal),
    importListings: (cursor, { signal }) => importListings(cursor, client, signal),
    pullOrders: (cursor, { signal }) => pullOrders(cursor, { client, clock, settings, signal }),
    fetchOrders: (orderRefs, { signal }) => fetchOrders(orderRefs, client, signal),
    translate,
    check: ({ signal }) => check({ client, settings, clock, signal }),
    ...(settings.webhooks !== undefined && {
      webhooks: createWebhooks({
        webhooks: settings.webhooks,
        sellerUserId: settings.sellerUserId,
        publicKeys: createPublicKeys(client, deps),
      }),
    }),
  };
};
