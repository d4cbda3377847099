import type { Connector } from "../connectors/connector.ts";
import type { Lease } from "../sync/leases.ts";
import type { PlanRow } from "../sync/plan-rows.ts";
import type { AccountPlan, JobDeps } from "./deps.ts";

/** `waitMs`: before the next step, when it has not ended. */
export type PlanStep = {
  readonly ended: boolean;
  readonly waitMs: number;
  /** Somebody else holds the account's lease: at work, or dead for less than the lease lives. */
  readonly busy?: boolean;
};

/** A plan that is being worked on, under the account's lease. */
export type AtWork = {
  readonly deps: JobDeps;
  readonly connector: Connector;
  readonly plan: AccountPlan;
  readonly row: PlanRow;
  readonly lease: Lease;
  readonly signal: AbortSignal;
  /** Listings sent in this stretch and not seen yet; null = nobody knows: a stretch begins, maybe after a crash. */
  readonly underWay: { ids: Set<number> | null };
};

/** The longer nothing has come of it, the seldomer it is looked at. */
export const lookAgainMs = (quietMs: number): number => Math.min(5_000, Math.max(200, Math.round(quietMs / 10)));
