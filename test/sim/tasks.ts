import { plantedBugs } from "./bugs.ts";
import { type PolicyName, policyMaker, type SeedSummary, summarise } from "./campaign.ts";
import { neverReady } from "./drive.ts";
import type { Engine } from "./engine.ts";
import type { FaultKind } from "./faults.ts";
import { runSeed, type SeedOptions } from "./run-seed.ts";

/** Plants a mistake and runs one seed with it. */
export type PlantTask = {
  readonly kind: "plant";
  readonly bug: string;
  readonly seed: number;
  readonly faults: ReadonlySet<FaultKind>;
};
export type SeedTask = {
  readonly kind: "seed";
  readonly policy: PolicyName;
  readonly options: SeedOptions & { readonly isRepeated?: boolean };
};
export type Task = PlantTask | SeedTask;

/** The first violation; null: the seed is clean, the mistake was not caught. */
export type PlantResult = { readonly by: string | null };
export type TaskResult<Of extends Task> = Of extends SeedTask ? SeedSummary : PlantResult;

const plantBug = async (engine: Engine, { bug: name, seed, faults }: PlantTask): Promise<PlantResult> => {
  const bug = plantedBugs.find((one) => one.name === name);
  if (bug === undefined) throw new Error(`there is no planted bug ${name}`);
  const make = await policyMaker("lockstep", bug);
  try {
    return { by: (await runSeed(engine, make, { seed, faults })).violations[0] ?? null };
  } catch (error) {
    // It is in step nowhere. Any other breakdown would be another mistake than the one that was meant.
    if ((error as Error).message === neverReady) return { by: `liveness: ${neverReady}` };
    throw error;
  }
};

/** One piece of a campaign, the same wherever it runs. */
export const runTask = async (engine: Engine, task: Task): Promise<SeedSummary | PlantResult> => {
  if (task.kind === "plant") return plantBug(engine, task);
  return summarise(engine, { name: task.policy, make: await policyMaker(task.policy) }, task.options);
};
