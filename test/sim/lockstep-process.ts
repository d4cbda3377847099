import { bindJobs, jobDefinitions } from "../../src/compose/jobs.ts";
import type { Connector } from "../../src/connectors/connector.ts";
import { Secret } from "../../src/core/secret.ts";
import type { Db } from "../../src/db/pool.ts";
import { isDatabaseAway } from "../../src/db/transaction.ts";
import type { AccountPlan, JobDeps } from "../../src/jobs/deps.ts";
import { sweep } from "../../src/jobs/sweep.ts";
import { createLedger } from "../../src/ledger/ledger.ts";
import { signerOf } from "../../src/ledger/log/signing-key.ts";
import type { Metrics } from "../../src/ops/metrics.ts";
import { createQueues } from "../../src/queue/queues.ts";
import { markNeedsAttention } from "../../src/sync/accounts.ts";
import { keepDeliveries } from "../../src/sync/inbox.ts";
import { webhookRoutes } from "../../src/webhooks/receive.ts";
import { simConnector } from "./connector.ts";
import type { Given } from "./policy.ts";
import { openSimDb, type Session } from "./sim-db.ts";
import type { SimQueues } from "./sim-queue.ts";
import { Process } from "./world.ts";

const jobMsMax = 120_000;

/** A process of Lockstep with all roles: web, worker and scheduler. */
export type Running = {
  readonly process: Process;
  readonly db: Db;
  readonly deps: JobDeps;
  readonly doors: ReturnType<typeof webhookRoutes>;
};

const logOf = ({ world, name }: Process) => {
  const note = (level: string) => (fields: object, message: string) =>
    world.note(`${name} ${level} ${message} ${JSON.stringify(fields).slice(0, 160)}`);
  return { debug: () => undefined, info: () => undefined, warn: note("warn"), error: note("error") };
};

const queuesOf = (process: Process, db: Db, server: SimQueues, log: ReturnType<typeof logOf>) =>
  createQueues(jobDefinitions, {
    server: server.serverFor(process),
    log,
    isDatabaseAway,
    runMsMax: jobMsMax,
    onAuthFailure: async (payload, error) => {
      const { accountId } = payload as { accountId: string };
      await markNeedsAttention(db, { accountId, reason: error.message, now: process.world.iso() });
    },
  });

/** What the composition root does, over simulated servers: the queues work, the scheduler sweeps, the doors are open. */
export const launch = (
  given: Given,
  servers: { readonly session: Session; readonly queues: SimQueues },
  started: { readonly number: number; readonly planFor: (accountId: string) => AccountPlan | undefined },
): Running => {
  const { world, channels, messages, pace } = given;
  const process = new Process(world, `p${started.number}`);
  const db = openSimDb(servers.session, process);
  const { clock } = process;
  const log = logOf(process);
  const queues = queuesOf(process, db, servers.queues, log);
  const connectors = new Map<string, Connector>(
    [...channels].map(([id, channel]) => [id, simConnector(channel, process, messages.get(id))]),
  );
  const random = world.random(`process/${process.name}`);
  let attempts = 0;
  const deps: JobDeps = {
    db,
    ledger: createLedger({ db, clock, random, afterCommit: () => queues.wake("publish-events", {}) }),
    clock,
    random,
    ids: () => `${process.name}-${(attempts += 1)}`,
    log,
    holder: process.name,
    connectorFor: (id) => connectors.get(id),
    planFor: started.planFor,
    // The log has its own tests, and sealing it would be most of a seed's time.
    wake: (name, payload, options) => (name === "seal-ledger" ? undefined : queues.wake(name, payload, options)),
    metrics: { deliveriesSettled: () => undefined, pushes: () => undefined, pushLag: () => undefined },
    signer: signerOf(new Secret("5".repeat(64))),
    headFiles: [],
  };
  const doors = webhookRoutes({
    clock,
    log,
    metrics: { webhookAnswered: () => undefined } as unknown as Metrics,
    settings: { webhookBodyBytes: 1_000_000, secretKey: new Secret("s".repeat(64)) },
    connectorFor: deps.connectorFor,
    keepDeliveries: (accountId, door, deliveries) =>
      keepDeliveries(db, { accountId, door, deliveries, now: world.iso() }),
    wakeIngest: (accountId) => queues.wake("ingest", { accountId }),
  });
  queues.work(bindJobs(deps).filter(({ name }) => name !== "seal-ledger"));
  const turn = async (): Promise<void> => {
    await sweep(deps).catch((error: Error) => world.note(`${process.name} sweep failed: ${error.message}`));
    await process.pause(pace.sweepMs);
    void turn();
  };
  world.after(500 * started.number, () => void turn());
  return { process, db, deps, doors };
};
