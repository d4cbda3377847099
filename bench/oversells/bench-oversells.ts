import { parseArgs } from "node:util";
import { reopenTestDatabase } from "../../test/support/database.ts";
import { runOversellShow } from "../../test/support/oversell-show.ts";
import { startServers } from "../servers.ts";

const help = `npm run bench -- oversells [options]

Oversells of twenty kinds, staged with the real jobs on a real Postgres, times and units by chance. How many causes are
told right, cause and detail, and how long a page of fifty takes.

  --staged N      so many (500)
  --seed N        which (7)
  --json          the whole report on stdout
  --help

Exit code 1 when under 95 % are right.
`;

const options = {
  staged: { type: "string", default: "500" },
  seed: { type: "string", default: "7" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

/** Runs the benchmark with a command line's options; returns the exit code. */
export const benchOversells = async (args: readonly string[]): Promise<number> => {
  const { values } = parseArgs({ options, args: [...args] });
  if (values.help) {
    process.stdout.write(help);
    return 0;
  }
  const servers = await startServers();
  const database = reopenTestDatabase(servers.postgresUrl);
  try {
    const given = { staged: Number(values.staged), seed: Number(values.seed), database };
    const { oversold, buffers, ...show } = await runOversellShow(given);
    const { staged, right, rightShare, wrong, pageMs } = show;
    const report = { ...show, oversold: oversold.size, buffers: buffers.size };
    const lines = [
      ...wrong.map(({ deed, sku, found }) => `${sku}, ${deed}: told ${found}`),
      `${right} of ${staged} causes right (${(rightShare * 100).toFixed(1)} %); fifty with their causes in ${pageMs} ms`,
    ];
    process.stdout.write(values.json ? `${JSON.stringify(report, undefined, 2)}\n` : `${lines.join("\n")}\n`);
    return rightShare >= 0.95 ? 0 : 1;
  } finally {
    await database.db.close();
    await servers.stop();
  }
};
