import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { SimulatorUrls } from "./accounts.ts";

const Url = z.object({ url: z.url() });
const FirstLine = z.object({
  amazon: Url.extend({ queueUrl: z.url(), sqsUrl: z.url() }),
  ebay: Url,
  shopify: Url,
});

export type SimulatorsChild = { readonly urls: SimulatorUrls; readonly process: ChildProcess; stop(): Promise<void> };

const startMsMax = 60_000;

/**
 * Runs the three channels in a process of their own: they are somebody else's computers, and they must outlive what
 * happens to ours. They end when this process does, because their standard input closes then.
 */
export const startSimulatorsChild = async (options: {
  readonly journalDir: string;
  readonly seed: number;
  readonly faults: string;
  readonly speedUp: number;
}): Promise<SimulatorsChild> => {
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(
    process.execPath,
    [
      main,
      "simulate",
      "all",
      "--journal-dir",
      options.journalDir,
      "--seed",
      String(options.seed),
      "--faults",
      options.faults,
      "--speed-up",
      String(options.speedUp),
      "--until-stdin-ends",
      "--json",
    ],
    // In a group of its own: Ctrl-C at the terminal must not take the channels away before we have drained.
    { stdio: ["pipe", "pipe", "inherit"], detached: true },
  );
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const lines = createInterface({ input: child.stdout });
  const urls = await new Promise<SimulatorUrls>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the simulators did not start in time")), startMsMax);
    lines.once("line", (line) => {
      clearTimeout(timer);
      try {
        resolve(FirstLine.parse(JSON.parse(line)));
      } catch (error) {
        reject(error);
      }
    });
    void ended.then(() => reject(new Error("the simulators ended before they were up")));
  });
  return {
    urls,
    process: child,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
};
