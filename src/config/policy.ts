import type { z } from "zod";
import { unitsMax } from "../core/ids.ts";
import { percent, strict, wholeNumber } from "./fields.ts";
import type { AllocationPolicy } from "./settings.ts";

export const policyFields = strict({
  share_percent: percent.default(100),
  buffer: wholeNumber(0, unitsMax).default(0),
  cap: wholeNumber(0, unitsMax).nullable().default(null),
  floor: wholeNumber(0, unitsMax).default(0),
});

export const toPolicy = (fields: z.infer<typeof policyFields>): AllocationPolicy => ({
  sharePercent: fields.share_percent,
  bufferUnits: fields.buffer,
  capUnits: fields.cap,
  floorUnits: fields.floor,
});

/** What an account without `policy` uses: everything that is available. */
export const defaultPolicy: AllocationPolicy = { sharePercent: 100, bufferUnits: 0, capUnits: null, floorUnits: 0 };
