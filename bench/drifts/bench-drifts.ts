import { parseArgs } from "node:util";
import { reopenTestDatabase } from "../../test/support/database.ts";
import { type DriftShow, runDriftShow } from "../../test/support/drift-show.ts";
import { JobBench } from "../../test/support/job-bench.ts";
import { startServers } from "../servers.ts";

const help = `npm run bench -- drifts [options]

Labelled drifts, made by a world that knows nothing of how they are judged (lost pushes, hidden orders, edits by hand,
another program, channel faults, our own lag), found by the real audit on a real Postgres. How many causes are right.

  --drifts N      at least so many (1000)
  --listings N    of one account (120)
  --seed N        which (7)
  --json          the whole report on stdout
  --help

Exit code 1 when under 95 % are right or anything was raised that nobody approved.
`;

const options = {
  drifts: { type: "string", default: "1000" },
  listings: { type: "string", default: "120" },
  seed: { type: "string", default: "7" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const table = ({ confusion }: DriftShow): string => {
  const causes = [...new Set(Object.values(confusion).flatMap((row) => Object.keys(row)))].toSorted();
  const line = (cells: readonly (string | number)[]): string => cells.map((cell) => String(cell).padEnd(14)).join("");
  const rows = Object.entries(confusion).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [
    line(["done ↓ judged →", ...causes]),
    ...rows.map(([done, row]) => line([done, ...causes.map((cause) => row[cause] ?? 0)])),
  ].join("\n");
};

/** Runs the benchmark with a command line's options; returns the exit code. */
export const benchDrifts = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ options, args: [...args] });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const servers = await startServers();
  const database = reopenTestDatabase(servers.postgresUrl);
  try {
    const bench = await JobBench.open(database);
    const given = { seed: Number(values.seed), drifts: Number(values.drifts), listings: Number(values.listings) };
    const show = await runDriftShow(bench, given);
    const { injected, right, rightShare, unapprovedRaises, raisesPastTruth, wrongAtEnd } = show;
    const lines = [
      table(show),
      `${right} of ${injected} causes right (${(rightShare * 100).toFixed(1)} %), ${unapprovedRaises} unapproved raises, ` +
        `${raisesPastTruth} past what was there, ${wrongAtEnd} listings wrong in the end`,
    ];
    process.stdout.write(values.json ? `${JSON.stringify(show, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    return rightShare >= 0.95 && unapprovedRaises === 0 && raisesPastTruth === 0 ? 0 : 1;
  } finally {
    await database.db.close();
    await servers.stop();
  }
};
