import type { Clock } from "../../core/clock.ts";
import { ChannelError } from "../../core/failure.ts";
import type { ListingWrite, PushOutcome } from "../connector.ts";
import type { Client } from "./client.ts";
import type { Level } from "./level-ref.ts";
import type { LocationsOf } from "./location.ts";

export type PushDeps = {
  readonly client: Client;
  readonly locationsOf: LocationsOf;
  readonly clock: Pick<Clock, "sleep">;
  readonly activateLevels: boolean;
};

/** A write, with the level that its ref means. */
export type Row = Pick<ListingWrite, "ref" | "units" | "expectedUnits"> & Level;

export const unknownRows = (rows: readonly Row[], reason: string): PushOutcome[] =>
  rows.map(({ ref }) => ({ ref, status: "unknown", reason }));

export const refuseLater = (rows: readonly Row[], reason: string): PushOutcome[] =>
  rows.map(({ ref }) => ({ ref, status: "refused", retry: "later", reason }));

/** What a call that failed as a whole says about each of its rows. */
export const failedCall = (rows: readonly Row[], error: unknown): PushOutcome[] => {
  const reason = error instanceof Error ? error.message : "aborted";
  return error instanceof ChannelError && error.ambiguous ? unknownRows(rows, reason) : refuseLater(rows, reason);
};
