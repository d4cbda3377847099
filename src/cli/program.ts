import { Command } from "commander";
import { accountCommands } from "./accounts.ts";
import { auditCommand } from "./audit.ts";
import { callCommands } from "./calls.ts";
import { connectCommand } from "./connect.ts";
import { ExitError } from "./context.ts";
import { daemonCommands } from "./daemon.ts";
import { demoCommand } from "./demo.ts";
import { driftCommands } from "./drift.ts";
import { explainCommands } from "./explain.ts";
import { holdCommands } from "./hold.ts";
import { keyCommands } from "./keys.ts";
import { ledgerLogCommands } from "./ledger-log.ts";
import { rebuildCommand } from "./ledger-rebuild.ts";
import { mappingCommands } from "./mapping.ts";
import { oversellCommands } from "./oversells.ts";
import { pastCommands } from "./past.ts";
import { planCommands } from "./plan.ts";
import { applyCommands } from "./plan-apply.ts";
import { policyCommands } from "./policy.ts";
import { reservationCommands } from "./reservations.ts";
import { shadowCommands } from "./shadow.ts";
import { simulateCommand } from "./simulate.ts";
import { stockCommands } from "./stock.ts";
import { transferCommands } from "./transfers.ts";
import { upkeepCommands } from "./upkeep.ts";

/** The whole command line. Exit codes: 0 done, 1 not done (the reason is said), 78 the settings cannot be used. */
export const createProgram = (): Command => {
  const program = new Command("lockstep")
    .description("keeps stock in step across Amazon, eBay and Shopify")
    .option("--config <file>", "settings file (default: LOCKSTEP_CONFIG, else ./lockstep.yaml)")
    .option("--json", "answer in JSON")
    .showHelpAfterError();
  daemonCommands(program);
  upkeepCommands(program);
  connectCommand(program);
  ledgerLogCommands(program);
  rebuildCommand(program);
  accountCommands(program);
  mappingCommands(program);
  planCommands(program);
  applyCommands(program);
  shadowCommands(program);
  stockCommands(program);
  pastCommands(program);
  transferCommands(program);
  reservationCommands(program);
  callCommands(program);
  holdCommands(program);
  policyCommands(program);
  explainCommands(program);
  auditCommand(program);
  driftCommands(program);
  oversellCommands(program);
  keyCommands(program);
  simulateCommand(program);
  demoCommand(program);
  return program;
};

/** Runs a command line; returns the exit code. */
export const runProgram = async (argv: readonly string[]): Promise<number> => {
  try {
    await createProgram().parseAsync([...argv]);
    return 0;
  } catch (error) {
    if (!(error instanceof ExitError)) throw error;
    if (error.json !== undefined && argv.includes("--json")) process.stdout.write(`${JSON.stringify(error.json)}\n`);
    else if (error.message !== "") process.stderr.write(`${error.message}\n`);
    return error.code;
  }
};
