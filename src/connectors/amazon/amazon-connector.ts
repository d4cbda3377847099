import type { Connector } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { AmazonSettings } from "../settings.ts";
import { readChannelStock } from "./channel-stock.ts";
import { checkAccount } from "./check.ts";
import { createAmazonClient } from "./client.ts";
import { createDocuments } from "./documents.ts";
import { createBulk } from "./feeds.ts";
import { importListings } from "./listings.ts";
import { createNotifications } from "./notifications.ts";
import { fetchOrders, pullOrders } from "./orders.ts";
import { pushQuantities } from "./push.ts";
import { identifiersMax, readQuantities } from "./read.ts";
import { createReportImport } from "./report-import.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { translate } from "./translate.ts";

/** Accepted changes usually show within seconds, sometimes only after minutes (§13.4). */
const settleMsDefault = 10 * 60 * 1000;
/** A burst of the patch quota: what waits for the next refill waits unread, not with a number that grows old. */
const pushBatchMax = 5;
const readingLifeMs = 1_000;
/** Twenty order searches at once and then one in three minutes (§3): so many are left to the regular polls. */
const searchesReserved = 5;

/**
 * Amazon through the Selling Partner API: quantities by PATCH, orders by the 2026-01-01 version, notifications by SQS
 * where a queue is set. Holds nothing but the access token and the pace of its calls.
 */
export const createAmazonConnector = (settings: AmazonSettings, deps: ConnectorDeps): Connector => {
  const client = createAmazonClient(settings, deps);
  const documents = createDocuments(deps);
  const readReport = createReportImport(client, documents, settings, deps);
  const queue =
    settings.notifications === undefined ? undefined : createNotifications(settings, settings.notifications, deps);
  return {
    channel: "amazon",
    limits: {
      pushBatchMax,
      readBatchMax: identifiersMax,
      settleMs: settings.settleMs ?? settleMsDefault,
      comparesAndSets: false,
      readingLifeMs,
    },
    pushQuantities: (batch, _attemptKey, context) => pushQuantities(client, settings.sellerId, batch, context),
    readQuantities: (listings, context) => readQuantities(client, settings, listings, context),
    importListings: (cursor, context) => importListings({ client, settings, readReport, deps }, cursor, context),
    pullOrders: (cursor, context) => pullOrders(client, settings, deps, cursor, context),
    spareOrderReads: async () => Math.floor(await deps.budget.spare("searchOrders")) - searchesReserved,
    fetchOrders: (orderRefs, context) => fetchOrders(client, settings, orderRefs, context),
    translate,
    channelStock: { read: (context) => readChannelStock(client, settings.marketplaceIds, deps, context) },
    bulk: createBulk({ client, documents, settings, deps }),
    check: (context) => checkAccount(client, settings, queue, deps, context),
    ...(queue === undefined ? {} : { notifications: queue, subscriptions: createSubscriptions(client, queue) }),
  };
};
