import { parseArgs } from "node:util";
import { percentile } from "../../src/demo/verdict.ts";
import { type Bug, plantedBugs } from "./bugs.ts";
import { type PolicyName, policyMaker, policyNames, type SeedSummary, seedsToCatch, summarise } from "./campaign.ts";
import { Engine } from "./engine.ts";
import { type FaultKind, faultKinds } from "./faults.ts";
import { misfits } from "./plant.ts";
import { replay } from "./replay.ts";
import { reportOf } from "./report.ts";
import { runSeed } from "./run-seed.ts";
import { replayCommand, shrink } from "./shrink.ts";

const usage = `npm run sim -- [replay] [options]

Runs whole shops on a virtual clock: the real jobs, ledger, queue logic and webhook doors on a real Postgres engine,
against simulated channels, while everything goes wrong; then all is mended and everything must be right.

replay: the real retailer's busiest days over three channels with each policy (--days N (1), --skus N (40)).

  --seeds N         how many seeds (20)
  --seed S          the first one (1)
  --faults LIST     all (each seed draws its own), none, or names with commas
  --policy NAME     lockstep (default), naive, batch-hub, or all: the same shops with each, side by side
  --bugs NAMES      plant these mistakes (or all), one at a time, and see whether each is caught
  --seeds-max N     how many seeds a planted mistake may take (100)
  --deeds N         only the first N deeds of buyers and seller
  --shrink          look for fewer faults and deeds that fail as well
  --notes           print what happened in the end of a seed that fails
  --json            only the result, as JSON

Exit code 1 when something is not as it should be.
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: "string", default: "1" },
    skus: { type: "string", default: "40" },
    seeds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    faults: { type: "string", default: "all" },
    policy: { type: "string", default: "lockstep" },
    bugs: { type: "string" },
    "seeds-max": { type: "string", default: "100" },
    deeds: { type: "string" },
    shrink: { type: "boolean", default: false },
    notes: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const say = (line: string): void => {
  if (!options.json) process.stdout.write(`${line}\n`);
};
const finish = (result: Readonly<Record<string, unknown>> & { readonly ok: boolean }): void => {
  process.stdout.write(`${JSON.stringify(result, undefined, options.json ? 0 : 2)}\n`);
  process.exitCode = result.ok ? 0 : 1;
};
const numberOf = (text: string, name: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} must be a whole number from 1`);
  return value;
};
const chosen = <Name extends string>(text: string, all: readonly Name[], what: string): readonly Name[] => {
  if (text === "all") return all;
  if (text === "none") return [];
  return text.split(",").map((name) => {
    const found = all.find((one) => one === name);
    if (found === undefined) throw new Error(`there is no ${what} ${name}; there are: ${all.join(", ")}`);
    return found;
  });
};

const firstSeed = numberOf(options.seed, "seed");
const seeds = numberOf(options.seeds, "seeds");
const faults: ReadonlySet<FaultKind> = new Set(chosen(options.faults, faultKinds, "fault"));
const demandsMax = options.deeds === undefined ? {} : { demandsMax: numberOf(options.deeds, "deeds") };

const explain = async (engine: Engine, summary: SeedSummary): Promise<void> => {
  const make = await policyMaker("lockstep");
  const failing = { seed: summary.seed, faults, ...demandsMax };
  say(`replay: ${replayCommand(failing, options.faults === "all")}`);
  if (options.notes) for (const note of (await runSeed(engine, make, failing)).lastNotes) say(`    ${note}`);
  if (options.shrink) say(`smaller: ${replayCommand(await shrink(engine, make, failing), false)}`);
};

const campaign = async (engine: Engine, policies: readonly PolicyName[]): Promise<void> => {
  const startedMs = performance.now();
  const summaries: SeedSummary[] = [];
  for (const name of policies) {
    const make = await policyMaker(name);
    for (let seed = firstSeed; seed < firstSeed + seeds; seed += 1) {
      const summary = await summarise(engine, { name, make }, { seed, faults, ...demandsMax });
      summaries.push(summary);
      const { violations, trace } = summary;
      if (name !== "lockstep") continue;
      if (violations.length === 0) say(`seed ${seed} ${trace} ok`);
      else {
        say(`seed ${seed} ${trace} FAILS\n  ${violations.join("\n  ")}`);
        await explain(engine, summary);
      }
    }
  }
  finish(reportOf(summaries, (performance.now() - startedMs) / 1_000));
};

const plant = async (engine: Engine, bugs: readonly Bug[]): Promise<void> => {
  const seedsMax = numberOf(options["seeds-max"], "seeds-max");
  const found = [];
  for (const bug of bugs) {
    const caught = await seedsToCatch(engine, await policyMaker("lockstep", bug), { firstSeed, seedsMax, faults });
    found.push({ bug: bug.name, caught: caught ?? null });
    say(
      caught === undefined
        ? `${bug.name}: NOT caught in ${seedsMax}`
        : `${bug.name}: caught after ${caught.seeds} by ${caught.by}`,
    );
  }
  const counts = found.flatMap(({ caught }) => (caught === null ? [] : [caught.seeds]));
  finish({
    ok: counts.length === bugs.length,
    planted: bugs.length,
    caught: counts.length,
    seedsToCatch: { median: percentile(counts, 0.5), max: percentile(counts, 1) },
    bugs: found,
  });
};

if (options.help) process.stdout.write(usage);
else {
  const unfit = misfits();
  if (unfit.length > 0) throw new Error(unfit.join("\n"));
  const engine = await Engine.open();
  if (positionals[0] === "replay") {
    const given = { days: numberOf(options.days, "days"), skus: numberOf(options.skus, "skus"), seed: firstSeed };
    finish(await replay(engine, { ...given, faults: new Set() }, say));
  } else if (options.bugs === undefined) await campaign(engine, chosen(options.policy, policyNames, "policy"));
  else {
    const names = chosen(
      options.bugs,
      plantedBugs.map(({ name }) => name),
      "planted bug",
    );
    await plant(
      engine,
      plantedBugs.filter(({ name }) => names.includes(name)),
    );
  }
}
