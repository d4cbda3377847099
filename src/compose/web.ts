import { serve } from "@hono/node-server";
import { Hono } from "hono";
import type { Settings } from "../config/settings.ts";
import type { Connector } from "../connectors/connector.ts";
import { type Clock, toIso } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import type { Db } from "../db/pool.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Queues } from "../queue/queues.ts";
import { keepDeliveries } from "../sync/inbox.ts";
import { webhookRoutes } from "../webhooks/receive.ts";

export const openWeb = async (deps: {
  readonly settings: Settings;
  readonly secretKey: Secret;
  readonly db: Db;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly connectorFor: (accountId: string) => Connector | undefined;
}) => {
  const { settings, secretKey, db, queues, metrics, log, clock, connectorFor } = deps;
  const app = new Hono();
  app.route("/", webhookRoutes({
    clock, log, metrics, connectorFor,
    settings: { webhookBodyBytes: settings.limits.webhookBodyBytes, secretKey, publicUrl: settings.server.publicUrl },
    keepDeliveries: (accountId, door, deliveries) => keepDeliveries(db, { accountId, door, deliveries, now: toIso(clock.now()) }),
    wakeIngest: (accountId) => queues.wake("ingest", { accountId }),
  }) as never);
  const server = serve({ fetch: app.fetch, port: settings.server.port, hostname: settings.server.host });
  return { url: `http://${settings.server.host}:${settings.server.port}`, close: async () => { server.close(); if ("closeAllConnections" in server) server.closeAllConnections(); } };
};
