import type { ListingHandle } from "../connectors/connector.ts";
import type { Allocation } from "../mapping/allocate.ts";
import type { Deferral, Settled } from "../sync/targets.ts";

export type PlannedWrite = ListingHandle & {
  readonly listingId: number;
  /** The version that is done once this number shows; an older one while units are withheld. */
  readonly version: number;
  readonly units: number;
  readonly withheldUnits: number;
  readonly shownUnits: number | null;
  /** Refusals since the last success. */
  readonly failures: number;
  /** `restore`: a person puts a captured number back. */
  readonly reason: "lower" | "raise" | "restore";
  readonly terms: Allocation["terms"];
};

/** What a batch comes to: some listings need a call, the others are closed or wait. */
export type PlannedBatch = {
  readonly looked: number;
  readonly writes: readonly PlannedWrite[];
  readonly settled: readonly Settled[];
  readonly rides: readonly { readonly attemptId: number; readonly version: number }[];
  readonly deferred: readonly Deferral[];
  readonly blocked: readonly { readonly listingId: number; readonly reason: string }[];
  /** Accounts whose orders some raises wait for. */
  readonly waitsForOrdersOf: readonly string[];
};
