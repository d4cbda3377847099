import { z } from "zod";
import { toIso } from "../core/clock.ts";
import type { Queryable } from "../db/sql.ts";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { dropCallsBefore, hasCallsBefore } from "../sync/channel-calls.ts";
import type { JobDeps } from "./deps.ts";

const keptMs = 14 * 86_400_000;
const rowsMax = 5_000;

const keptSince = (nowMs: number): string => toIso(nowMs - keptMs);

/** For the sweep: are there notes of calls that have been kept long enough? */
export const areCallsOverdue = (on: Queryable, nowMs: number): Promise<boolean> => hasCallsBefore(on, keptSince(nowMs));

/** Drops notes of calls after fourteen days, some thousand at a time: a large delete would hold up the writers. */
export const dropCalls = defineJob({
  name: "drop-calls",
  payload: z.strictObject({}),
  coalesceBy: () => "all",
  concurrency: 1,
  async run({ drain }, deps: JobDeps): Promise<RunAgain | undefined> {
    while (!drain.aborted) {
      const dropped = await dropCallsBefore(deps.db, keptSince(deps.clock.now()), rowsMax);
      if (dropped < rowsMax) return undefined;
    }
    return { againAfterMs: 0 };
  },
});
