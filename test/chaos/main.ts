import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { type FaultType, faultNames } from "./faults.ts";
import { reportLines } from "./report.ts";
import { type Plant, plants, runChaos } from "./run-chaos.ts";

const help = `npm run chaos -- [options]

Runs Lockstep as it is run in earnest (web, two workers, scheduler, each a process) on a Postgres and a Redis of its own,
against simulated channels, sells on all of them, and strikes: one fault after the other, some of them overlapping. Each
fault's recovery is measured; in the end everything heals and every book is held against the others.

  --minutes N            how long faults strike (10); also parts of a minute
  --seed N               which faults, in which order, and what is sold (1)
  --faults LIST          only these, names with commas (all)
  --sales N              orders a second (3)
  --commands N           stock commands a second through the HTTP API (2)
  --recovery-seconds N   a fault that is not recovered from by then fails the run (120)
  --plant LIST           mistakes to make, names with commas, to see whether the verdict finds them:
                         ${plants.join(", ")}
  --keep                 keep the folder with the logs also when all went well
  --list                 print the faults
  --json                 the report as JSON on stdout
  --help

Progress goes to stderr. Exit code 1 when anything was lost, differs or did not recover, 2 when the call was wrong.
`;

const options = {
  minutes: { type: "string", default: "10" },
  seed: { type: "string", default: "1" },
  faults: { type: "string", default: "all" },
  sales: { type: "string", default: "3" },
  commands: { type: "string", default: "2" },
  "recovery-seconds": { type: "string", default: "120" },
  plant: { type: "string", default: "" },
  keep: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const positive = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new RangeError(`--${name} must be a number above 0`);
};
const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} must be a whole number`);
};
const each = <Name extends string>(list: string, all: readonly Name[], what: string): readonly Name[] =>
  list.split(",").map((text) => {
    const found = all.find((name) => name === text);
    if (found === undefined) throw new RangeError(`there is no ${what} ${text}; there are: ${all.join(", ")}`);
    return found;
  });

const read = () => {
  const { values } = parseArgs({ options });
  const types: readonly FaultType[] = values.faults === "all" ? faultNames : each(values.faults, faultNames, "fault");
  const plant: readonly Plant[] = values.plant === "" ? [] : each(values.plant, plants, "mistake");
  const chaos = {
    minutes: positive("minutes", values.minutes),
    seed: whole("seed", values.seed),
    types,
    salesPerSecond: positive("sales", values.sales),
    commandsPerSecond: positive("commands", values.commands),
    recoveryMsMax: positive("recovery-seconds", values["recovery-seconds"]) * 1_000,
    plant,
    toolsDir: join(resolve(process.env["LOCKSTEP_DATA_DIR"] || ".lockstep"), "chaos"),
    keep: values.keep,
  };
  return { values, chaos };
};

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const main = async (): Promise<number> => {
  let call: ReturnType<typeof read>;
  try {
    call = read();
  } catch (error) {
    say((error as Error).message);
    return 2;
  }
  if (call.values.help || call.values.list) {
    process.stdout.write(call.values.help ? help : `${faultNames.join("\n")}\n`);
    return 0;
  }
  const stopping = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => stopping.abort(new Error(`${name} received`)));
  }
  const report = await runChaos(call.chaos, say, stopping.signal);
  if (call.values.json) process.stdout.write(`${JSON.stringify(report)}\n`);
  for (const line of reportLines(report)) say(line);
  return report.ok ? 0 : 1;
};

process.exitCode = await main();
