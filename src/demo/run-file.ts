import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { StockEvent } from "./verdict.ts";

export const faultNames = ["none", "light", "heavy"] as const;
export type FaultName = (typeof faultNames)[number];

const Run = z.object({
  orders: z.number(),
  listings: z.number(),
  seed: z.number(),
  faults: z.enum(faultNames),
  startedMs: z.number(),
});
export type Run = z.infer<typeof Run>;

const StepDone = z.object({
  stepsDone: z.number(),
  cancels: z.array(
    z.object({
      kind: z.literal("cancel"),
      atMs: z.number(),
      channel: z.enum(["amazon", "ebay", "shopify"]),
      sku: z.string(),
      units: z.number(),
    }),
  ),
});

export type RunFile = {
  readonly run: Run;
  readonly stepsDone: number;
  readonly cancels: readonly StockEvent[];
  noteStep(stepsDone: number, cancels: readonly StockEvent[]): void;
};

/** One demo a data folder at a time: the next one throws away what the last one left. Errors: another one is running. */
export const claimDemo = (dataDir: string): void => {
  const path = join(dataDir, "demo.pid");
  const pid = existsSync(path) ? Number(readFileSync(path, "utf8")) : 0;
  const commandLine = `/proc/${pid}/cmdline`;
  if (pid > 0 && pid !== process.pid && existsSync(commandLine) && readFileSync(commandLine, "utf8").includes("demo")) {
    throw new Error(`a demo is already running here (process ${pid}); stop it first, or set LOCKSTEP_DATA_DIR`);
  }
  mkdirSync(dataDir, { recursive: true, mode: 0o755 });
  writeFileSync(path, String(process.pid));
};

/** Begins a run: whatever an earlier one left in the folder is thrown away first. */
export const beginRun = (dir: string, run: Run): RunFile => {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true, mode: 0o755 });
  writeFileSync(join(dir, "run.json"), JSON.stringify(run));
  return openRun(dir, run, 0, []);
};

/** Takes up a run that was cut off; undefined when there is none. */
export const resumeRun = (dir: string): RunFile | undefined => {
  const path = join(dir, "run.json");
  if (!existsSync(path)) return undefined;
  const run = Run.parse(JSON.parse(readFileSync(path, "utf8")));
  const cancels: StockEvent[] = [];
  let stepsDone = 0;
  const steps = join(dir, "steps.jsonl");
  for (const line of existsSync(steps) ? readFileSync(steps, "utf8").split("\n") : []) {
    // A last line that was cut off in writing: its step is simply done again.
    if (!line.endsWith("}")) continue;
    const step = StepDone.parse(JSON.parse(line));
    stepsDone = step.stepsDone;
    cancels.push(...step.cancels);
  }
  return openRun(dir, run, stepsDone, cancels);
};

const openRun = (dir: string, run: Run, stepsDone: number, cancels: readonly StockEvent[]): RunFile => ({
  run,
  stepsDone,
  cancels,
  noteStep: (done, taken) =>
    appendFileSync(join(dir, "steps.jsonl"), `${JSON.stringify({ stepsDone: done, cancels: taken })}\n`),
});
