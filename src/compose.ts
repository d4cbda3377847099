import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { openBudgets } from "./compose/budgets.ts";
import { circuitGauge, droppedCallsGauge } from "./compose/call-gauges.ts";
import { createConnectors } from "./compose/connectors.ts";
import { bindJobs, jobDefinitions } from "./compose/jobs.ts";
import { accountPlan } from "./compose/plans.ts";
import { startScheduler } from "./compose/scheduler.ts";
import { openServers } from "./compose/servers.ts";
import { usersOf } from "./compose/users.ts";
import { openWeb } from "./compose/web.ts";
import { headFilesOf } from "./config/head-files.ts";
import { ensureSecretKey } from "./config/secret-key.ts";
import type { Settings } from "./config/settings.ts";
import { createCallLog } from "./connectors/call-log.ts";
import { createCircuits } from "./connectors/circuits.ts";
import type { Connector } from "./connectors/connector.ts";
import { systemClock, toIso } from "./core/clock.ts";
import { systemRandom } from "./core/random.ts";
import { grantAppRole } from "./db/app-role.ts";
import { migrate } from "./db/migrate.ts";
import { type Db, openDb } from "./db/pool.ts";
import { isDatabaseAway } from "./db/transaction.ts";
import { adoptSettings } from "./jobs/adopt-settings.ts";
import type { JobDeps } from "./jobs/deps.ts";
import { createSupport } from "./jobs/support.ts";
import { sweep } from "./jobs/sweep.ts";
import { createLedger, type Ledger } from "./ledger/ledger.ts";
import { detectRewind } from "./ledger/log/keep-heads.ts";
import { signerOf } from "./ledger/log/signing-key.ts";
import { upsertLocations } from "./ledger/queries.ts";
import { createJobMetrics } from "./ops/job-metrics.ts";
import type { Log } from "./ops/logger.ts";
import { createMetrics } from "./ops/metrics.ts";
import { openQueueServer } from "./queue/backend.ts";
import { createQueues, type Queues } from "./queue/queues.ts";
import { markNeedsAttention, upsertAccounts } from "./sync/accounts.ts";
import { createCallWriter } from "./sync/call-writer.ts";

export const roles = ["web", "worker", "scheduler"] as const;
export type Role = (typeof roles)[number];

/** A running Lockstep, or the part of it that one process plays. */
export type Runtime = {
  readonly db: Db;
  readonly databaseUrl: string;
  readonly ledger: Ledger;
  readonly queues: Queues;
  readonly jobDeps: JobDeps;
  readonly connectorFor: (accountId: string) => Connector | undefined;
  /** Which database and queue are used, one plain line each. */
  readonly lines: readonly string[];
  /** With the web role: where it listens. */
  readonly webUrl: string | undefined;
  /** Stops taking work, lets what is under way end, closes everything. */
  stop(): Promise<void>;
};

const connectionsOf = (playing: ReadonlySet<Role>): number =>
  4 + (playing.has("web") ? 8 : 0) + (playing.has("worker") ? 16 : 0);
const jobMsMax = 120_000;
const drainMs = 20_000;

/**
 * The composition root: plain calls, top to bottom. With no role it only opens what commands need (database, ledger,
 * connectors, queues to enqueue into).
 */
export const compose = async (
  settings: Settings,
  options: { readonly roles: ReadonlySet<Role>; readonly log: Log; readonly migrate: boolean },
): Promise<Runtime> => {
  const { log } = options;
  const clock = systemClock;
  const random = systemRandom;
  const stops: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of stops.splice(0).toReversed()) await step();
  };
  try {
    const secretKey = ensureSecretKey(settings).key;
    const servers = await openServers(settings, log);
    stops.push(() => servers.stop());
    if (options.migrate) {
      await migrate(servers.databaseUrl, (message) => log.debug({ migration: message }, "migration"));
      if (servers.appRole !== undefined) await grantAppRole(servers.databaseUrl, servers.appRole);
    }
    const db = openDb({
      url: servers.databaseUrl,
      connectionsMax: connectionsOf(options.roles),
      role: servers.appRole,
      applicationName: `lockstep ${[...options.roles].join("+") || "command"}`,
      onIdleError: (error) => log.warn({ err: error.message }, "database connection lost"),
    });
    stops.push(() => db.close());
    const now = toIso(clock.now());
    await upsertLocations(db, settings.locations);
    await upsertAccounts(
      db,
      settings.accounts.map(({ id, channel, mode }) => ({ id, channel, mode })),
      now,
    );

    const metrics = createMetrics();
    const holder = `${hostname()}:${process.pid}:${randomUUID().slice(0, 8)}`;
    const budgets = openBudgets(servers.queue, { clock, log, process: holder });
    stops.push(async () => budgets.close());
    const circuits = createCircuits({ clock, log });
    const callWriter = createCallWriter({ db, log });
    stops.push(() => callWriter.settled());
    const callLog = createCallLog({ clock, log, keep: callWriter.keep });
    const connectors = createConnectors(settings.accounts, {
      clock,
      random,
      log,
      makeBudget: budgets.make,
      circuits,
      callLog,
    });
    metrics.registerGauges([circuitGauge(circuits), droppedCallsGauge(callWriter)]);
    const orderLagMsMax = Math.max(0, ...settings.accounts.map((account) => account.orderLagMs));
    const plans = new Map(
      settings.accounts.map((account) => [account.id, accountPlan(account, settings.guards, orderLagMsMax)]),
    );
    const queueServer = openQueueServer(servers.queue, log);
    stops.push(() => queueServer.close());
    const complaints = await queueServer.check();
    if (complaints.length > 0) throw new Error(complaints.join("; "));
    const queues = createQueues(jobDefinitions, {
      server: queueServer,
      log,
      isDatabaseAway,
      runMsMax: jobMsMax,
      onAuthFailure: async (payload, error) => {
        const accountId = (payload as { accountId?: unknown }).accountId;
        if (typeof accountId !== "string") return;
        const reason = `${error.message}; \`lockstep check ${accountId}\` says what to mend, and the account goes on by itself once its credentials work`;
        const first = await markNeedsAttention(db, { accountId, reason, now: toIso(clock.now()) });
        if (first)
          log.error({ accountId, err: error.message }, "the account's credentials do not work; it is set aside");
      },
    });
    stops.push(() => queues.close(drainMs));
    const ledger = createLedger({ db, clock, random, afterCommit: () => queues.wake("publish-events", {}) });
    const connectorFor = (accountId: string): Connector | undefined => connectors.get(accountId);
    const jobDeps: JobDeps = {
      db,
      ledger,
      clock,
      random,
      ids: randomUUID,
      log,
      holder,
      connectorFor,
      planFor: (accountId) => plans.get(accountId),
      wake: (name, payload, wakeOptions) => queues.wake(name, payload, wakeOptions),
      metrics: createJobMetrics(metrics.registry),
      signer: signerOf(secretKey),
      headFiles: headFilesOf(settings),
    };

    if (options.roles.has("worker")) {
      // Before the first push: a restored database must not speak to a channel.
      await detectRewind(jobDeps);
      await adoptSettings(jobDeps, plans.values());
      queues.work(bindJobs(jobDeps));
    }
    if (options.roles.has("scheduler")) {
      const scheduler = startScheduler({ clock, log }, () => sweep(jobDeps));
      stops.push(() => scheduler.stop());
    }
    const lines = [...servers.lines];
    let webUrl: string | undefined;
    if (options.roles.has("web")) {
      const { users, line } = usersOf(settings);
      const support = createSupport(jobDeps);
      const { planFor } = jobDeps;
      const opened = { settings, users, secretKey, db, ledger, queues, metrics, log, clock, connectorFor };
      const web = await openWeb({ ...opened, planFor, support });
      stops.push(() => web.close());
      webUrl = web.url;
      lines.push(line);
    }
    return { db, databaseUrl: servers.databaseUrl, ledger, queues, jobDeps, connectorFor, lines, webUrl, stop };
  } catch (error) {
    await stop();
    throw error;
  }
};
