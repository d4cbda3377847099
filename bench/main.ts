import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { benchAudit } from "./audit/bench-audit.ts";
import { benchDrifts } from "./drifts/bench-drifts.ts";
import { benchLedger, type LedgerReport } from "./ledger/bench-ledger.ts";
import { startServers } from "./servers.ts";

const help = `npm run bench -- ledger [options]; also: audit, drifts (each with its own --help)

Measures durable reservations a second, side by side with other ways to do it, on servers of its own.

  --rounds N    counted rounds a case (5)
  --seconds N   length of a case in a round (2)
  --quick       2 rounds of 0.5 s: to see that it runs, not to quote
  --only TEXT   only cases whose name contains it: hot@64, 10k@, slow-disk
  --json        the whole report on stdout
  --help

Exit code 1 when books do not add up; goals missed are printed and do not change it.
`;

const options = {
  rounds: { type: "string" },
  seconds: { type: "string" },
  quick: { type: "boolean", default: false },
  only: { type: "string", default: "" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const positive = (name: string, text: string | undefined, otherwise: number, max: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isFinite(value) && value > 0 && value <= max) return value;
  throw new RangeError(`--${name} must be a number above 0, at most ${max}`);
};

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

const goalLines = ({ goals, leftOut }: LedgerReport): readonly string[] => [
  ...goals.map(({ case: name, what, goal, aim, measured, met, aimMet }) => {
    const verdict = aimMet ? "aim met" : met ? "met" : "NOT MET";
    return `${name}: ${what} ${goal} (aim ${aim}): ${measured.min} / ${measured.median} / ${measured.max}: ${verdict}`;
  }),
  ...leftOut.map((line) => `left out: ${line}`),
];

const main = async (): Promise<void> => {
  const [bench, ...args] = process.argv.slice(2);
  if (bench === "audit" || bench === "drifts") {
    process.exitCode = await (bench === "audit" ? benchAudit(args) : benchDrifts(args));
    return;
  }
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  if (values.help || positionals.length !== 1 || positionals[0] !== "ledger") {
    process.stdout.write(help);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const rounds = Math.ceil(positive("rounds", values.rounds, values.quick ? 2 : 5, 100));
  const seconds = positive("seconds", values.seconds, values.quick ? 0.5 : 2, 60);
  let stop = (): Promise<void> => Promise.resolve();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // What fails now fails because its server is gone.
      process.on("uncaughtException", () => undefined);
      void stop().finally(() => process.exit(130));
    });
  }
  const servers = await startServers();
  stop = servers.stop;
  try {
    const machine = { cpu: cpus()[0]?.model ?? "", cores: availableParallelism(), loadAverageBefore: loadavg() };
    const versions = { node: process.version, postgres: servers.postgres, redis: servers.redis };
    tell(`${versions.postgres}, ${versions.redis}; ${rounds} rounds of ${seconds} s; load ${loadavg()[0]?.toFixed(1)}`);
    const report = await benchLedger(servers, { rounds, seconds, only: values.only, tell });
    const full = { machine: { ...machine, loadAverageAfter: loadavg(), ...versions }, rounds, seconds, ...report };
    process.stdout.write(values.json ? `${JSON.stringify(full, undefined, 2)}\n` : `${goalLines(report).join("\n")}\n`);
    const broken = report.cases.flatMap((one) => one.brokenSums);
    for (const line of broken) tell(`the books do not add up: ${line}`);
    if (broken.length > 0) process.exitCode = 1;
  } finally {
    await servers.stop();
  }
};

await main();
