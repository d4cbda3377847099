import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openDb } from "../src/db/pool.ts";
import { benchExplain } from "./explain/bench-explain.ts";
import { benchLedger, type LedgerReport } from "./ledger/bench-ledger.ts";
import { type BenchServers, startServers } from "./servers.ts";

const help = `npm run bench -- ledger|explain [options]

ledger: durable reservations a second, side by side with other ways to do it, on servers of its own.
explain: explanations of random listings, each held against what its channel shows.

  --listings N  explain: listings in the shop (20000)
  --sample N    explain: explanations asked for (10000)
  --rounds N    counted rounds a case (5)
  --seconds N   length of a case in a round (2)
  --quick       2 rounds of 0.5 s, or 600 listings: to see that it runs, not to quote
  --only TEXT   only cases whose name contains it: hot@64, 10k@, slow-disk
  --json        the whole report on stdout
  --help

Exit code 1 when books do not add up or an explanation is wrong; other goals missed are printed and do not change it.
`;

const options = {
  listings: { type: "string" },
  sample: { type: "string" },
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

const explain = async (
  servers: BenchServers,
  given: { readonly listings: number; readonly sample: number; readonly json: boolean },
): Promise<void> => {
  const db = openDb({
    url: servers.postgresUrl,
    connectionsMax: 10,
    applicationName: "bench explain",
    onIdleError: () => undefined,
  });
  try {
    const report = await benchExplain(db, { ...given, seed: 1, tell });
    const lines = (["now", "past"] as const).map((when) => {
      const { asked, reproduced, p50Ms, p99Ms, maxMs } = report[when];
      return `${when}: ${reproduced} of ${asked} reproduced; p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} (goal 200), max ${maxMs.toFixed(1)} ms`;
    });
    const machine = { cpu: cpus()[0]?.model ?? "", cores: availableParallelism(), loadAverage: loadavg() };
    const full = { machine, postgres: servers.postgres, node: process.version, ...report };
    process.stdout.write(given.json ? `${JSON.stringify(full, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    for (const line of [...report.now.wrong, ...report.past.wrong]) tell(`wrong: ${line}`);
    if (!report.goals.reproducedAll) process.exitCode = 1;
  } finally {
    await db.close();
  }
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const [what = ""] = positionals;
  if (values.help || positionals.length !== 1 || !["ledger", "explain"].includes(what)) {
    process.stdout.write(help);
    process.exitCode = values.help ? 0 : 1;
    return;
  }
  const rounds = Math.ceil(positive("rounds", values.rounds, values.quick ? 2 : 5, 100));
  const listings = Math.ceil(positive("listings", values.listings, values.quick ? 600 : 20_000, 1_000_000));
  const sample = Math.ceil(positive("sample", values.sample, values.quick ? 600 : 10_000, 1_000_000));
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
    if (what === "explain") return await explain(servers, { listings, sample, json: values.json });
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
