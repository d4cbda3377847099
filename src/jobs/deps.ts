import type { Connector } from "../connectors/connector.ts";
import type { Clock } from "../core/clock.ts";
import type { Random } from "../core/random.ts";
import type { Db } from "../db/pool.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Signer } from "../ledger/log/note.ts";
import type { AllocationPolicy, PolicyOverride } from "../mapping/policy.ts";
import type { GuardLimits } from "../sync/guard.ts";
import type { AuditPlan } from "./audit-plan.ts";

export type JobName =
  | "ingest"
  | "publish-events"
  | "push-account"
  | "confirm-pushes"
  | "poll-orders"
  | "drain-notifications"
  | "import-listings"
  | "expire-reservations"
  | "seal-ledger"
  | "check-invariants"
  | "settle-bulks"
  | "drop-calls"
  | "ensure-subscriptions"
  | "read-channel-stock"
  | "work-plans"
  | "audit-account";

/** What jobs need to know of an account's settings. */
export type AccountPlan = {
  readonly accountId: string;
  /** Where the account's orders are booked. */
  readonly locationId: string;
  /** All locations whose stock it sells; absent: `locationId` alone. */
  readonly locationIds?: readonly string[];
  readonly policy: AllocationPolicy;
  /** Other policies for some of its listings. */
  readonly overrides?: readonly PolicyOverride[];
  readonly guards: GuardLimits;
  readonly ordersEveryMs: number;
  readonly listingsEveryMs: number;
  /** How long a SKU must not have sold before nothing is withheld for sales under way; 0 = never withhold. */
  readonly quietMs: number;
  /** The shortest time between two order polls that a waiting raise asks for. */
  readonly ordersEveryMsMin: number;
  /** When something of the account ends that no channel tells, by what ends (ISO, UTC). */
  readonly expires?: Readonly<Record<string, string>>;
  /** Where stock that lies with the channel is counted; absent: it is not read. */
  readonly channelStockLocationId?: string | undefined;
  /** The setting by which its channel would tell of orders by itself. */
  readonly messagesSetting?: string;
  /** How its listings are audited; absent = the usual way. */
  readonly audit?: AuditPlan;
};

/** Counters that jobs feed; ops/ turns them into metrics. */
export interface JobMetrics {
  deliveriesSettled(accountId: string, state: string, count: number): void;
  pushes(accountId: string, outcome: string, count: number): void;
  /** From owed to provably shown. */
  pushLag(accountId: string, lagMs: number): void;
}

export type JobDeps = {
  readonly db: Db;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly random: Random;
  readonly ids: () => string;
  readonly log: {
    debug(fields: object, message: string): void;
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
    error(fields: object, message: string): void;
  };
  /** Names this process among the holders of leases. */
  readonly holder: string;
  readonly connectorFor: (accountId: string) => Connector | undefined;
  readonly planFor: (accountId: string) => AccountPlan | undefined;
  readonly wake: (name: JobName, payload: unknown, options?: { readonly delayMs?: number }) => void;
  readonly metrics: JobMetrics;
  /** Signs the heads of the ledger's log. */
  readonly signer: Signer;
  /** Files in which heads are kept outside the database. */
  readonly headFiles: readonly string[];
};
