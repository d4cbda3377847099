import { parseArgs } from "node:util";
import { plantedBugs } from "./bugs.ts";
import { type PolicyName, policyMaker, policyNames, type SeedSummary } from "./campaign.ts";
import { Engine } from "./engine.ts";
import { type FaultKind, faultKinds } from "./faults.ts";
import { Kept } from "./kept.ts";
import { misfits } from "./plant.ts";
import { Pool } from "./pool.ts";
import { replay } from "./replay.ts";
import { caughtOf, plantedReport, type Round, reportOf } from "./report.ts";
import { runSeed } from "./run-seed.ts";
import { replayCommand, shrink } from "./shrink.ts";
import type { SeedTask } from "./tasks.ts";

const usage = `npm run sim -- [replay] [options]

Runs whole shops on a virtual clock: the real jobs, ledger, queue logic and webhook doors on a real Postgres engine,
against simulated channels, while everything goes wrong; then all is mended and everything must be right.

replay: the real retailer's busiest days over three channels with each policy (--days N (5), --skus N (100), --faster N (1): the same
orders in an Nth of the time); half of the
SKUs are stocked with less than the day's demand. No faults unless they are named.

  --seeds N         how many seeds (20)
  --seed S          the first one (1)
  --faults LIST     all (each seed draws its own), none, or names with commas
  --policy NAME     lockstep (default), naive, batch-hub, or all: the same shops with each, side by side
  --bugs NAMES      plant these mistakes (or all), one at a time, and see whether each is caught
  --seeds-max N     how many seeds a planted mistake may take (100)
  --deeds N         only the first N deeds of buyers and seller
  --shrink          look for fewer faults and deeds that fail as well
  --notes           print what happened in the end of a seed that fails
  --rounds N        how often each planted mistake is to be caught, from other seeds each time (1)
  --workers N       on how many threads (2)
  --kept FILE       keep each result in this file, and do not run again what is there: a campaign in pieces
  --seconds N       begin nothing more after this time
  --json            only the result, as JSON

Exit code 1 when something is not as it should be.
`;

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    days: { type: "string", default: "5" },
    skus: { type: "string", default: "100" },
    faster: { type: "string", default: "1" },
    seeds: { type: "string", default: "20" },
    seed: { type: "string", default: "1" },
    faults: { type: "string" },
    policy: { type: "string", default: "lockstep" },
    bugs: { type: "string" },
    "seeds-max": { type: "string", default: "100" },
    deeds: { type: "string" },
    rounds: { type: "string", default: "1" },
    workers: { type: "string", default: "2" },
    kept: { type: "string" },
    seconds: { type: "string" },
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
const faults: ReadonlySet<FaultKind> = new Set(
  chosen(options.faults ?? (positionals[0] === "replay" ? "none" : "all"), faultKinds, "fault"),
);
const demandsMax = options.deeds === undefined ? {} : { demandsMax: numberOf(options.deeds, "deeds") };

const explain = async (summary: SeedSummary): Promise<void> => {
  const failing = { seed: summary.seed, faults, ...demandsMax };
  say(`replay: ${replayCommand(failing, (options.faults ?? "all") === "all")}`);
  if (!options.notes && !options.shrink) return;
  const engine = await Engine.open();
  const make = await policyMaker("lockstep");
  if (options.notes) for (const note of (await runSeed(engine, make, failing)).lastNotes) say(`    ${note}`);
  if (options.shrink) say(`smaller: ${replayCommand(await shrink(engine, make, failing), false)}`);
};

const campaign = async (pool: Pool, policies: readonly PolicyName[]) => {
  const startedMs = performance.now();
  const tasks = policies.flatMap((policy) =>
    Array.from(
      { length: seeds },
      (_, index): SeedTask => ({
        kind: "seed",
        policy,
        options: { seed: firstSeed + index, faults, ...demandsMax },
      }),
    ),
  );
  const summaries = await Promise.all(
    tasks.map(async (task) => {
      const summary = await pool.run(task);
      if (summary === undefined || summary.policy !== "lockstep") return summary;
      const { seed, trace, violations } = summary;
      say(
        violations.length === 0
          ? `seed ${seed} ${trace} ok`
          : `seed ${seed} ${trace} FAILS\n  ${violations.join("\n  ")}`,
      );
      return summary;
    }),
  );
  const done = summaries.flatMap((summary) => summary ?? []);
  for (const summary of done)
    if (summary.policy === "lockstep" && summary.violations.length > 0) await explain(summary);
  return reportOf(done, { seconds: (performance.now() - startedMs) / 1_000, leftOut: tasks.length - done.length });
};

/** Seed after seed until the mistake is caught; so often, each time from the next seed on. All bugs take turns. */
const catchBug = async (pool: Pool, bug: string): Promise<readonly Round[]> => {
  const seedsMax = numberOf(options["seeds-max"], "seeds-max");
  const rounds: Round[] = [];
  let seed = firstSeed;
  for (let round = 1; round <= numberOf(options.rounds, "rounds"); round += 1) {
    let by: string | null = null;
    let tried = 0;
    while (by === null && tried < seedsMax) {
      const result = await pool.run({ kind: "plant", bug, seed, faults });
      if (result === undefined) return [...rounds, { seeds: tried, by: null, isLeftOut: true }];
      by = result.by;
      seed += 1;
      tried += 1;
    }
    rounds.push({ seeds: tried, by, isLeftOut: false });
    if (by === null) break;
  }
  return rounds;
};

const plant = async (pool: Pool, bugs: readonly string[]) => {
  const perBug = await Promise.all(
    bugs.map(async (bug) => {
      const result = caughtOf(bug, await catchBug(pool, bug));
      say(`${bug}: ${JSON.stringify(result)}`);
      return result;
    }),
  );
  return plantedReport(perBug);
};

if (options.help) process.stdout.write(usage);
else {
  const unfit = misfits();
  if (unfit.length > 0) throw new Error(unfit.join("\n"));
  const untilMs =
    options.seconds === undefined ? undefined : performance.now() + numberOf(options.seconds, "seconds") * 1_000;
  const pool = new Pool(numberOf(options.workers, "workers"), new Kept(options.kept), untilMs);
  if (positionals[0] === "replay") {
    const given = {
      days: numberOf(options.days, "days"),
      skus: numberOf(options.skus, "skus"),
      faster: numberOf(options.faster, "faster"),
      seed: firstSeed,
    };
    finish(await replay(pool, { ...given, faults }, say));
  } else if (options.bugs === undefined) finish(await campaign(pool, chosen(options.policy, policyNames, "policy")));
  else {
    const all = plantedBugs.map(({ name }) => name);
    finish(await plant(pool, chosen(options.bugs, all, "planted bug")));
  }
  await pool.close();
  // What a simulated world left waiting for real time would hold the process for seconds.
  process.exit();
}
