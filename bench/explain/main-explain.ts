import { availableParallelism, cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { openDb } from "../../src/db/pool.ts";
import { startServers } from "../servers.ts";
import { benchExplain } from "./bench-explain.ts";

const help = `npm run bench -- explain [options]

Explanations of random listings, each held against what its channel shows, on a server of its own.

  --listings N  listings in the shop (20000)
  --sample N    explanations asked for (10000)
  --quick       600 of both: to see that it runs, not to quote
  --json        the whole report on stdout
  --help

Exit code 1 when an explanation is wrong; the time missed is printed and does not change it.
`;

const options = {
  listings: { type: "string" },
  sample: { type: "string" },
  quick: { type: "boolean", default: false },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const countOf = (name: string, text: string | undefined, otherwise: number): number => {
  const value = text === undefined ? otherwise : Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 1_000_000) return value;
  throw new RangeError(`--${name} must be a whole number from 1 to 1000000`);
};

const tell = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The command line of `explain`; the exit code. */
export const mainExplain = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ args: [...args], options });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const listings = countOf("listings", values.listings, values.quick ? 600 : 20_000);
  const sample = countOf("sample", values.sample, values.quick ? 600 : 10_000);
  const servers = await startServers();
  const onIdleError = (): undefined => undefined;
  const db = openDb({ url: servers.postgresUrl, connectionsMax: 10, applicationName: "bench explain", onIdleError });
  try {
    const report = await benchExplain(db, { listings, sample, seed: 1, tell });
    const lines = (["now", "past"] as const).map((when) => {
      const { asked, reproduced, p50Ms, p99Ms, maxMs } = report[when];
      return `${when}: ${reproduced} of ${asked} reproduced; p50 ${p50Ms.toFixed(1)}, p99 ${p99Ms.toFixed(1)} (goal 200), max ${maxMs.toFixed(1)} ms`;
    });
    const machine = { cpu: cpus()[0]?.model ?? "", cores: availableParallelism(), loadAverage: loadavg() };
    const full = { machine, postgres: servers.postgres, node: process.version, ...report };
    process.stdout.write(values.json ? `${JSON.stringify(full, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    for (const line of [...report.now.wrong, ...report.past.wrong]) tell(`wrong: ${line}`);
    return report.goals.reproducedAll ? 0 : 1;
  } finally {
    await db.close();
    await servers.stop();
  }
};
