import type { Connector } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { EbaySettings } from "../settings.ts";
import { check } from "./check.ts";
import { checkSubscriptions } from "./check-subscriptions.ts";
import { createEbayClient } from "./client.ts";
import { ensureSubscriptions } from "./ensure-subscriptions.ts";
import { createImport } from "./import.ts";
import { createWebhooks } from "./notifications.ts";
import { fetchOrders, pullOrders } from "./orders.ts";
import { createCancelRequests } from "./orders-api.ts";
import { createOutOfStockControl } from "./out-of-stock.ts";
import { createPublicKeys } from "./public-keys.ts";
import { pushQuantities } from "./push-lanes.ts";
import { readBatchMax } from "./read.ts";
import { readLanes } from "./read-lanes.ts";
import { createReport } from "./report.ts";
import { createReturnsOf } from "./returns.ts";
import { createRevisionBook, revisionsPerListingPerDay } from "./revisions.ts";
import { createSubscriptionsApi } from "./subscriptions.ts";
import { createTrading } from "./trading.ts";
import { translate } from "./translate.ts";

export { ebayQuotas } from "./quotas.ts";

/** Items read back quickly, published listings lag by minutes (§8). */
const settleMsDefault = 180_000;

/**
 * eBay through its REST APIs (Sell Inventory, Sell Fulfillment, Commerce Notification), and through Trading for what
 * only that one tells and writes. One seller account.
 */
export const createEbayConnector = (settings: EbaySettings, deps: ConnectorDeps): Connector => {
  const client = createEbayClient(settings, deps);
  const { clock, log, budget } = deps;
  const trading = createTrading(client, settings.marketplaceId);
  const importPage = createImport({ client, trading, legacyListings: settings.legacyListings ?? true });
  const revisions = createRevisionBook(clock);
  const outOfStock = createOutOfStockControl(trading, deps);
  const { pushBatchMax: batchMax, webhooks } = settings;
  const returnsOf = settings.returns === "restock-when-closed" ? createReturnsOf(client, deps) : undefined;
  const reading = { client, clock, log, settings, returnsOf, cancelRequests: createCancelRequests(client) };
  return {
    channel: "ebay",
    limits: {
      pushBatchMax: settings.pushBatchMax,
      readBatchMax,
      settleMs: settings.settleMs ?? settleMsDefault,
      comparesAndSets: false,
      revisionsPerListingPerDay,
    },
    async pushQuantities(batch, attemptKey, { accountId, signal }) {
      const outcomes = await pushQuantities(batch, {
        client,
        trading,
        revisions,
        outOfStock,
        batchMax,
        accountId,
        signal,
      });
      const failed = outcomes.filter(({ status }) => status !== "accepted").length;
      log.info({ accountId, attemptKey, listings: outcomes.length, failed }, "quantities pushed");
      return outcomes;
    },
    readQuantities: (listings, { signal }) => readLanes(listings, client, trading, signal),
    importListings: (cursor, { signal }) => importPage(cursor, signal),
    pullOrders: (cursor, { signal }) => pullOrders(cursor, { ...reading, signal }),
    fetchOrders: (orderRefs, { signal }) => fetchOrders(orderRefs, { ...reading, signal }),
    translate,
    listingReport: createReport(client),
    check: ({ signal }) => check({ client, trading, clock, budget, signal }),
    ...(webhooks !== undefined && {
      subscriptions: {
        audit: ({ signal }) => checkSubscriptions(webhooks.endpoint, createSubscriptionsApi(client, signal)),
        ensure: ({ signal }) => ensureSubscriptions(webhooks, createSubscriptionsApi(client, signal)),
      },
      webhooks: createWebhooks({
        webhooks,
        sellerUserId: settings.sellerUserId,
        publicKeys: createPublicKeys(client, deps),
      }),
    }),
  };
};
