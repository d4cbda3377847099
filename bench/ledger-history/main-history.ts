import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { startServers } from "../servers.ts";
import { benchHistory } from "./bench-history.ts";

const help = `npm run bench -- ledger-history [options]

Fills a journal of two years on a server of its own and asks for stock, open reservations and what the channels showed at
10,000 random past moments, by both clocks; beside it the same by summing the journal. Every summed answer must be equal.

  --movements N   how long the journal is (1,000,000)
  --quick         100,000 movements, 1,000 moments: to see that it runs, not to quote
  --json          the whole report on stdout
  --help

Exit code 1 when an answer differs; a goal missed is printed and does not change it.
`;

const options = {
  movements: { type: "string" },
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The command line of `ledger-history`; the exit code. */
export const mainHistory = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const movements = Number(values.movements ?? (values.quick ? 100_000 : 1_000_000));
  if (!Number.isInteger(movements) || movements < 1_000 || movements > 100_000_000)
    throw new RangeError("--movements must be a whole number from 1000 to 100000000");
  const servers = await startServers();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      process.on("uncaughtException", () => undefined);
      void servers.stop().finally(() => process.exit(130));
    });
  }
  try {
    const before = loadavg();
    const counts = values.quick
      ? { questions: 1_000, summedQuestions: 100 }
      : { questions: 10_000, summedQuestions: 300 };
    const report = await benchHistory(servers.postgresUrl, { movements, ...counts, tell });
    const machine = {
      cpu: cpus()[0]?.model ?? "",
      cores: availableParallelism(),
      loadAverageBefore: before,
      loadAverageAfter: loadavg(),
      node: process.version,
      postgres: servers.postgres,
    };
    const { ours, summing, goal } = report;
    const line = (name: string, { p50Ms, p99Ms, maxMs, cpuP50Ms, cpuP99Ms }: typeof ours.all): string =>
      `${name}: p50 ${p50Ms} p99 ${p99Ms} max ${maxMs} ms; of it on the server's CPU p50 ${cpuP50Ms} p99 ${cpuP99Ms} ms`;
    process.stdout.write(
      values.json
        ? `${JSON.stringify({ machine, ...report }, undefined, 2)}\n`
        : `${[
            line("as known", ours.asKnown),
            line("as it was", ours.asItWas),
            line("summing, as known", summing.asKnown),
            line("summing, as it was", summing.asItWas),
            `p99 below ${goal.below} ms: ${goal.met ? "met" : "NOT MET"}`,
          ].join("\n")}\n`,
    );
    for (const question of report.mismatches) tell(`answers differ: ${question}`);
    return report.mismatches.length > 0 ? 1 : 0;
  } finally {
    await servers.stop();
  }
};
