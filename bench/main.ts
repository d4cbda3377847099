import { benchAudit } from "./audit/bench-audit.ts";
import { benchDrifts } from "./drifts/bench-drifts.ts";
import { mainExplain } from "./explain/main-explain.ts";
import { mainLedger } from "./ledger/main-ledger.ts";
import { mainHistory } from "./ledger-history/main-history.ts";
import { benchOversells } from "./oversells/bench-oversells.ts";
import { mainPropagation } from "./propagation/main-propagation.ts";

/** Each takes its own arguments and answers the exit code. */
const benches: Readonly<Record<string, (args: string[]) => Promise<number>>> = {
  ledger: mainLedger,
  "ledger-history": mainHistory,
  audit: benchAudit,
  drifts: benchDrifts,
  explain: mainExplain,
  propagation: mainPropagation,
  oversells: benchOversells,
};

const help = `npm run bench -- <what> [options]; each has its own --help

  ledger           durable reservations a second, beside other ways to do it
  ledger-history   stock at past moments by two clocks, out of a long journal
  audit            a full comparison with what a channel shows, beside COPY and a join
  drifts           labelled differences, and whether their causes are found
  explain          explanations of random listings, held against what their channels show
  propagation      from a sale to the other channels, and how well their quotas are used
  oversells        staged oversells, and whether their causes are told
`;

const [what = "", ...args] = process.argv.slice(2);
const bench = Object.hasOwn(benches, what) ? benches[what] : undefined;
if (bench === undefined) process.stdout.write(help);
process.exitCode = bench === undefined ? (what === "--help" ? 0 : 1) : await bench(args);
