import type { User } from "../access/users.ts";
import type { Connector } from "../connectors/connector.ts";
import type { AccountsView } from "../console/home.ts";
import type { Clock } from "../core/clock.ts";
import type { Secret } from "../core/secret.ts";
import type { Db } from "../db/pool.ts";
import type { Support } from "../jobs/support.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { BoardQueue } from "../ops/board.ts";
import type { Health } from "../ops/health.ts";
import type { Log } from "../ops/logger.ts";
import type { Metrics } from "../ops/metrics.ts";
import type { KeepDeliveries } from "../webhooks/keep-lane.ts";
import type { PlansDeps } from "./plans.ts";

/** All that the HTTP surfaces need; compose.ts supplies it. */
export type WebDeps = {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
  /** How long a request with an Idempotency-Key waits for its answer before it gets 409. */
  readonly answerMsMax?: number;
  readonly log: Log;
  /** Random ids (`randomUUID`): sessions, form nonces, request ids. Must not be guessable. */
  readonly ids: () => string;
  readonly settings: {
    readonly webhookBodyBytes: number;
    readonly apiBodyBytes: number;
    readonly users: readonly User[];
    readonly secretKey: Secret;
    /** The address under which the world reaches us; without it, the Host header is believed. */
    readonly publicUrl?: string | undefined;
  };
  readonly connectorFor: (accountId: string) => Connector | undefined;
  /** Resolves after the commit, with the number of deliveries that were new. */
  readonly keepDeliveries: KeepDeliveries;
  /** Wake-ups neither wait nor throw: what is lost with them the sweep finds. */
  readonly wakeIngest: (accountId: string) => void;
  readonly wakeOutbox: () => void;
  readonly plans: PlansDeps["plans"];
  /** Asked once, when the app is made. */
  readonly boardQueues: () => readonly BoardQueue[];
  /** Explanations, timelines, holds. */
  readonly support: Support;
  readonly accountsView: () => Promise<AccountsView>;
  readonly health: () => Promise<Health>;
  readonly metrics: Metrics;
};
