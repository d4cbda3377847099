import { runProgram } from "./cli/program.ts";

try {
  process.exitCode = await runProgram(process.argv);
} catch (error) {
  // A broken promise of ours, not a complaint for the operator: the whole trace is wanted.
  process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
  process.exitCode = 1;
}
