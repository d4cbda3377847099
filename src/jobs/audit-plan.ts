import { type DriftPolicies, defaultDriftPolicies } from "../sync/drift-policy.ts";

/** How an account is audited. */
export type AuditPlan = {
  /** The least time between two reads of the rolling audit. */
  readonly everyMs: number;
  /** No listing is read again sooner than this. */
  readonly readAgainMs: number;
  /** A push owed for longer is a drift. */
  readonly lagMsMax: number;
  /** A finding waits so long before it is judged: for its orders, and for others of its kind. */
  readonly gatherMs: number;
  /** Findings within this time count as together. */
  readonly togetherMs: number;
  /** The least time between two re-reads of the order window. */
  readonly ordersEveryMs: number;
  /** Then a finding is judged without its orders. */
  readonly giveUpMs: number;
  readonly policies: DriftPolicies;
};

/** At Amazon's 20 listings a read: 2 a second at most, a few per cent of its quota. */
export const defaultAuditPlan: AuditPlan = {
  everyMs: 10_000,
  readAgainMs: 60_000,
  lagMsMax: 60_000,
  gatherMs: 120_000,
  togetherMs: 15 * 60_000,
  ordersEveryMs: 15 * 60_000,
  giveUpMs: 60 * 60_000,
  policies: defaultDriftPolicies,
};
