import { z } from "zod";
import { defineJob, type RunAgain } from "../queue/define-job.ts";
import { plansOf } from "../sync/plan-rows.ts";
import type { JobDeps } from "./deps.ts";
import { workPlan } from "./work-plan.ts";

const runMsMax = 20_000;

/** Goes on with what was asked for by HTTP. A plan that a command drives is left to it. */
export const workPlans = defineJob({
  name: "work-plans",
  payload: z.strictObject({ accountId: z.string() }),
  coalesceBy: ({ accountId }) => accountId,
  concurrency: 2,
  async run({ payload: { accountId }, signal, drain, progress }, deps: JobDeps): Promise<RunAgain | undefined> {
    const states = ["reading", "checking", "canary", "applying"] as const;
    const plan = (await plansOf(deps.db, { accountId, states, rowsMax: 10 })).find(
      ({ drivenBy }) => drivenBy === "job",
    );
    if (plan === undefined) return undefined;
    const { ended, waitMs } = await workPlan(deps, plan.id, { signal, drain, forMs: runMsMax });
    progress();
    return ended ? undefined : { againAfterMs: waitMs };
  },
});
