import { createWriteStream, mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Command, InvalidArgumentError, Option } from "commander";
import { simulatorCredentials } from "../compose/simulators.ts";
import { runDemo } from "../demo/demo.ts";
import type { DemoOptions } from "../demo/options.ts";
import { createReporter } from "../demo/reporter.ts";
import { faultNames } from "../demo/run-file.ts";
import { createLogger } from "../ops/logger.ts";
import { ExitError, type GlobalOptions, settingsOf, untilSignalled } from "./context.ts";

const atLeast =
  (min: number, max: number) =>
  (text: string): number => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < min || value > max)
      throw new InvalidArgumentError(`must be a whole number from ${min} to ${max}`);
    return value;
  };

/** The main job on real orders, over three simulated channels. */
export const demoCommand = (program: Command): void => {
  program
    .command("demo")
    .description("real orders over three simulated channels, ending with a verdict; exit code 1 if it is not ok")
    .option("--orders <n>", "how many real orders", atLeast(1, 3_200), 400)
    .option("--listings <n>", "how many of the best-selling SKUs each channel lists", atLeast(1, 900), 400)
    .option("--seed <n>", "who sells what, and which faults strike", atLeast(0, 2_147_483_647), 7)
    .addOption(
      new Option("--faults <level>", "how unreliable the channels are").choices([...faultNames]).default("none"),
    )
    .option("--rate <n>", "orders a second", atLeast(1, 1_000), 25)
    .option("--keep", "stay up after the verdict")
    .option("--resume", "go on where a killed demo stopped")
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & Omit<DemoOptions, "salesPerSecond"> & { rate: number }>();
      const settings = settingsOf(options);
      const signal = untilSignalled();
      mkdirSync(settings.dataDir, { recursive: true });
      const logFile = createWriteStream(join(settings.dataDir, "demo.log"), { flags: options.resume ? "a" : "w" });
      const log = createLogger({ level: "info", write: (line) => logFile.write(line) });
      const reporter = createReporter(
        { write: (text) => process.stdout.write(text), isTty: process.stdout.isTTY },
        { quiet: options.json, nowMs: () => performance.now() },
      );
      const result = await runDemo(
        { ...options, salesPerSecond: options.rate },
        { settings, credentials: simulatorCredentials, log, reporter, signal },
      );
      if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
      if (!result.ok) throw new ExitError(1, "");
    });
};
