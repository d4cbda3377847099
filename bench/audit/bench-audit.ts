import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { type Spread, spreadOf } from "../figures.ts";
import { probeCpu, runRounds } from "../harness.ts";
import { type BenchServers, startServers } from "../servers.ts";
import { compare, drain, spoolFile } from "./compare.ts";
import { copyInAndJoin, copyInOnly, fillListings, openBenchDb, writeChannelFile } from "./world.ts";

const help = `npm run bench -- audit [options]

A full audit's comparison of what we expect with what a channel shows, beside the ceiling (COPY into a temp table) and
the plain way (COPY and a full join), in turn, on a server of its own.

  --listings N    how many (1000000)
  --rounds N      counted rounds (5)
  --json          the whole report on stdout
  --help

Exit code 1 when the two ways do not find the same number of differences.
`;

const options = {
  listings: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "5" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const seconds = async (work: () => Promise<unknown>): Promise<number> => {
  const startMs = performance.now();
  await work();
  return (performance.now() - startMs) / 1000;
};

type Times = {
  readonly copyIn: number;
  readonly copyOut: number;
  readonly merge: number;
  readonly join: number;
  readonly found: readonly [number, number];
};

const measure = async (servers: BenchServers, listings: number, roundsWanted: number) => {
  const url = servers.postgresUrl;
  await fillListings(url, listings);
  const folder = mkdtempSync(join(tmpdir(), "lockstep-bench-audit-"));
  const path = join(folder, "channel");
  const db = openBenchDb(url);
  try {
    await writeChannelFile(db, path);
    // First alone, in a process of its own: its memory is the audit's.
    const script = fileURLToPath(new URL("compare.ts", import.meta.url));
    const alone = JSON.parse((await promisify(execFile)(process.execPath, [script, url, path])).stdout) as object;
    const { spool, sorted } = await spoolFile(path);
    const { rounds, voidCount, noisyCount } = await runRounds<Times>(roundsWanted, async (probe) => {
      probe();
      const copyIn = await seconds(() => copyInOnly(url, path));
      const copyOut = await seconds(() => drain(db));
      const found: [number, number] = [0, 0];
      const merge = await seconds(async () => {
        found[0] = await compare(db, sorted);
      });
      const join = await seconds(async () => {
        found[1] = await copyInAndJoin(url, path);
      });
      probe();
      return { copyIn, copyOut, merge, join, found };
    });
    await spool.dispose();
    const times = rounds.map(({ result }) => result);
    const of = (read: (time: Times) => number): Spread => spreadOf(times.map(read));
    return {
      listings,
      rowsPerSecond: {
        copyInOnly: of((time) => listings / time.copyIn),
        copyOutOnly: of((time) => listings / time.copyOut),
        mergeJoin: of((time) => listings / time.merge),
        copyInAndJoin: of((time) => listings / time.join),
      },
      mergeToCeiling: of((time) => time.copyIn / time.merge),
      mergeToJoin: of((time) => time.join / time.merge),
      alone,
      differences: times[0]?.found[0],
      disagreements: times.filter(({ found }) => found[0] !== found[1]).length,
      rounds: { counted: rounds.length, void: voidCount, noisy: noisyCount },
    };
  } finally {
    await db.close();
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Runs the benchmark with a command line's options; returns the exit code. */
export const benchAudit = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ options, args: [...args] });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const servers = await startServers();
  try {
    probeCpu();
    const report = await measure(servers, Number(values.listings), Number(values.rounds));
    const full = { node: process.version, postgres: servers.postgres, loadAverage: loadavg(), ...report };
    const { mergeToCeiling, mergeToJoin } = report;
    const lines = [
      `${report.listings} listings, ${report.differences} differences`,
      `comparison ÷ COPY-in ceiling: ${mergeToCeiling.min} / ${mergeToCeiling.median} / ${mergeToCeiling.max} (goal 0.6)`,
      `comparison ÷ COPY and join:   ${mergeToJoin.min} / ${mergeToJoin.median} / ${mergeToJoin.max} (goal 2)`,
      `alone, from the channel's unsorted rows: ${JSON.stringify(report.alone)}`,
    ];
    process.stdout.write(values.json ? `${JSON.stringify(full, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    return report.disagreements === 0 ? 0 : 1;
  } finally {
    await servers.stop();
  }
};
