import type { FaultName } from "./run-file.ts";

export type DemoOptions = {
  readonly orders: number;
  readonly listings: number;
  readonly seed: number;
  readonly faults: FaultName;
  readonly salesPerSecond: number;
  readonly json: boolean;
  /** Stay up after the verdict. */
  readonly keep: boolean;
  /** Go on where a killed run stopped. */
  readonly resume: boolean;
};

/** How much faster the channels' own times run than on the real ones. */
export const speedUp = 60;
