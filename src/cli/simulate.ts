import { Argument, type Command, Option } from "commander";
import { startSimulators } from "../compose/simulators.ts";
import { faultPlans } from "../simulators/kit/faults.ts";
import { say, untilSignalled } from "./context.ts";

const channels = ["amazon", "ebay", "shopify"] as const;

type SimulateOptions = {
  readonly json?: boolean;
  readonly port: string;
  readonly seed: string;
  readonly faults: keyof typeof faultPlans;
  readonly speedUp: string;
  readonly journalDir?: string;
  readonly untilStdinEnds?: boolean;
};

/** Simulated channels on loopback, for trials without accounts. */
export const simulateCommand = (program: Command): void => {
  program
    .command("simulate")
    .description("run simulated channels on loopback; prints where, then runs until stopped")
    .addArgument(new Argument("<channel>", "which").choices([...channels, "all"]))
    .option("--port <port>", "first port; 0 takes free ones", "0")
    .option("--seed <seed>", "what chance is made of", "1")
    .addOption(
      new Option("--faults <level>", "how unreliable they are").choices(Object.keys(faultPlans)).default("none"),
    )
    .option("--speed-up <factor>", "how much faster the channels' own times run", "1")
    .option("--journal-dir <dir>", "keep the channels' books there, so that a restart goes on")
    .option("--until-stdin-ends", "stop when standard input closes")
    .action(async (channel: (typeof channels)[number] | "all", _options, command: Command) => {
      const options = command.optsWithGlobals<SimulateOptions>();
      const signal = untilSignalled();
      const simulators = await startSimulators({
        channels: channel === "all" ? channels : [channel],
        seed: Number(options.seed),
        faults: faultPlans[options.faults],
        speedUp: Number(options.speedUp),
        journalDir: options.journalDir ?? null,
        port: Number(options.port),
      });
      say(options, simulators.urls, JSON.stringify(simulators.urls, null, 2));
      await new Promise<void>((resolve) => {
        signal.addEventListener("abort", () => resolve(), { once: true });
        if (options.untilStdinEnds === true) process.stdin.once("close", resolve).once("end", resolve).resume();
      });
      await simulators.close();
      // A connection that a client keeps open must not keep the process.
      process.exit(0);
    });
};
