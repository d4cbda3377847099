import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { benchApplied } from "./applied.ts";
import { benchBatches } from "./batches.ts";
import { benchEfficiency } from "./efficiency.ts";
import type { CaseReport } from "./goals.ts";
import { listenForInterrupts } from "./interrupt.ts";
import { benchUrgency } from "./urgency.ts";
import { benchWire } from "./wire.ts";

const help = `npm run bench -- propagation [options]

How fast a sale reaches the other channels, and how much of their quotas is used well: the product's own processes
against channels on this machine, each case on servers of its own.

  --only CASE   only cases whose name contains it: wire, applied, efficiency, urgency, batches
  --together    one process plays all roles; else web, worker and scheduler are apart, as in the Procfile
  --quick       short rounds: to see that it runs, not to quote
  --json        the whole report on stdout
  --help

Exit code 1 when books do not add up; goals missed are printed and do not change it.
`;

const options = {
  only: { type: "string", default: "" },
  together: { type: "boolean", default: false },
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const linesOf = (report: CaseReport): readonly string[] => [
  ...report.goals.map(({ what, atMost, atLeast, measured: { min, median, max }, met }) => {
    const goal = atMost === undefined ? `at least ${atLeast}` : `at most ${atMost}`;
    return `${report.case}: ${what}, ${goal}: ${min} / ${median} / ${max}: ${met ? "met" : "NOT MET"}`;
  }),
  ...(report.notes ?? []).map((note) => `${report.case}: ${note}`),
];

/** The command line of `propagation`; the exit code. */
export const mainPropagation = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const { quick } = values;
  listenForInterrupts();
  const commands = values.together ? ["up"] : ["web", "worker", "scheduler"];
  const given = { rounds: quick ? 1 : 3, commands, tell };
  const cases: Readonly<Record<string, () => Promise<CaseReport>>> = {
    wire: () => benchWire({ ...given, seconds: quick ? 2 : 5 }),
    applied: () => benchApplied({ ...given, seconds: quick ? 5 : 10 }),
    // What is measured in these has its own length.
    efficiency: () => benchEfficiency({ ...given, seconds: 0 }),
    urgency: () => benchUrgency({ ...given, seconds: 0 }),
    batches: () => benchBatches({ ...given, seconds: 0 }),
  };
  const machine = { cpu: cpus()[0]?.model ?? "", cores: availableParallelism(), loadAverageBefore: loadavg() };
  const reports: CaseReport[] = [];
  for (const [name, run] of Object.entries(cases)) if (name.includes(values.only)) reports.push(await run());
  const full = {
    machine: { ...machine, loadAverageAfter: loadavg(), node: process.version },
    commands,
    cases: reports,
  };
  const text = reports.flatMap(linesOf);
  process.stdout.write(values.json ? `${JSON.stringify(full, undefined, 2)}\n` : `${text.join("\n")}\n`);
  const broken = reports.flatMap((report) => report.brokenBooks.map((line) => `${report.case}: ${line}`));
  for (const line of broken) tell(`the books do not add up: ${line}`);
  return broken.length > 0 ? 1 : 0;
};
