import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import type { Clock } from "../core/clock.ts";
import { type Command, spawnOptions } from "./run.ts";
import type { ServerLog } from "./server.ts";
import { waitUntil } from "./wait.ts";

/** First to last, what to send and how long to wait for the end. */
export type StopSteps = readonly { readonly signal: NodeJS.Signals; readonly waitMs: number }[];

export type ServerChild = {
  readonly pid: number | undefined;
  hasEnded(): boolean;
  /** The last lines of its log. */
  logTail(): string;
  stop(): Promise<void>;
};

const logBytesMax = 5 * 1024 * 1024;

const openLog = (path: string): number => {
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size > logBytesMax) renameSync(path, `${path}.old`);
  return openSync(path, "a", 0o600);
};

export type ServerLaunch = {
  readonly name: string;
  readonly command: Command;
  /** A file, not a pipe: when we are killed the server must not meet a broken pipe while the next start stops it. */
  readonly logPath: string;
  readonly stopSteps: StopSteps;
  readonly log: ServerLog;
  readonly clock: Clock;
};

/** Starts a server in its own process group. It is told to stop when this process exits; after a kill -9 it lingers. */
export const launch = ({ name, command, logPath, stopSteps, log, clock }: ServerLaunch): ServerChild => {
  const output = openLog(logPath);
  let child: ChildProcess;
  try {
    child = spawn(command.file, [...command.args], { ...spawnOptions(command), stdio: ["ignore", output, output] });
  } finally {
    closeSync(output);
  }
  let ended = false;
  let stopping = false;
  const first = stopSteps[0]?.signal ?? "SIGTERM";
  const onExit = (): void => {
    if (!ended) child.kill(first);
  };
  const onEnd = (reason: object): void => {
    if (ended) return;
    ended = true;
    process.removeListener("exit", onExit);
    if (!stopping) log.error({ server: name, ...reason, logPath }, "embedded server ended by itself");
  };
  process.on("exit", onExit);
  child.once("error", (error) => onEnd({ err: error.message }));
  child.once("exit", (code, signal) => onEnd({ code, signal }));
  // A command that forgets `stop` must still be able to end.
  child.unref();

  const stop = async (): Promise<void> => {
    stopping = true;
    for (const { signal, waitMs } of [...stopSteps, { signal: "SIGKILL", waitMs: 5_000 } as const]) {
      if (ended) return;
      child.kill(signal);
      if (await waitUntil(() => ended, { clock, timeoutMs: waitMs, everyMs: 20 })) return;
      log.warn({ server: name, signal, waitMs }, "embedded server does not stop");
    }
  };
  return { pid: child.pid, hasEnded: () => ended, logTail: () => readFileSync(logPath, "utf8").slice(-2_000), stop };
};
