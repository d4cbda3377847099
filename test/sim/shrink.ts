import type { Engine } from "./engine.ts";
import type { FaultKind } from "./faults.ts";
import { type PolicyMaker, runSeed, type SeedOptions } from "./run-seed.ts";

/** The same failure with fewer faults and fewer deeds: faults are left out one by one, then the deeds are bisected. */
export const shrink = async (engine: Engine, make: PolicyMaker, failing: SeedOptions): Promise<SeedOptions> => {
  const fails = async (options: SeedOptions): Promise<boolean> =>
    (await runSeed(engine, make, options)).violations.length > 0;
  let kept: SeedOptions = failing;
  for (const kind of failing.faults) {
    const faults: ReadonlySet<FaultKind> = new Set([...kept.faults].filter((one) => one !== kind));
    if (await fails({ ...kept, faults })) kept = { ...kept, faults };
  }
  let enough = 64;
  for (let step = 32; step >= 1; step = Math.floor(step / 2)) {
    const fewer = enough - step;
    if (fewer > 0 && (await fails({ ...kept, demandsMax: fewer }))) enough = fewer;
  }
  return enough === 64 ? kept : { ...kept, demandsMax: enough };
};

export const replayCommand = ({ seed, faults, demandsMax }: SeedOptions, isSwarm: boolean): string => {
  const faultList = isSwarm ? "" : ` --faults ${faults.size === 0 ? "none" : [...faults].join(",")}`;
  return `npm run sim -- --seeds 1 --seed ${seed}${faultList}${demandsMax === undefined ? "" : ` --deeds ${demandsMax}`}`;
};
