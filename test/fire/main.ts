import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { type Arena, openArena } from "./arena.ts";
import type { CampaignReport, Tell } from "./campaign.ts";
import { runCrash } from "./crash/run-crash.ts";
import { runHistory } from "./history/run-history.ts";
import { runModel } from "./model/run-model.ts";
import { runOrders } from "./orders/run-orders.ts";
import { runSteps } from "./steps/run-steps.ts";
import { storm } from "./storm/storm.ts";

const help = `npm run fire -- CAMPAIGN [options]

Proves the ledger under fire, on a Postgres of its own that may be shot at.

  storm     400 reserves of 100 units from four processes, with kill -9 and killed backends (--rounds 50)
  model     random commands of every kind against a plain model in memory (--commands 1000000)
  orders    what channels report of real orders, in any order and with duplicates (--invoices 10000 --permutations 20)
  steps     two sessions for every pair of transaction types, statement by statement (--percent 100)
  crash     a batch of every kind of command, struck before and after each statement
  history   recorded calls of concurrent clients on hot SKUs, checked for linearizability (--histories 100)

  --rounds N      rounds of a storm
  --commands N    commands of the model
  --invoices N    real invoices, as far as the extract goes
  --file FILE     another extract than data/online-retail-extract.csv.gz
  --permutations N
  --percent N     of all interleavings
  --only TEXT     only pairs with a type whose name contains it: make-month, transfer
  --histories N
  --seed N        what happens when (1)
  --json          the report on stdout
  --help

Exit code 1 when anything broke, 2 when the call was wrong.
`;

const options = {
  rounds: { type: "string", default: "50" },
  commands: { type: "string", default: "1000000" },
  invoices: { type: "string", default: "10000" },
  file: { type: "string" },
  permutations: { type: "string", default: "20" },
  percent: { type: "string", default: "100" },
  histories: { type: "string", default: "100" },
  only: { type: "string", default: "" },
  seed: { type: "string", default: "1" },
  json: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`--${name} must be a whole number`);
};

type Values = ReturnType<typeof parseArgs<{ options: typeof options; allowPositionals: true }>>["values"];
type Run = (arena: Arena, values: Values, tell: Tell) => Promise<CampaignReport>;

const onOneDatabase =
  (
    run: (database: Awaited<ReturnType<Arena["database"]>>, values: Values, tell: Tell) => Promise<CampaignReport>,
  ): Run =>
  async (arena, values, tell) => {
    const database = await arena.database();
    try {
      return await run(database, values, tell);
    } finally {
      await database.drop();
    }
  };

const campaigns: Readonly<Record<string, Run>> = {
  storm: onOneDatabase((database, values, tell) =>
    storm(database, { rounds: whole("rounds", values.rounds), seed: whole("seed", values.seed), crashEvery: 5 }, tell),
  ),
  model: onOneDatabase((database, values, tell) =>
    runModel(
      database,
      { commands: whole("commands", values.commands), seed: whole("seed", values.seed), batchMax: 1_000 },
      tell,
    ),
  ),
  orders: (arena, values, tell) =>
    runOrders(
      { open: arena.database },
      {
        invoices: whole("invoices", values.invoices),
        permutations: whole("permutations", values.permutations),
        seed: whole("seed", values.seed),
        file: values.file === undefined ? undefined : pathToFileURL(values.file),
      },
      tell,
    ),
  steps: onOneDatabase((database, values, tell) =>
    runSteps(
      database,
      { percent: whole("percent", values.percent), seed: whole("seed", values.seed), only: values.only },
      tell,
    ),
  ),
  crash: onOneDatabase((database, _values, tell) => runCrash(database, { kills: true }, tell)),
  history: onOneDatabase((database, values, tell) =>
    runHistory(
      database,
      { histories: whole("histories", values.histories), clients: 12, callsEach: 12, seed: whole("seed", values.seed) },
      tell,
    ),
  ),
};

const tell: Tell = (line) => {
  process.stderr.write(`${line}\n`);
};

const main = async (): Promise<number> => {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const names = positionals[0] === "all" ? Object.keys(campaigns) : positionals;
  if (values.help || names.length === 0 || names.some((name) => !(name in campaigns))) {
    process.stdout.write(help);
    return values.help ? 0 : 2;
  }
  const arena = await openArena();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      // What fails now fails because its server is gone.
      process.on("uncaughtException", () => undefined);
      void arena.stop().finally(() => process.exit(130));
    });
  }
  const reports: (CampaignReport & { readonly seconds: number })[] = [];
  try {
    for (const name of names) {
      const startedMs = performance.now();
      const report = await (campaigns[name] as Run)(arena, values, tell);
      reports.push({ ...report, seconds: Math.round((performance.now() - startedMs) / 100) / 10 });
    }
  } finally {
    await arena.stop();
  }
  if (values.json) process.stdout.write(`${JSON.stringify({ seed: values.seed, reports }, undefined, 2)}\n`);
  for (const { name, faults, figures, seconds } of reports) {
    tell(
      `${name}: ${faults.length === 0 ? "held" : `BROKE ${faults.length}`} in ${seconds} s; ${JSON.stringify(figures)}`,
    );
    for (const fault of faults.slice(0, 20)) tell(`  ${fault}`);
  }
  return reports.some(({ faults }) => faults.length > 0) ? 1 : 0;
};

process.exitCode = await main();
