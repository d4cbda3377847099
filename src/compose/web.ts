import { randomUUID } from "node:crypto";
import { createWeb } from "../api/app.ts";
import { serveWeb } from "../api/serve-web.ts";
import type { Settings, UserSettings } from "../config/settings.ts";
import type { Connector } from "../connectors/connector.ts";
import type { AccountsView } from "../console/home.ts";
import { type Clock, toIso } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import type { Db } from "../db/pool.ts";
import type { AccountPlan } from "../jobs/deps.ts";
import type { Support } from "../jobs/support.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { Queues } from "../queue/queues.ts";
import { listAccounts } from "../sync/accounts.ts";
import { keepDeliveries } from "../sync/inbox.ts";
import { owedWork } from "../sync/owed-work.ts";
import { policyVersionOf } from "../sync/plan-hash.ts";
import { registerWorkGauges } from "./gauges.ts";
import { healthOf } from "./health.ts";

export type WebParts = {
  readonly settings: Settings;
  readonly users: readonly UserSettings[];
  readonly secretKey: Secret;
  readonly db: Db;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly clock: Clock;
  readonly connectorFor: (accountId: string) => Connector | undefined;
  readonly planFor: (accountId: string) => AccountPlan | undefined;
  readonly support: Support;
};

const accountsView = async ({ db, queues, clock }: WebParts): Promise<AccountsView> => {
  const work = new Map((await owedWork(db, toIso(clock.now()))).map((row) => [row.accountId, row]));
  const accounts = (await listAccounts(db)).map((account) => {
    const owed = work.get(account.id);
    const figures = {
      "pushes owed": owed?.owedTargets ?? 0,
      "pushes unread": owed?.openAttempts ?? 0,
      "deliveries open": owed?.openDeliveries ?? 0,
      unmapped: owed?.parked ?? 0,
      "dead letters": owed?.dead ?? 0,
      "listings blocked": owed?.blocked ?? 0,
    };
    return { ...account, figures };
  });
  const counts = Object.entries(await queues.counts()).map(([name, states]) => ({ name, counts: states }));
  return { accounts, queues: counts };
};

/** Opens the web role's door. */
export const openWeb = async (parts: WebParts): Promise<{ readonly url: string; close(): Promise<void> }> => {
  const { settings, db, queues, clock } = parts;
  registerWorkGauges(parts);
  const { host, port, publicUrl } = settings.server;
  const { app, hot } = createWeb({
    ...parts,
    ids: randomUUID,
    settings: { ...settings.limits, users: parts.users, secretKey: parts.secretKey, publicUrl },
    keepDeliveries: (accountId, door, deliveries) =>
      keepDeliveries(db, { accountId, door, deliveries, now: toIso(clock.now()) }),
    wakeIngest: (accountId) => queues.wake("ingest", { accountId }),
    wakeOutbox: () => queues.wake("publish-events", {}),
    plans: {
      rulesOf: (accountId) => {
        const plan = parts.planFor(accountId);
        return plan && { locationId: plan.locationId, policyVersion: policyVersionOf(plan) };
      },
      wake: (accountId) => queues.wake("work-plans", { accountId }),
    },
    boardQueues: () => queues.all(),
    accountsView: () => accountsView(parts),
    health: () => healthOf(parts),
  });
  const server = await serveWeb(app, { host, port }, hot);
  return { url: `http://${host}:${server.port}`, close: () => server.close() };
};
