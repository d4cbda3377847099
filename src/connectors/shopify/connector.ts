import type { Quota } from "../budget.ts";
import type { Connector } from "../connector.ts";
import type { ConnectorDeps } from "../deps.ts";
import type { ShopifySettings } from "../settings.ts";
import { createReadEverything } from "./bulk.ts";
import { createCheck } from "./check.ts";
import { createClient, quotaName } from "./client.ts";
import { levelBatchMax } from "./documents.ts";
import { createImportListings } from "./listings.ts";
import { createLocations } from "./location.ts";
import { createFetchOrders, createPullOrders } from "./orders.ts";
import { createPushQuantities, pushBatchMax } from "./push.ts";
import { createReadQuantities } from "./read.ts";
import { createSubscriptions } from "./subscriptions.ts";
import { translate } from "./translate.ts";
import { createWebhooks } from "./webhooks.ts";

/** Cost points of the standard plan; every answer corrects both (channel document §2). */
export const shopifyQuotas: Record<string, Quota> = { [quotaName]: { ratePerSecond: 100, burst: 2000 } };

/** A set is in the level at once; the rest is patience with a lagging read. */
const settleMsDefault = 60_000;

/** A shop's inventory items at the account's location, through the GraphQL Admin API. */
export const createShopifyConnector = (settings: ShopifySettings, deps: ConnectorDeps): Connector => {
  const client = createClient(settings, deps);
  const locationsOf = createLocations(settings, client);
  const { webhooksAddress } = settings;
  const activateLevels = settings.activateLevels ?? false;
  return {
    channel: "shopify",
    limits: {
      pushBatchMax,
      readBatchMax: levelBatchMax,
      settleMs: settings.settleMs ?? settleMsDefault,
      comparesAndSets: true,
    },
    pushQuantities: createPushQuantities({ client, locationsOf, clock: deps.clock, activateLevels }),
    readQuantities: createReadQuantities(client, locationsOf, activateLevels),
    importListings: createImportListings(client, locationsOf, deps),
    pullOrders: createPullOrders(client, settings, deps),
    fetchOrders: createFetchOrders(client, settings),
    translate: (delivery) => translate(delivery, settings),
    check: createCheck(settings, client, locationsOf, deps),
    readEverything: createReadEverything(client, locationsOf, deps),
    webhooks: createWebhooks(settings, deps),
    ...(webhooksAddress !== undefined && { subscriptions: createSubscriptions(client, webhooksAddress) }),
  };
};
