import { plantedBugs } from "./bugs.ts";
import { type PolicyName, policyMaker, type SeedSummary, seedsToCatch, summarise } from "./campaign.ts";
import type { Engine } from "./engine.ts";
import type { FaultKind } from "./faults.ts";
import type { SeedOptions } from "./run-seed.ts";

/** Plant a mistake and run seeds until one of them is not clean; so often, each time from the next seed on. */
export type CatchTask = {
  readonly kind: "catch";
  readonly bug: string;
  readonly firstSeed: number;
  readonly seedsMax: number;
  readonly rounds: number;
  readonly faults: ReadonlySet<FaultKind>;
};
export type SeedTask = {
  readonly kind: "seed";
  readonly policy: PolicyName;
  readonly options: SeedOptions & { readonly isRepeated?: boolean };
};
export type Task = CatchTask | SeedTask;

export type Caught = { readonly seed: number; readonly seeds: number; readonly by: string };
export type TaskResult<Of extends Task> = Of extends SeedTask ? SeedSummary : readonly (Caught | null)[];

const catchBug = async (engine: Engine, task: CatchTask): Promise<readonly (Caught | null)[]> => {
  const bug = plantedBugs.find(({ name }) => name === task.bug);
  if (bug === undefined) throw new Error(`there is no planted bug ${task.bug}`);
  const make = await policyMaker("lockstep", bug);
  const rounds: (Caught | null)[] = [];
  let firstSeed = task.firstSeed;
  for (let round = 0; round < task.rounds; round += 1) {
    const caught = await seedsToCatch(engine, make, { ...task, firstSeed });
    rounds.push(caught ?? null);
    if (caught === undefined) break;
    firstSeed = caught.seed + 1;
  }
  return rounds;
};

/** One piece of a campaign, the same wherever it runs. */
export const runTask = async (engine: Engine, task: Task): Promise<SeedSummary | readonly (Caught | null)[]> => {
  if (task.kind === "catch") return catchBug(engine, task);
  return summarise(engine, { name: task.policy, make: await policyMaker(task.policy) }, task.options);
};
