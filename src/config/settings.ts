import type { AccountSettings } from "../connectors/settings.ts";
import type { Secret } from "../core/secret.ts";

/** What a listing may show of what is available to sell. Order: last units, share, buffer, cap, floor. */
export type AllocationPolicy = {
  /** Share of the available units that the listing may show, 0–100. */
  readonly sharePercent: number;
  /** Units always kept back. */
  readonly bufferUnits: number;
  /** Never show more than this; null = no cap. */
  readonly capUnits: number | null;
  /** Below this many units show 0. */
  readonly floorUnits: number;
  /** What counts; absent: available. */
  readonly counts?: readonly {
    readonly figure: "on_hand" | "reserved" | "available" | "incoming";
    readonly locationId?: string;
    readonly sign: 1 | -1;
  }[];
  /** While at most so many units count, only these accounts show them. */
  readonly lastUnits?: { readonly atMostUnits: number; readonly accounts: readonly string[] };
  /** What replaces share, buffer and cap while at most so many units count. */
  readonly tiers?: readonly {
    readonly upToUnits: number;
    readonly sharePercent?: number;
    readonly bufferUnits?: number;
    readonly capUnits?: number | null;
  }[];
};

/** Another policy for some of an account's listings. */
export type PolicyOverride = {
  readonly skus: readonly string[];
  readonly listings: readonly string[];
  readonly policy: AllocationPolicy;
};

/** `read-only`: import and compare. `shadow`: also plan, never write. `live`: write. */
export const accountModes = ["read-only", "shadow", "live"] as const;
export type AccountMode = (typeof accountModes)[number];

/** `measured`: while a SKU sells, keep back what may be selling unseen. `none`: never. */
export const salesMargins = ["measured", "none"] as const;

/** Why a channel may show another number than it should, and what to do about it. */
export const driftCauses = [
  "our-lag",
  "lost-push",
  "unseen-order",
  "hand-edit",
  "other-app",
  "channel-fault",
  "unknown",
] as const;
export const driftPolicies = ["heal", "ask", "accept"] as const;

export type AuditSettings = {
  /** The least time between two reads of the rolling audit. */
  readonly everyMs: number;
  /** What differs from the usual. */
  readonly drifts: Readonly<Partial<Record<(typeof driftCauses)[number], (typeof driftPolicies)[number]>>>;
};

/** An account of the file: what its connector needs, and what the rest of the house needs to know about it. */
export type ConfiguredAccount = AccountSettings & {
  /** For people; the id when the file names none. */
  readonly name: string;
  /** The state in which an account that is not yet known starts; later changes are made by commands. */
  readonly mode: AccountMode;
  /** The location of ours at which the account's orders are booked. */
  readonly locationId: string;
  /** All locations whose stock it sells; absent: that one. */
  readonly locationIds?: readonly string[];
  readonly policy: AllocationPolicy;
  readonly overrides?: readonly PolicyOverride[];
  readonly salesMargin: (typeof salesMargins)[number];
  /** Where they differ from the guards of all accounts. */
  readonly guards?: Partial<GuardSettings>;
  readonly poll: { readonly ordersMs: number; readonly listingsMs: number };
  /** When something of the account ends that no channel tells, by what ends (ISO, UTC). */
  readonly expires?: Readonly<Record<string, string>>;
  /** The location of ours where stock that lies with the channel (FBA) is counted; undefined: it is not read. */
  readonly channelStockLocationId?: string | undefined;
  readonly audit: AuditSettings;
};

/**
 * The brake on one run of an account. A run may zero (lower, raise) as many listings as the larger of the two allows:
 * the count, or the share of the account's listings. Above that it writes none of them and asks.
 */
export type GuardSettings = {
  readonly maxZeroedCount: number;
  readonly maxZeroedPercent: number;
  readonly maxLoweredCount: number;
  readonly maxLoweredPercent: number;
  readonly maxRaisedCount: number;
  readonly maxRaisedPercent: number;
};

export type UserSettings = { readonly name: string; readonly password: Secret; readonly role: "operator" | "support" };

export const logLevels = ["fatal", "error", "warn", "info", "debug", "trace", "silent"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Everything a process is told from outside, checked. Durations in milliseconds. */
export type Settings = {
  /** The file that was read; undefined when there is none (then there are no accounts). */
  readonly configPath: string | undefined;
  /** Absolute. Holds embedded servers and the generated key. */
  readonly dataDir: string;
  /** Undefined: start the embedded Postgres. Secret because it carries a password. */
  readonly databaseUrl: Secret | undefined;
  /** The role to work as once migrated; undefined: as DATABASE_URL's login (a server of our own has a default). */
  readonly databaseAppRole: string | undefined;
  readonly redisUrl: Secret | undefined;
  /** 32 bytes as 64 hexadecimal digits; undefined: `ensureSecretKey` makes and keeps one. */
  readonly secretKey: Secret | undefined;
  readonly logLevel: LogLevel;
  readonly server: { readonly host: string; readonly port: number; readonly publicUrl: string | undefined };
  readonly limits: { readonly webhookBodyBytes: number; readonly apiBodyBytes: number };
  readonly locations: readonly { readonly id: string; readonly name: string }[];
  readonly policies: Readonly<Record<string, AllocationPolicy>>;
  readonly guards: GuardSettings;
  /** More places, absolute, for the heads of the ledger's log. */
  readonly ledger: { readonly heads: readonly string[] };
  readonly users: readonly UserSettings[];
  readonly accounts: readonly ConfiguredAccount[];
};
